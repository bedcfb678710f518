import type { Id } from '../../domain/ports/runtime.ts'
import type { SealedInboxMessage } from '../../domain/ports/records.ts'
import type { Database } from './connection.ts'
import { bytes, id, idBytes, integer, type Row } from './rows.ts'
import { userExists } from './user-rows.ts'

export const sql = {
  insert: `INSERT INTO inbox_messages (id, user_id, sealed, sent_at) VALUES (:id, :userId, :sealed, :sentAt)
    ON CONFLICT (id) DO NOTHING`,
  /** The newest message that is too many. */
  firstBeyond: 'SELECT id FROM inbox_messages ORDER BY id DESC LIMIT 1 OFFSET :keep',
  dropThrough: 'DELETE FROM inbox_messages WHERE id <= :id',
  newest: `SELECT id, user_id, sealed, sent_at FROM inbox_messages WHERE id > :after
    ORDER BY id DESC LIMIT :limit`,
} as const

/** Sorts before every id. */
const beginning = new Uint8Array(0)

/** See `Store.putInboxMessage`. */
export function putInboxMessage(db: Database, message: SealedInboxMessage, keep: number): void {
  if (!userExists(db, message.userId)) return
  db.run(sql.insert, {
    id: idBytes(message.id),
    userId: idBytes(message.userId),
    sealed: message.sealed,
    sentAt: message.sentAt,
  })
  const beyond = db.get(sql.firstBeyond, { keep })
  if (beyond) db.run(sql.dropThrough, { id: bytes(beyond, 'id') })
}

/** See `Store.listInboxMessages`. */
export function listInboxMessages(
  db: Database,
  query: { readonly after?: Id | undefined; readonly limit: number },
): readonly SealedInboxMessage[] {
  const after = query.after === undefined ? beginning : idBytes(query.after)
  return db.all(sql.newest, { after, limit: query.limit }).map(message)
}

function message(row: Row): SealedInboxMessage {
  return {
    id: id(row, 'id'),
    userId: id(row, 'user_id'),
    sealed: bytes(row, 'sealed'),
    sentAt: integer(row, 'sent_at'),
  }
}
