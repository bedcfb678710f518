/**
 * An ordinary refresh: one compare-and-set on the session, then the user is read in the same causal session,
 * so that no token is issued on the word of a deposed primary. Concurrent ones share a command.
 */
import { ObjectId, type ClientSession, type Document } from 'mongodb'
import { lifetimes, mongodb as limits } from '../../domain/limits.ts'
import type { Trail } from '../../domain/ports/records.ts'
import type { Store } from '../../domain/ports/store.ts'
import type { Session } from '../../domain/session.ts'
import type { User } from '../../domain/user.ts'
import { writeEvent } from './audit.ts'
import { bounded, type Collections, type Connection, type InSession } from './connection.ts'
import { id, idValue, isMarked, time, type Doc } from './documents.ts'
import { busy } from './failures.ts'
import { createGroup, type Group, type Verdict } from './grouping.ts'
import { endSession, readSession, sessionKey, sessionOf } from './session-documents.ts'
import type { Workshop } from './sessions.ts'
import { record } from './trail.ts'
import { drop, keep } from './transactions.ts'
import { readUser, userOf } from './user-documents.ts'

type Rotation = Parameters<Store['rotateSession']>[0]
type Rotated = Awaited<ReturnType<Store['rotateSession']>>

/** What the hot path says; null where it changed nothing, and somebody has to look why. */
type Advanced = Extract<Rotated, { session: Session }> | { readonly kind: 'gone' } | null

export function createRotationGroup(connection: Connection): Group<Rotation, Advanced> {
  const { client, collections } = connection
  const inSession = async <Result>(run: (within: InSession) => Promise<Result>): Promise<Result> => {
    const session: ClientSession = client.startSession({ causalConsistency: true })
    try {
      return await run({ session, ...bounded })
    } finally {
      await session.endSession()
    }
  }
  return createGroup<Rotation, Advanced>({
    keyOf: ({ userId, sessionId }) => `${userId} ${sessionId}`,
    one: (rotation) => inSession((within) => advanceOne(collections, rotation, within)),
    many: (rotations) => inSession((within) => advanceMany(collections, rotations, within)),
  })
}

/** See `Store.rotateSession`. */
export async function rotateSession(
  workshop: Workshop & { readonly rotations: Group<Rotation, Advanced> },
  rotation: Rotation,
  trail: Trail,
): Promise<Rotated> {
  for (let attempt = 0; attempt < limits.attempts; attempt += 1) {
    const advanced = await workshop.rotations.write(rotation)
    if (advanced) return advanced
    const refused = await refuse(workshop, rotation, trail)
    if (refused) return refused
  }
  throw busy()
}

async function advanceOne(
  collections: Collections,
  rotation: Rotation,
  within: InSession,
): Promise<Advanced> {
  const operation = new ObjectId()
  const doc = await collections.sessions.findOneAndUpdate(
    presentable(rotation),
    advanceOrRepeat(rotation, operation),
    { ...within, returnDocument: 'after' },
  )
  if (!doc) return null
  const stored = await readUser(collections, rotation.userId, within)
  return advanced(doc, stored?.user, operation)
}

/**
 * One command for all, one to read them back, one for their users. Which of them were applied, their marks
 * say; whoever is not marked looks again alone.
 */
async function advanceMany(
  collections: Collections,
  rotations: readonly Rotation[],
  within: InSession,
): Promise<readonly Verdict<Advanced>[]> {
  const { sessions, users } = collections
  const operations = rotations.map((rotation) => ({ rotation, operation: new ObjectId() }))
  const updates = operations.map(({ rotation, operation }) => ({
    updateOne: { filter: presentable(rotation), update: advanceOrRepeat(rotation, operation) },
  }))
  await sessions.bulkWrite(updates, { ...within, ordered: false })
  const userIds = { $in: rotations.map(({ userId }) => idValue(userId)) }
  const oneAnswer = { ...within, batchSize: limits.documentsPerRead, singleBatch: true }
  const filter = { _id: { $in: rotations.map(({ sessionId }) => idValue(sessionId)) }, userId: userIds }
  const found = await sessions.find(filter, { ...oneAnswer, hint: { _id: 1 } }).toArray()
  const owners = await users.find({ _id: userIds }, oneAnswer).toArray()
  const byId = new Map(found.map((doc) => [id(doc, '_id'), doc]))
  const userById = new Map(owners.map((doc) => [id(doc, '_id'), userOf(doc)]))
  const verdicts: Verdict<Advanced>[] = []
  for (const { rotation, operation } of operations) {
    const doc = byId.get(rotation.sessionId)
    const verdict = doc ? advanced(doc, userById.get(rotation.userId), operation) : null
    verdicts.push({ result: verdict ?? (doc ? await advanceOne(collections, rotation, within) : null) })
  }
  return verdicts
}

/** The newest generation, or the one before it while it may be repeated. */
function presentable(rotation: Rotation): Document {
  const { generation, now, repeatMs } = rotation
  return {
    ...sessionKey(rotation),
    expiresAt: { $gt: time(now) },
    $or: [{ generation }, { generation: generation + 1, rotatedAt: { $gte: time(now - repeatMs) } }],
  }
}

/**
 * The next generation, which ends no later than the absolute end; or a repetition, which is counted: both are
 * writes.
 */
function advanceOrRepeat(rotation: Rotation, operation: ObjectId): Document[] {
  const now = time(rotation.now)
  const absoluteEnd = { $add: ['$createdAt', lifetimes.sessionAbsoluteMs] }
  const isNewest = { $eq: ['$generation', rotation.generation] }
  const either = (next: unknown, same: unknown): Document => ({ $cond: [isNewest, next, same] })
  return [
    {
      $set: {
        generation: either({ $add: ['$generation', 1] }, '$generation'),
        refreshKeyId: either(rotation.refreshKeyId, '$refreshKeyId'),
        rotatedAt: either(now, '$rotatedAt'),
        lastUsedAt: either(now, '$lastUsedAt'),
        expiresAt: either({ $min: [time(rotation.idleEndsAt), absoluteEnd] }, '$expiresAt'),
        repeats: either(0, { $add: ['$repeats', 1] }),
        rotatedBy: either(operation, '$rotatedBy'),
        repeatedBy: either(null, operation),
      },
    },
    { $set: { purgeAt: { $add: ['$expiresAt', lifetimes.purgeDelayMs] } } },
  ]
}

/** The verdict of a document as it is now, if the operation has written it. */
function advanced(doc: Doc, user: User | undefined, operation: ObjectId): Advanced {
  const rotated = isMarked(doc, 'rotatedBy', operation)
  if (!rotated && !isMarked(doc, 'repeatedBy', operation)) return null
  const session = sessionOf(doc)
  if (session.epoch !== user?.epoch || user.status !== 'active') return { kind: 'gone' }
  return { kind: rotated ? 'rotated' : 'repeated', user, session }
}

/**
 * Why a token was not taken; what it ends, ends in one transaction. Null where it can be taken by now.
 */
async function refuse(
  { collections, transact }: Workshop,
  rotation: Rotation,
  trail: Trail,
): Promise<Rotated | null> {
  const { userId, now } = rotation
  return transact<Rotated | null>(`user:${userId}`, async (tx) => {
    const session = await readSession(collections, rotation, tx)
    const user = session && (await readUser(collections, userId, tx))?.user
    if (!session || session.epoch !== user?.epoch || user.status !== 'active') {
      return drop({ kind: 'gone' })
    }
    if (session.expiresAt <= now) return drop({ kind: 'expired' })
    const behind = session.generation - rotation.generation
    if (behind < 0) return drop({ kind: 'gone' })
    if (behind === 0 || (behind === 1 && now - session.rotatedAt <= rotation.repeatMs)) return drop(null)
    await endSession(collections, rotation, tx)
    if (behind > 1) await record(collections, { trail, alive: userId }, tx)
    else await writeEvent(collections, trail.audit, tx)
    return keep({ kind: behind > 1 ? 'reused' : 'gone' })
  })
}
