/**
 * A profile update that touches no claim: a compare-and-set on one document, grouped with its like. It has no
 * audit event.
 */
import { ObjectId, type Document } from 'mongodb'
import { mongodb as limits } from '../../domain/limits.ts'
import type { NotThere, ProfileChange, Stale } from '../../domain/ports/store.ts'
import type { User } from '../../domain/user.ts'
import { bounded, type Collections } from './connection.ts'
import { id, idValue, isMarked, time, type Doc } from './documents.ts'
import { unavailable } from './failures.ts'
import { createGroup, type Group, type Verdict } from './grouping.ts'
import { userOf } from './user-documents.ts'

export type Updated = { readonly kind: 'updated'; readonly user: User } | Stale | NotThere

export function createUpdateGroup(collections: Collections): Group<ProfileChange, Updated> {
  return createGroup<ProfileChange, Updated>({
    keyOf: ({ userId }) => userId,
    one: (change) => updateOne(collections, change),
    many: (changes) => updateMany(collections, changes),
  })
}

/** Whether a change is a single write: nothing but this user's own document has to know. */
export function isPlain(change: ProfileChange): boolean {
  const { username, pendingEmail, token } = change
  return username === undefined && !pendingEmail && token === undefined
}

async function updateOne({ users }: Collections, change: ProfileChange): Promise<Updated> {
  const doc = await users.findOneAndUpdate(expected(change), update(change, new ObjectId()), {
    ...bounded,
    returnDocument: 'after',
  })
  if (doc) return { kind: 'updated', user: userOf(doc) }
  const there = await users.findOne({ _id: idValue(change.userId) }, { ...bounded, projection: { _id: 1 } })
  return { kind: there ? 'stale' : 'not_found' }
}

/** One command for all and one to read them back: the marks say which were applied. */
async function updateMany(
  { users }: Collections,
  changes: readonly ProfileChange[],
): Promise<readonly Verdict<Updated>[]> {
  const operations = changes.map((change) => ({ change, operation: new ObjectId() }))
  const updates = operations.map(({ change, operation }) => ({
    updateOne: { filter: expected(change), update: update(change, operation) },
  }))
  const { matchedCount } = await users.bulkWrite(updates, { ...bounded, ordered: false })
  const filter = { _id: { $in: changes.map(({ userId }) => idValue(userId)) } }
  const oneAnswer = { ...bounded, batchSize: limits.documentsPerRead, singleBatch: true }
  const found = await users.find(filter, oneAnswer).toArray()
  const byId = new Map(found.map((doc) => [id(doc, '_id'), doc]))
  const read = operations.map(({ change, operation }) =>
    verdictOf(byId.get(change.userId), change, operation),
  )
  return settle(read, matchedCount)
}

/** `overtaken`: another process has written to the user since; whether before or after us is not known. */
type Reading = Updated | { readonly kind: 'overtaken'; readonly user: User }

function verdictOf(doc: Doc | undefined, change: ProfileChange, operation: ObjectId): Reading {
  if (!doc) return { kind: 'not_found' }
  const user = userOf(doc)
  if (isMarked(doc, 'updatedBy', operation)) return { kind: 'updated', user }
  return user.version > change.expectVersion + 1 ? { kind: 'overtaken', user } : { kind: 'stale' }
}

/** The count of what was applied settles most of the rest; what it can't settle may be applied. */
function settle(readings: readonly Reading[], matched: number): readonly Verdict<Updated>[] {
  const applied = readings.filter(({ kind }) => kind === 'updated').length
  const overtaken = readings.filter(({ kind }) => kind === 'overtaken').length
  return readings.map((reading) => {
    if (reading.kind !== 'overtaken') return { result: reading }
    if (applied === matched) return { result: { kind: 'stale' } }
    if (applied + overtaken === matched) return { result: { kind: 'updated', user: reading.user } }
    return { error: unavailable() }
  })
}

function expected(change: ProfileChange): Document {
  return { _id: idValue(change.userId), version: change.expectVersion, epoch: change.expectEpoch }
}

function update(change: ProfileChange, operation: ObjectId): Document {
  return {
    $set: {
      version: change.expectVersion + 1,
      updatedAt: time(change.now),
      updatedBy: operation,
      ...(change.locale !== undefined && { locale: change.locale }),
      ...(change.profile !== undefined && { profile: JSON.stringify(change.profile) }),
      ...(change.pendingEmail === null && { pendingEmail: null }),
    },
  }
}
