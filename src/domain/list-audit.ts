import { positionOf, withCursors, type List } from './cursor.ts'
import type { Deps } from './deps.ts'
import { requirePermission, type Administrator } from './policy.ts'
import type { AuditEvent } from './ports/records.ts'
import type { Id } from './ports/runtime.ts'

export interface AuditListRequest {
  /** To whom it happened. */
  readonly userId: Id | null
  /** Who did it. */
  readonly actorId: Id | null
  readonly limit: number
  readonly cursor?: string | undefined
}

/**
 * A page of audit events, the newest first, with `audit:read`. Throws `permission_denied`, or
 * `validation_failed` for a cursor of another list.
 */
export async function listAudit(
  { actor, request }: { readonly actor: Administrator; readonly request: AuditListRequest },
  deps: Deps,
): Promise<List<AuditEvent>> {
  requirePermission(actor, 'audit:read')
  const { userId, actorId, limit, cursor } = request
  const list = JSON.stringify(['audit', userId, actorId])
  const page = await deps.store.listAudit({ userId, actorId, limit, from: positionOf(list, cursor, deps) })
  return withCursors(list, page, deps)
}
