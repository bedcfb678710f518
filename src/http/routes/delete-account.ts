import { deleteAccount } from '../../domain/delete-account.ts'
import { route, signedInActor } from '../route.ts'
import { receiptSchema } from '../answers.ts'
import { optionalPasswordBody } from '../requests.ts'
import { wireReceipt } from '../wire.ts'

export const deleteAccountRoute = route({
  method: 'DELETE',
  path: '/users/delete',
  operationId: 'deleteAccount',
  tag: 'Account',
  summary: 'Delete my account for good',
  description:
    'Needs the password in the body, or a password proof of the last five minutes. Everything that ' +
    'holds the user goes in one step; no mail is sent.',
  access: 'owner',
  body: optionalPasswordBody,
  bodyOptional: true,
  responses: { 200: { description: 'The deletion receipt', schema: receiptSchema } },
  errors: ['fresh_authentication_required', 'password_incorrect', 'last_admin', 'rate_limited', 'overloaded'],
  async handle(call) {
    const request = { actor: signedInActor(call), password: call.body?.password }
    return { status: 200, body: wireReceipt(await deleteAccount(request, call.caller, call.deps)) }
  },
})
