/** That users were deleted, by a hash of their ids; see `MovingStore`. */
import { lifetimes, queues } from '../../domain/limits.ts'
import type { Deletion } from '../../domain/ports/moving.ts'
import type { Hash } from '../../domain/ports/records.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import { bounded, type Collections, type InSession } from './connection.ts'
import { bytes, id, idValue, keyValue, ms, time } from './documents.ts'

/** See `Store.putDeletions`. */
export async function putDeletions(
  { deletions }: Collections,
  entries: readonly Deletion[],
  within: InSession | typeof bounded = bounded,
): Promise<void> {
  if (entries.length === 0) return
  const updates = entries.map(({ hash, at }) => ({
    updateOne: {
      filter: { _id: hash },
      update: { $setOnInsert: { at: time(at), purgeAt: time(at + lifetimes.deletionLedgerMs) } },
      upsert: true,
    },
  }))
  await deletions.bulkWrite(updates, { ...within, ordered: false })
}

/** See `Store.listDeletions`. */
export async function listDeletions(
  { deletions }: Collections,
  { after, limit }: Parameters<Store['listDeletions']>[0],
): Promise<readonly Deletion[]> {
  const found = await deletions
    .find(after === null ? {} : { _id: { $gt: after } }, { ...bounded, batchSize: limit + 1 })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray()
  return found.map((doc) => ({ hash: bytes(doc, '_id'), at: ms(doc, 'at') }))
}

/** See `Store.findDeletions`. */
export async function findDeletions(
  { deletions }: Collections,
  hashes: readonly Hash[],
): Promise<readonly Hash[]> {
  const page = { ...bounded, projection: { _id: 1 }, batchSize: hashes.length + 1 }
  const found = await deletions.find({ _id: { $in: [...hashes] } }, page).toArray()
  return found.map((doc) => bytes(doc, '_id'))
}

/** See `Store.listUserIds`. */
export async function listUserIds(
  { users }: Collections,
  { after, limit }: Parameters<Store['listUserIds']>[0],
): Promise<readonly Id[]> {
  const page = { ...bounded, projection: { _id: 1 }, batchSize: limit + 1 }
  const found = await users
    .find(after === null ? {} : { _id: { $gt: idValue(after) } }, page)
    .sort({ _id: 1 })
    .limit(limit)
    .toArray()
  return found.map((doc) => id(doc, '_id'))
}

/** See `Store.endEverything`. Step by step: there may be millions. Tokens go with their mails. */
export async function endEverything(collections: Collections): Promise<void> {
  for (const name of ['sessions', 'tokens', 'outbox'] as const) {
    const page = { ...bounded, projection: { _id: 1, userId: 1 }, batchSize: queues.sweepRowsPerStep }
    let found: number
    do {
      const some = await collections[name].find({}, page).limit(queues.sweepRowsPerStep).toArray()
      found = some.length
      const keys = { _id: { $in: some.map((doc) => keyValue(doc._id)) } }
      // Sessions lie with their users.
      const which =
        name === 'sessions'
          ? { ...keys, userId: { $in: some.map((doc) => idValue(id(doc, 'userId'))) } }
          : keys
      if (found > 0) await collections[name].deleteMany(which, bounded)
    } while (found === queues.sweepRowsPerStep)
  }
}
