/** That users were deleted, by a hash of their ids; see `MovingStore`. */
import type { Deletion } from '../../domain/ports/moving.ts'
import type { Hash } from '../../domain/ports/records.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import type { Database } from './connection.ts'
import type { Methods, Read, Write } from './methods.ts'
import { bytes, id, idBytes, integer } from './rows.ts'

export const sql = {
  put: 'INSERT INTO deletions (hash, at) VALUES (:hash, :at) ON CONFLICT (hash) DO NOTHING',
  list: 'SELECT hash, at FROM deletions WHERE hash > :after ORDER BY hash LIMIT :limit',
  has: 'SELECT 1 AS found FROM deletions WHERE hash = :hash',
  userIds: 'SELECT id FROM users WHERE id > :after ORDER BY id LIMIT :limit',
} as const

const beforeAll = new Uint8Array(0)

/** See `Store.putDeletions`. */
export function putDeletions(db: Database, deletions: readonly Deletion[]): void {
  for (const { hash, at } of deletions) db.run(sql.put, { hash, at })
}

/** See `Store.listDeletions`. */
export function listDeletions(
  db: Database,
  { after, limit }: Parameters<Store['listDeletions']>[0],
): readonly Deletion[] {
  return db
    .all(sql.list, { after: after ?? beforeAll, limit })
    .map((row) => ({ hash: bytes(row, 'hash'), at: integer(row, 'at') }))
}

/** See `Store.findDeletions`. */
function findDeletions(db: Database, hashes: readonly Hash[]): readonly Hash[] {
  return hashes.filter((hash) => db.get(sql.has, { hash }) !== undefined)
}

/** See `Store.listUserIds`. */
function listUserIds(db: Database, { after, limit }: Parameters<Store['listUserIds']>[0]): readonly Id[] {
  const rows = db.all(sql.userIds, { after: after === null ? beforeAll : idBytes(after), limit })
  return rows.map((row) => id(row, 'id'))
}

/** See `Store.endEverything`. */
export function endEverything(db: Database): void {
  for (const table of ['sessions', 'one_time_tokens', 'setup_tokens', 'outgoing_mails']) {
    db.run(`DELETE FROM ${table}`)
  }
}

/** The methods of the port that are about it. */
export function ledgerMethods(
  read: Read,
  write: Write,
): Methods<'listUserIds' | 'listDeletions' | 'putDeletions' | 'findDeletions' | 'endEverything'> {
  return {
    listUserIds: (query) => read((db) => listUserIds(db, query)),
    listDeletions: (query) => read((db) => listDeletions(db, query)),
    putDeletions: (deletions) => write('putDeletions', deletions),
    findDeletions: (hashes) => read((db) => findDeletions(db, hashes)),
    endEverything: () => write('endEverything'),
  }
}
