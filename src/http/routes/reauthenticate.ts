import { reauthenticate } from '../../domain/reauthenticate.ts'
import { route, signedInActor } from '../route.ts'
import { signedInSchema } from '../answers.ts'
import { passwordBody } from '../requests.ts'
import { wireSignedIn } from '../wire.ts'

export const reauthenticateRoute = route({
  method: 'POST',
  path: '/users/reauthenticate',
  operationId: 'reauthenticate',
  tag: 'Sessions',
  summary: 'Prove my password again',
  description: 'Answers with new tokens of the same session whose auth_time is now.',
  access: 'owner',
  body: passwordBody,
  responses: { 200: { description: 'The next token pair of the session', schema: signedInSchema } },
  errors: ['password_incorrect', 'rate_limited', 'overloaded'],
  async handle(call) {
    const proof = { actor: signedInActor(call), password: call.body.password }
    return { status: 200, body: wireSignedIn(await reauthenticate(proof, call.caller, call.deps)) }
  },
})
