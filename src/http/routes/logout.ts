import { logout } from '../../domain/logout.ts'
import { route, signedInActor } from '../route.ts'

export const logoutRoute = route({
  method: 'POST',
  path: '/users/logout',
  operationId: 'logout',
  tag: 'Sessions',
  summary: 'End this session',
  access: 'owner',
  responses: { 204: { description: 'The session has ended' } },
  errors: ['overloaded'],
  async handle(call) {
    await logout(signedInActor(call), call.caller, call.deps)
    return { status: 204 }
  },
})
