/**
 * Garbage collection of what has been expired long enough, beside the server's own (TTL indexes), which may
 * lag. Validity never depends on either.
 */
import { queues } from '../../domain/limits.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import { bounded, type Collections } from './connection.ts'
import { keyValue, time } from './documents.ts'

/** The collections whose documents end, with what names one of their documents, the shard key included. */
const sweepables = [
  { name: 'sessions', keys: ['_id', 'userId'] },
  { name: 'tokens', keys: ['_id'] },
  { name: 'outbox', keys: ['_id'] },
  { name: 'identifiers', keys: ['_id'] },
  { name: 'audit', keys: ['_id'] },
] as const satisfies readonly { name: keyof Collections; keys: readonly string[] }[]

/** See `Store.sweep`. Step by step, until a step finds less than it may take. */
export async function sweep(collections: Collections, { now }: { readonly now: Ms }): Promise<number> {
  let deleted = 0
  const expired = { purgeAt: { $lte: time(now) } }
  for (const { name, keys } of sweepables) {
    let found: number
    do {
      const projection = Object.fromEntries(keys.map((field) => [field, 1]))
      const options = { ...bounded, projection, batchSize: queues.sweepRowsPerStep }
      const documents = await collections[name]
        .find(expired, options)
        .limit(queues.sweepRowsPerStep)
        .toArray()
      found = documents.length
      const which = Object.fromEntries(
        keys.map((field) => [field, { $in: documents.map((doc) => keyValue(doc[field])) }]),
      )
      if (found > 0) {
        const filter = { ...which, ...expired }
        deleted += (await collections[name].deleteMany(filter, bounded)).deletedCount
      }
    } while (found === queues.sweepRowsPerStep)
  }
  return deleted
}
