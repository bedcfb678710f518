/**
 * Garbage collection of what has been expired long enough, beside the server's own (TTL indexes), which may
 * lag. Validity never depends on either.
 */
import { lifetimes, queues } from '../../domain/limits.ts'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import { bounded, type Collections } from './connection.ts'
import { id, keyValue, time } from './documents.ts'
import { eraseUser } from './registry.ts'
import type { Workshop } from './sessions.ts'
import { drop, keep } from './transactions.ts'
import { readUser } from './user-documents.ts'

/** The collections whose documents end, with what names one of their documents, the shard key included. */
const sweepables = [
  { name: 'sessions', keys: ['_id', 'userId'] },
  { name: 'tokens', keys: ['_id'] },
  { name: 'outbox', keys: ['_id'] },
  { name: 'identifiers', keys: ['_id'] },
  { name: 'audit', keys: ['_id'] },
  { name: 'deletions', keys: ['_id'] },
] as const satisfies readonly { name: keyof Collections; keys: readonly string[] }[]

/** See `Store.sweep`. Step by step, until a step finds less than it may take. */
export async function sweep(workshop: Workshop, { now }: { readonly now: Ms }): Promise<number> {
  const { collections } = workshop
  let deleted = await sweepPending(workshop, now)
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

/** Whoever has not confirmed within the life of the link goes, one after the other, with everything. */
async function sweepPending(workshop: Workshop, now: Ms): Promise<number> {
  const late = [
    { createdAt: { $lte: time(now - lifetimes.verifyTokenMs) }, passwordHash: { $type: 'string' } },
    { createdAt: { $lte: time(now - lifetimes.setPasswordTokenMs) } },
  ]
  let deleted = 0
  for (const which of late) {
    const page = { ...bounded, projection: { _id: 1 }, batchSize: queues.sweepRowsPerStep }
    let found: number
    do {
      const some = await workshop.collections.users
        .find({ status: 'pending', ...which }, page)
        .limit(queues.sweepRowsPerStep)
        .toArray()
      found = some.length
      for (const doc of some) deleted += await erasePending(workshop, id(doc, '_id'))
    } while (found === queues.sweepRowsPerStep)
  }
  return deleted
}

/** How many users that is: none where it has confirmed meanwhile. */
async function erasePending({ collections, transact }: Workshop, userId: Id): Promise<number> {
  return transact(`user:${userId}`, async (tx) => {
    const stored = await readUser(collections, userId, tx)
    if (stored?.user.status !== 'pending') return drop(0)
    await eraseUser(collections, stored, tx)
    return keep(1)
  })
}
