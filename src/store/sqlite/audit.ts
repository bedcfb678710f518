import type { AuditEvent } from '../../domain/ports/records.ts'
import type { Database } from './connection.ts'
import { idBytes, maybeIdBytes } from './rows.ts'

export const sql = {
  insert: `INSERT INTO audit_events (id, at, action, actor_id, user_id, request_id, detail)
    VALUES (:id, :at, :action, :actorId, :userId, :requestId, :detail) ON CONFLICT (id) DO NOTHING`,
} as const

/** Writes an event; the same id again changes nothing, so that a repeated step leaves one event. */
export function appendAudit(db: Database, event: AuditEvent): void {
  db.run(sql.insert, {
    id: idBytes(event.id),
    at: event.at,
    action: event.action,
    actorId: maybeIdBytes(event.actorId),
    userId: maybeIdBytes(event.userId),
    requestId: event.requestId,
    detail: event.detail,
  })
}
