/** That this database is the unfinished copy of another store, and how far it is; see `CopyingStore`. */
import type { Hash } from '../../domain/ports/records.ts'
import type { Store } from '../../domain/ports/store.ts'
import { unfinishedCopy } from '../../domain/unfinished-copy.ts'
import { adminsId, countedAdmins } from './admins.ts'
import { bounded, type Collections } from './connection.ts'
import { bytes, maybeText, type Doc } from './documents.ts'
import { isDuplicate } from './failures.ts'
import { putRecords } from './records.ts'
import { plans } from './schema.ts'
import type { Workshop } from './sessions.ts'
import { drop, keep } from './transactions.ts'

const copyId = 'unfinished_copy'

/** What of `meta` belongs to this database and moves to no other. */
export const ownFacts: Readonly<Record<string, string>> = {
  schema: 'the form in which this engine stores',
  schema_lease: 'which process is changing that form',
  [adminsId]: 'counted anew from the users at the end of a copy',
  [copyId]: 'the mark of a copy itself',
  health: 'counts probes of this database',
}

type Begun = Awaited<ReturnType<Store['beginCopy']>>

/** See `CopyingStore.beginCopy`. Marked first: whatever server comes from now on finds the mark. */
export async function beginCopy(
  collections: Collections,
  { source }: { readonly source: Hash },
): Promise<Begun> {
  const { meta } = collections
  try {
    await meta.insertOne({ _id: copyId, source, place: null }, bounded)
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return resumed(await findMark(collections), source)
  }
  if (await isEmpty(collections)) return { kind: 'begun', place: null }
  await meta.deleteOne({ _id: copyId }, bounded)
  return { kind: 'not_empty' }
}

function resumed(mark: Doc | null, source: Hash): Begun {
  if (!mark || !Buffer.from(source).equals(bytes(mark, 'source'))) return { kind: 'other_source' }
  return { kind: 'resumed', place: maybeText(mark, 'place') }
}

async function findMark({ meta }: Collections): Promise<Doc | null> {
  return meta.findOne({ _id: copyId }, bounded)
}

/** See `CopyingStore.writeRecords`. Where there is no mark no place is kept. */
export async function writeRecords(
  collections: Collections,
  batch: Parameters<Store['writeRecords']>[0],
): Promise<void> {
  await putRecords(collections, batch)
  await collections.meta.updateOne({ _id: copyId }, { $set: { place: batch.place } }, bounded)
}

/** See `CopyingStore.endCopy`. The count that guards the last admin is made from the users. */
export async function endCopy({ collections, transact }: Workshop): Promise<void> {
  const { users, meta } = collections
  await transact('copy', async (tx) => {
    const marked = await meta.deleteOne({ _id: copyId }, tx)
    if (marked.deletedCount === 0) return drop(null)
    const n = await users.countDocuments(countedAdmins, { ...tx, hint: { roles: 1 } })
    await meta.updateOne({ _id: adminsId }, { $set: { n } }, tx)
    return keep(null)
  })
}

/** See `CopyingStore.isEmpty`. */
export async function isEmpty(collections: Collections): Promise<boolean> {
  const page = { ...bounded, projection: { _id: 1 } }
  for (const { name } of plans) {
    if (name === 'meta') continue
    const [found] = await collections[name].find({}, page).sort({ _id: 1 }).limit(1).toArray()
    if (found) return false
  }
  return true
}

/** See `CopyingStore.countRecords`. */
export async function countRecords(collections: Collections): Promise<number> {
  const counts = plans.map(({ name }) => collections[name].estimatedDocumentCount(bounded))
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

/** Throws `store_incompatible` where the database is a copy that has not come to its end. */
export async function refuseUnfinishedCopy(collections: Collections): Promise<void> {
  if (await findMark(collections)) throw unfinishedCopy()
}
