/**
 * Every table that stores a user id: how to erase, export and count what it holds of a user. Deletion, its
 * receipt and the export read this list and nothing else. A test finds the columns in the schema and fails
 * for one without an entry.
 */
import type { Id, JsonObject, JsonValue, Ms } from '../../domain/ports/runtime.ts'
import type { Erased } from '../../domain/ports/records.ts'
import type { Database } from './connection.ts'
import { writeFirstFact } from './meta.ts'
import { bytes, idBytes, integer, maybeId, maybeInteger, maybeText, type Row } from './rows.ts'
import { eraseUserRow } from './user-rows.ts'

/** How a column is exported: ids as UUIDs, times as RFC 3339, `blob` as base64. */
type ColumnKind = 'text' | 'number' | 'id' | 'time' | 'blob'

export interface Holding {
  /** The table; also the name under which rows are counted and exported. */
  readonly name: string
  /** The columns that hold a user id. */
  readonly userColumns: readonly string[]
  /** Null for what outlives the user. */
  readonly erase: string | null
  /**
   * A page for each user column: the rows of `:userId` whose key is greater than `:after`, at most `:limit`.
   */
  readonly pages: readonly string[]
  /** The column by which pages go on. */
  readonly pageKey: string
  /** What an export shows. Left out are hashes of secrets and what is of no use outside. */
  readonly exported: Readonly<Record<string, ColumnKind>>
}

/** Rows that an export reads at a time. */
const exportPageRows = 500

export const registry: readonly Holding[] = [
  {
    name: 'identifiers',
    userColumns: ['user_id'],
    erase: 'DELETE FROM identifiers WHERE user_id = :userId',
    pages: [page('identifiers', 'key', 'user_id = :userId')],
    pageKey: 'key',
    exported: { key: 'text', expires_at: 'time' },
  },
  {
    name: 'sessions',
    userColumns: ['user_id'],
    erase: 'DELETE FROM sessions WHERE user_id = :userId',
    pages: [page('sessions', 'id', 'user_id = :userId')],
    pageKey: 'id',
    exported: {
      id: 'id',
      device_name: 'text',
      user_agent: 'text',
      auth_time: 'time',
      created_at: 'time',
      last_used_at: 'time',
      expires_at: 'time',
    },
  },
  {
    name: 'one_time_tokens',
    userColumns: ['user_id'],
    erase: 'DELETE FROM one_time_tokens WHERE user_id = :userId',
    pages: [page('one_time_tokens', 'hash', 'user_id = :userId')],
    pageKey: 'hash',
    exported: { kind: 'text', email: 'text', created_at: 'time', expires_at: 'time', used_at: 'time' },
  },
  {
    name: 'outgoing_mails',
    userColumns: ['user_id'],
    erase: 'DELETE FROM outgoing_mails WHERE user_id = :userId',
    pages: [page('outgoing_mails', 'id', 'user_id = :userId')],
    pageKey: 'id',
    exported: {
      id: 'id',
      kind: 'text',
      created_at: 'time',
      expires_at: 'time',
      due_at: 'time',
      attempts: 'number',
      sealed: 'blob',
    },
  },
  {
    name: 'inbox_messages',
    userColumns: ['user_id'],
    erase: 'DELETE FROM inbox_messages WHERE user_id = :userId',
    pages: [page('inbox_messages', 'id', 'user_id = :userId')],
    pageKey: 'id',
    exported: { id: 'id', sent_at: 'time', sealed: 'blob' },
  },
  {
    name: 'audit_events',
    userColumns: ['user_id', 'actor_id'],
    erase: null,
    pages: [
      page('audit_events', 'id', 'user_id = :userId'),
      page('audit_events', 'id', 'actor_id = :userId AND user_id IS NOT :userId'),
    ],
    pageKey: 'id',
    exported: {
      id: 'id',
      at: 'time',
      action: 'text',
      actor_id: 'id',
      user_id: 'id',
      request_id: 'text',
      detail: 'text',
    },
  },
]

function page(table: string, key: string, condition: string): string {
  return `SELECT * FROM ${table} WHERE ${condition} AND ${key} > :after ORDER BY ${key} LIMIT :limit`
}

/**
 * Deletes a user with everything that holds it, in the transaction of the caller, and notes that the bytes
 * still have to be scrubbed. Counts the rows of each entry; what outlives the user counts 0.
 */
export function eraseUser(db: Database, userId: Id, now: Ms): Erased {
  const counts = registry.map(({ name, erase }) => [
    name,
    erase === null ? 0 : db.run(erase, { userId: idBytes(userId) }),
  ])
  eraseUserRow(db, idBytes(userId))
  writeFirstFact(db, 'unscrubbed_since', now)
  return Object.fromEntries(counts)
}

/**
 * One page of what an entry holds of a user, and the key after which the next one begins (null at the end).
 */
export function exportPage(
  db: Database,
  sql: string,
  query: { readonly holding: Holding; readonly userId: Id; readonly after: PageKey },
): { readonly rows: readonly JsonObject[]; readonly next: PageKey | null } {
  const { holding, userId, after } = query
  const rows = db.all(sql, { userId: idBytes(userId), after, limit: exportPageRows })
  const last = rows.length === exportPageRows ? rows.at(-1) : undefined
  return {
    rows: rows.map((row) => exportedRow(row, holding)),
    next: last ? pageKeyOf(last, holding.pageKey) : null,
  }
}

export type PageKey = string | Uint8Array

/** Sorts before every key of an entry. */
export function beforeAll(holding: Holding): PageKey {
  return holding.pageKey === 'key' ? '' : new Uint8Array(0)
}

function pageKeyOf(row: Row, column: string): PageKey {
  const value = row[column]
  return typeof value === 'string' ? value : bytes(row, column)
}

function exportedRow(row: Row, holding: Holding): JsonObject {
  return Object.fromEntries(
    Object.entries(holding.exported).map(([column, kind]) => [column, exportedValue(row, column, kind)]),
  )
}

function exportedValue(row: Row, column: string, kind: ColumnKind): JsonValue {
  switch (kind) {
    case 'text':
      return maybeText(row, column)
    case 'number':
      return integer(row, column)
    case 'id':
      return maybeId(row, column)
    case 'time': {
      const at = maybeInteger(row, column)
      return at === null ? null : new Date(at).toISOString()
    }
    case 'blob':
      return Buffer.from(bytes(row, column)).toString('base64')
  }
}
