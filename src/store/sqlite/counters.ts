/**
 * Counted attempts. They stay in memory, where one process is the only owner; those that must survive a
 * restart are written through before the answer, so that a crash gives nobody a fresh start.
 */
import { countHit, type Bucket } from '../../domain/counting.ts'
import { counters as limits } from '../../domain/limits.ts'
import type { HitResult } from '../../domain/ports/counters.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import type { Database } from './connection.ts'
import { integer } from './rows.ts'

export const sql = {
  find: 'SELECT count, last_at, ends_at FROM counters WHERE key = :key',
  save: `INSERT INTO counters (key, count, last_at, ends_at) VALUES (:key, :count, :lastAt, :endsAt)
    ON CONFLICT (key) DO UPDATE SET count = excluded.count, last_at = excluded.last_at,
      ends_at = excluded.ends_at`,
  forget: 'DELETE FROM counters WHERE key = :key',
} as const

/** The newest state of some durable buckets; null where nothing is left of one. */
export type SavedCounters = readonly { readonly key: string; readonly bucket: Bucket | null }[]

/** A verb of the writer. */
export function saveCounters(db: Database, saved: SavedCounters): void {
  for (const { key, bucket } of saved) {
    if (bucket) db.run(sql.save, { key, ...bucket })
    else db.run(sql.forget, { key })
  }
}

/** The buckets in memory: the most recently hit ones. */
export type Buckets = Map<string, Bucket>

/**
 * Counts all hits of a call before anything else runs: no two calls see one state. What is durable has to
 * be saved before the answer, whether it has changed or not: all attempts take the same time.
 */
export function countHits(
  db: Database,
  buckets: Buckets,
  { hits, now }: Parameters<Store['hit']>[0],
): { readonly results: readonly HitResult[]; readonly saved: SavedCounters } {
  const results = hits.map((hit) => {
    // Not in memory: the process is new, or other buckets have pushed it out.
    const before = buckets.get(hit.key) ?? (hit.durable ? findBucket(db, hit.key) : null)
    const { bucket, result } = countHit(before, hit, now)
    // Taken out and put back: the order of a map is then that of the last hits.
    buckets.delete(hit.key)
    if (bucket) buckets.set(hit.key, bucket)
    return result
  })
  if (buckets.size > limits.keptInMemory) makeRoom(buckets, now)
  const durable = hits.filter(({ durable: kept, cost }) => kept === true && cost !== 0)
  return { results, saved: durable.map(({ key }) => ({ key, bucket: buckets.get(key) ?? null })) }
}

function findBucket(db: Database, key: string): Bucket | null {
  const row = db.get(sql.find, { key })
  return row
    ? { count: integer(row, 'count'), lastAt: integer(row, 'last_at'), endsAt: integer(row, 'ends_at') }
    : null
}

/** Whoever fills the memory with addresses pushes out the oldest of them, and what has ended first. */
function makeRoom(buckets: Buckets, now: Ms): void {
  for (const [key, { endsAt }] of buckets) if (endsAt <= now) buckets.delete(key)
  const surplus = buckets.size - limits.keptInMemory * limits.keptAfterRoomIsMade
  const oldest = [...buckets.keys()].slice(0, Math.max(0, surplus))
  for (const key of oldest) buckets.delete(key)
}
