import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { JsonObject } from '../domain/ports/runtime.ts'
import { parseObject } from './source-row.ts'

/** What belongs to users and stands elsewhere than they do, by keys. */
export interface SideTable {
  /** Keeps a value under keys; several may have the same. */
  put(keys: readonly string[], value: JsonObject): void
  /** The values of a key that have not been taken yet. */
  take(key: string): readonly JsonObject[]
  /** The value of a key, where there is one alone. */
  takeOnly(key: string): JsonObject | null
  /** What nobody has taken. */
  rest(): Generator<JsonObject>
  isEmpty(): boolean
  close(): void
}

/**
 * Kept on disk where it doesn't fit into the cache of some megabytes, in a database without a name: the
 * system has nothing of it left once it is closed, or the process has died.
 */
export function openSideTable(): SideTable {
  const database = new DatabaseSync('')
  database.exec(`
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE item (number INTEGER PRIMARY KEY, value TEXT NOT NULL, taken INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE item_key (key TEXT NOT NULL, number INTEGER, PRIMARY KEY (key, number)) WITHOUT ROWID;
    BEGIN;
  `)
  const insert = database.prepare('INSERT INTO item (value) VALUES (?)')
  const insertKey = database.prepare('INSERT OR IGNORE INTO item_key (key, number) VALUES (?, ?)')
  const select = database.prepare(
    'SELECT number, value FROM item_key JOIN item USING (number) WHERE key = ? AND taken = 0 ORDER BY number',
  )
  const mark = database.prepare('UPDATE item SET taken = 1 WHERE number = ?')
  const selectRest = database.prepare('SELECT value FROM item WHERE taken = 0 ORDER BY number')
  const selectAny = database.prepare('SELECT 1 FROM item LIMIT 1')
  function takeAll(found: readonly Record<string, SQLOutputValue>[]): readonly JsonObject[] {
    for (const { number } of found) mark.run(number ?? null)
    return found.map(({ value }) => parseObject(String(value)) ?? {})
  }
  return {
    put(keys, value) {
      const { lastInsertRowid } = insert.run(JSON.stringify(value))
      for (const key of keys) insertKey.run(key, lastInsertRowid)
    },
    take: (key) => takeAll(select.all(key)),
    takeOnly(key) {
      const found = select.all(key)
      return found.length === 1 ? (takeAll(found)[0] ?? null) : null
    },
    *rest() {
      for (const { value } of selectRest.iterate()) yield parseObject(String(value)) ?? {}
    },
    isEmpty: () => selectAny.get() === undefined,
    close: () => database.close(),
  }
}
