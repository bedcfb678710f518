/**
 * Counted attempts. They stay in memory, where one process is the only owner; those that must survive a
 * restart are written through before the answer, so that a crash gives nobody a fresh start.
 */
import { countHit, type Bucket } from '../../domain/counting.ts'
import { counters as limits } from '../../domain/limits.ts'
import type { Hit, HitResult } from '../../domain/ports/counters.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import type { Database } from './connection.ts'
import { integer, text } from './rows.ts'

export const sql = {
  all: 'SELECT key, count, last_at, ends_at FROM counters WHERE ends_at > :now ORDER BY ends_at LIMIT :limit',
  save: `INSERT INTO counters (key, count, last_at, ends_at) VALUES (:key, :count, :lastAt, :endsAt)
    ON CONFLICT (key) DO UPDATE SET count = excluded.count, last_at = excluded.last_at,
      ends_at = excluded.ends_at`,
  forget: 'DELETE FROM counters WHERE key = :key',
} as const

/** The durable buckets that are still of use. */
export function loadCounters(db: Database, now: Ms): Map<string, Bucket> {
  const rows = db.all(sql.all, { now, limit: limits.keptInMemory })
  return new Map(
    rows.map((row) => [
      text(row, 'key'),
      { count: integer(row, 'count'), lastAt: integer(row, 'last_at'), endsAt: integer(row, 'ends_at') },
    ]),
  )
}

/** The newest state of some durable buckets; null where nothing is left of one. */
export type SavedCounters = readonly { readonly key: string; readonly bucket: Bucket | null }[]

/** A verb of the writer. */
export function saveCounters(db: Database, saved: SavedCounters): void {
  for (const { key, bucket } of saved) {
    if (bucket) db.run(sql.save, { key, ...bucket })
    else db.run(sql.forget, { key })
  }
}

/** See `Store.hit`. Every hit of a call is counted before anything else runs: no two calls see one state. */
export function createCounters(
  buckets: Map<string, Bucket>,
  save: (saved: SavedCounters) => Promise<void>,
): Store['hit'] {
  return async ({ hits, now }) => {
    const results = hits.map((hit) => count(buckets, hit, now))
    const durable = hits.filter(({ durable: kept, cost }) => kept === true && cost !== 0)
    if (durable.length > 0) {
      await save(durable.map(({ key }) => ({ key, bucket: buckets.get(key) ?? null })))
    }
    return results
  }
}

function count(buckets: Map<string, Bucket>, hit: Hit, now: Ms): HitResult {
  const { bucket, result } = countHit(buckets.get(hit.key) ?? null, hit, now)
  // Taken out and put back: the order of a map is then that of the last hits.
  buckets.delete(hit.key)
  if (bucket) buckets.set(hit.key, bucket)
  if (buckets.size > limits.keptInMemory) makeRoom(buckets, now)
  return result
}

/** Whoever fills the memory with addresses pushes out the oldest of them, and what has ended first. */
function makeRoom(buckets: Map<string, Bucket>, now: Ms): void {
  for (const [key, { endsAt }] of buckets) if (endsAt <= now) buckets.delete(key)
  const surplus = buckets.size - limits.keptInMemory * limits.keptAfterRoomIsMade
  const oldest = [...buckets.keys()].slice(0, Math.max(0, surplus))
  for (const key of oldest) buckets.delete(key)
}
