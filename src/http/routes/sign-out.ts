import { signOutUser } from '../../domain/sign-out.ts'
import { signedOutSchema } from '../answers.ts'
import { administrator, idOf, route } from '../route.ts'

export const signOutRoute = route({
  method: 'POST',
  path: '/users/{id}/sign-out',
  operationId: 'signOut',
  tag: 'Administration',
  summary: 'Sign a user out everywhere',
  description:
    'Every session ends at once; mailed links and a pending change of address die too. The password stays.',
  access: 'sessions:write',
  responses: { 200: { description: 'How many sessions ended', schema: signedOutSchema } },
  errors: ['insufficient_privilege', 'user_not_found', 'overloaded'],
  async handle(call) {
    const target = { actor: administrator(call), id: idOf(call) }
    const { sessionsRevoked } = await signOutUser(target, call.caller, call.deps)
    return { status: 200, body: { sessions_revoked: sessionsRevoked } }
  },
})
