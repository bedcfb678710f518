import { endOtherSessions, endSession, listSessions } from '../../domain/sessions.ts'
import { idOf, route, signedInActor } from '../route.ts'
import { sessionListSchema } from '../answers.ts'
import { listAnswer, listed } from '../list.ts'
import { wireSession } from '../wire.ts'

const sessionListRoute = route({
  method: 'GET',
  path: '/users/sessions',
  operationId: 'sessionsList',
  tag: 'Sessions',
  summary: 'List my sessions',
  access: 'owner',
  responses: {
    200: listed('The live sessions, the most recently used first', sessionListSchema),
  },
  errors: [],
  async handle(call) {
    const actor = signedInActor(call)
    const sessions = await listSessions(actor, call.deps)
    const items = sessions.map((session) => wireSession(session, actor.session))
    return listAnswer({ items, next: null, previous: null }, { path: '/users/sessions' }, call.deps)
  },
})

const sessionEndRoute = route({
  method: 'DELETE',
  path: '/users/sessions/{id}',
  operationId: 'sessionsEnd',
  tag: 'Sessions',
  summary: 'End one of my sessions',
  access: 'owner',
  responses: { 204: { description: 'The session has ended' } },
  errors: ['session_not_found', 'overloaded'],
  async handle(call) {
    const target = { actor: signedInActor(call), sessionId: idOf(call) }
    await endSession(target, call.caller, call.deps)
    return { status: 204 }
  },
})

const sessionEndOthersRoute = route({
  method: 'DELETE',
  path: '/users/sessions',
  operationId: 'sessionsEndOthers',
  tag: 'Sessions',
  summary: 'End all my other sessions',
  access: 'owner',
  responses: { 204: { description: 'Only the calling session is left' } },
  errors: ['overloaded'],
  async handle(call) {
    await endOtherSessions(signedInActor(call), call.caller, call.deps)
    return { status: 204 }
  },
})

export const sessionRoutes = [sessionListRoute, sessionEndRoute, sessionEndOthersRoute]
