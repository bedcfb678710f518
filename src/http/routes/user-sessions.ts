import { sessionsOfUser } from '../../domain/read-user.ts'
import { sessionListSchema } from '../answers.ts'
import { listAnswer, listed } from '../list.ts'
import { administrator, idOf, route } from '../route.ts'
import { wireSession } from '../wire.ts'

export const userSessionsRoute = route({
  method: 'GET',
  path: '/users/{id}/sessions',
  operationId: 'userSessions',
  tag: 'Administration',
  summary: 'List the sessions of a user',
  access: 'users:read',
  responses: { 200: listed('The live sessions, the most recently used first', sessionListSchema) },
  errors: ['user_not_found'],
  async handle(call) {
    const id = idOf(call)
    const sessions = await sessionsOfUser({ actor: administrator(call), id }, call.deps)
    const items = sessions.map((session) => wireSession(session, call.actor?.session))
    return listAnswer({ items, next: null, previous: null }, { path: `/users/${id}/sessions` }, call.deps)
  },
})
