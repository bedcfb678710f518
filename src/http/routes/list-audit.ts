import { lists } from '../../domain/limits.ts'
import { listAudit } from '../../domain/list-audit.ts'
import { auditListSchema } from '../answers.ts'
import { listAnswer, listed } from '../list.ts'
import { auditListQuery } from '../requests.ts'
import { administrator, route } from '../route.ts'
import { wireAuditEvent } from '../wire.ts'

export const listAuditRoute = route({
  method: 'GET',
  path: '/audit',
  operationId: 'listAudit',
  tag: 'Administration',
  summary: 'List what was done, by whom and to whom',
  description: 'The newest first. Events hold ids and nothing personal; they outlive their users by design.',
  access: 'audit:read',
  query: auditListQuery,
  responses: { 200: listed('A page of events', auditListSchema) },
  errors: [],
  async handle(call) {
    const { query } = call
    const request = {
      userId: query.user_id?.toLowerCase() ?? null,
      actorId: query.actor_id?.toLowerCase() ?? null,
      limit: query.limit ?? lists.pageDefault,
      cursor: query.cursor,
    }
    const list = await listAudit({ actor: administrator(call), request }, call.deps)
    const page = { ...list, items: list.items.map(wireAuditEvent) }
    return listAnswer(page, { path: '/audit', query }, call.deps)
  },
})
