import { endOtherSessions, endSession, listSessions } from '../../domain/sessions.ts'
import { route, signedInActor } from '../route.ts'
import { listOf, sessionSchema } from '../answers.ts'
import { timestamp } from '../wire.ts'

const sessionListRoute = route({
  method: 'GET',
  path: '/users/sessions',
  operationId: 'sessionsList',
  tag: 'Sessions',
  summary: 'List my sessions',
  access: 'owner',
  responses: {
    200: { description: 'The live sessions, the most recently used first', schema: listOf(sessionSchema) },
  },
  errors: [],
  async handle(call) {
    const actor = signedInActor(call)
    const sessions = await listSessions(actor, call.deps)
    const items = sessions.map((session) => ({
      id: session.id,
      current: session.id === actor.session.id,
      device_name: session.deviceName,
      user_agent: session.userAgent,
      created_at: timestamp(session.createdAt),
      last_used_at: timestamp(session.lastUsedAt),
      expires_at: timestamp(session.expiresAt),
    }))
    return { status: 200, body: { items, next: null, previous: null } }
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
    const target = { actor: signedInActor(call), sessionId: (call.params['id'] ?? '').toLowerCase() }
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
