import { exportAccount } from '../../domain/export-account.ts'
import { route, signedInActor } from '../route.ts'
import { exportSchema } from '../answers.ts'
import { timestamp, wireUser } from '../wire.ts'

export const exportAccountRoute = route({
  method: 'GET',
  path: '/users/export',
  operationId: 'exportAccount',
  tag: 'Account',
  summary: 'Read everything that is stored about me',
  description: 'Needs a password proof of the last five minutes. The mirror of deletion.',
  access: 'owner',
  responses: { 200: { description: 'The whole account', schema: exportSchema } },
  errors: ['fresh_authentication_required', 'overloaded'],
  async handle(call) {
    const { exportedAt, user, entries } = await exportAccount(signedInActor(call), call.caller, call.deps)
    return { status: 200, body: { exported_at: timestamp(exportedAt), user: wireUser(user), ...entries } }
  },
})
