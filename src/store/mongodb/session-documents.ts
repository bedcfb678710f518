/** The collection of sessions, sharded by user: all of a user's sessions lie together. */
import type { Binary } from 'mongodb'
import { lifetimes } from '../../domain/limits.ts'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import type { NewSession, Session } from '../../domain/session.ts'
import type { User } from '../../domain/user.ts'
import type { Collections, InSession } from './connection.ts'
import { id, idValue, integer, maybeText, ms, time, type Doc } from './documents.ts'

export function sessionOf(doc: Doc): Session {
  return {
    id: id(doc, '_id'),
    userId: id(doc, 'userId'),
    epoch: integer(doc, 'epoch'),
    generation: integer(doc, 'generation'),
    refreshKeyId: integer(doc, 'refreshKeyId'),
    rotatedAt: ms(doc, 'rotatedAt'),
    authTime: ms(doc, 'authTime'),
    deviceName: maybeText(doc, 'deviceName'),
    userAgent: maybeText(doc, 'userAgent'),
    createdAt: ms(doc, 'createdAt'),
    lastUsedAt: ms(doc, 'lastUsedAt'),
    expiresAt: ms(doc, 'expiresAt'),
  }
}

/** The filter for one session; both parts, since the user is the shard key. */
export function sessionKey(key: { readonly userId: Id; readonly sessionId: Id }): {
  _id: Binary
  userId: Binary
} {
  return { _id: idValue(key.sessionId), userId: idValue(key.userId) }
}

export function isAlive(session: Session, user: User | null | undefined, now: Ms): boolean {
  return session.expiresAt > now && session.epoch === user?.epoch && user.status === 'active'
}

export async function insertSession(
  { sessions }: Collections,
  session: NewSession,
  tx: InSession,
): Promise<void> {
  const now = time(session.createdAt)
  const document = {
    ...sessionKey({ userId: session.userId, sessionId: session.id }),
    epoch: session.epoch,
    generation: 1,
    refreshKeyId: session.refreshKeyId,
    rotatedAt: now,
    repeats: 0,
    authTime: now,
    deviceName: session.deviceName,
    userAgent: session.userAgent,
    createdAt: now,
    lastUsedAt: now,
    expiresAt: time(session.expiresAt),
    purgeAt: time(session.expiresAt + lifetimes.purgeDelayMs),
  }
  await sessions.insertOne(document, tx)
}

export async function readSession(
  { sessions }: Collections,
  key: { readonly userId: Id; readonly sessionId: Id },
  within: InSession,
): Promise<Session | null> {
  const doc = await sessions.findOne(sessionKey(key), within)
  return doc && sessionOf(doc)
}

/** Every session of a user, dead ones too. */
export async function sessionsOf(
  { sessions }: Collections,
  userId: Id,
  within: InSession,
): Promise<readonly Session[]> {
  const found = await sessions.find({ userId: idValue(userId) }, within).toArray()
  return found.map(sessionOf)
}

export async function endSession(
  { sessions }: Collections,
  key: { readonly userId: Id; readonly sessionId: Id },
  tx: InSession,
): Promise<void> {
  await sessions.deleteOne(sessionKey(key), tx)
}

export async function endOthers(
  { sessions }: Collections,
  kept: { readonly userId: Id; readonly sessionId: Id },
  tx: InSession,
): Promise<void> {
  const { _id, userId } = sessionKey(kept)
  await sessions.deleteMany({ userId, _id: { $ne: _id } }, tx)
}

export async function endAll({ sessions }: Collections, userId: Id, tx: InSession): Promise<void> {
  await sessions.deleteMany({ userId: idValue(userId) }, tx)
}

/** Lets one session live on under a new epoch. */
export async function restamp(
  { sessions }: Collections,
  stamp: { readonly userId: Id; readonly sessionId: Id; readonly epoch: number },
  tx: InSession,
): Promise<void> {
  await sessions.updateOne(sessionKey(stamp), { $set: { epoch: stamp.epoch } }, tx)
}
