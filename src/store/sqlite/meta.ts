/** Small facts about the file itself, by name. */
import type { Database } from './connection.ts'
import { integer } from './rows.ts'

/**
 * `clean_stop`: 1 once the file was closed in order. `unscrubbed_since`: when the first deletion happened
 * whose bytes may still lie in free space. `keyring_version`: counts swaps of the signing keys. `health`:
 * counts probes.
 */
export type Fact = 'clean_stop' | 'unscrubbed_since' | 'keyring_version' | 'health'

export const sql = {
  read: 'SELECT value FROM meta WHERE key = :key',
  write: `INSERT INTO meta (key, value) VALUES (:key, :value)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  writeFirst: 'INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO NOTHING',
  forget: 'DELETE FROM meta WHERE key = :key',
} as const

export function readFact(db: Database, key: Fact): number | null {
  const row = db.get(sql.read, { key })
  return row ? integer(row, 'value') : null
}

export function writeFact(db: Database, key: Fact, value: number): void {
  db.run(sql.write, { key, value })
}

/** Keeps the value that is there already. */
export function writeFirstFact(db: Database, key: Fact, value: number): void {
  db.run(sql.writeFirst, { key, value })
}

export function forgetFact(db: Database, key: Fact): void {
  db.run(sql.forget, { key })
}
