import type { Page } from '../../domain/ports/administration.ts'
import type { AuditEvent } from '../../domain/ports/records.ts'
import type { Store } from '../../domain/ports/store.ts'
import type { Database } from './connection.ts'
import { pageOf } from './paging.ts'
import {
  highestId,
  id,
  idBytes,
  integer,
  lowestId,
  maybeId,
  maybeIdBytes,
  maybeText,
  text,
  type Row,
} from './rows.ts'

const all = 'SELECT id, at, action, actor_id, user_id, request_id, detail FROM audit_events'
const older = 'id < :id ORDER BY id DESC LIMIT :limit'
const newer = 'id > :id ORDER BY id LIMIT :limit'
const ofUser = 'user_id = :userId'
const byActor = 'actor_id = :actorId'

export const sql = {
  insert: `INSERT INTO audit_events (id, at, action, actor_id, user_id, request_id, detail)
    VALUES (:id, :at, :action, :actorId, :userId, :requestId, :detail) ON CONFLICT (id) DO NOTHING`,
  older: `${all} WHERE ${older}`,
  newer: `${all} WHERE ${newer}`,
  olderOfUser: `${all} WHERE ${ofUser} AND ${older}`,
  newerOfUser: `${all} WHERE ${ofUser} AND ${newer}`,
  olderByActor: `${all} WHERE ${byActor} AND ${older}`,
  newerByActor: `${all} WHERE ${byActor} AND ${newer}`,
  olderOfBoth: `${all} WHERE ${ofUser} AND ${byActor} AND ${older}`,
  newerOfBoth: `${all} WHERE ${ofUser} AND ${byActor} AND ${newer}`,
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

/** See `Store.listAudit`. */
export function listAudit(db: Database, query: Parameters<Store['listAudit']>[0]): Page<AuditEvent> {
  const { userId, actorId, limit, from } = query
  const direction = from?.direction === 'previous' ? 'newer' : 'older'
  const end = { value: null, id: direction === 'older' ? lowestId : highestId }
  const start = idBytes(from?.id ?? highestId)
  const rows = db.all(sql[`${direction}${whose(query)}`], {
    id: start,
    limit: limit + 1,
    ...(userId !== null && { userId: idBytes(userId) }),
    ...(actorId !== null && { actorId: idBytes(actorId) }),
  })
  const found = rows.map((row) => ({ value: null, id: id(row, 'id'), row }))
  return pageOf({ rows: found, stoppedAt: null, end }, query, ({ row }) => eventOf(row))
}

function whose({ userId, actorId }: Parameters<Store['listAudit']>[0]): '' | 'OfUser' | 'ByActor' | 'OfBoth' {
  if (userId !== null) return actorId === null ? 'OfUser' : 'OfBoth'
  return actorId === null ? '' : 'ByActor'
}

function eventOf(row: Row): AuditEvent {
  return {
    id: id(row, 'id'),
    at: integer(row, 'at'),
    action: text(row, 'action'),
    actorId: maybeId(row, 'actor_id'),
    userId: maybeId(row, 'user_id'),
    requestId: text(row, 'request_id'),
    detail: maybeText(row, 'detail'),
  }
}
