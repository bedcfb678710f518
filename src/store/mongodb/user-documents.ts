/** The collection of users: its documents, and the reads and writes that every other file uses. */
import type { Document } from 'mongodb'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import type { User } from '../../domain/user.ts'
import type { Collections, InSession, StoredDocument } from './connection.ts'
import {
  flag,
  id,
  idValue,
  integer,
  jsonObject,
  maybeMs,
  maybeText,
  ms,
  oneOf,
  text,
  texts,
  time,
  type Doc,
} from './documents.ts'

/** A user as stored, with what only this adapter needs. */
export interface StoredUser {
  readonly user: User
  /** The identifier of the idempotency key of its creation, where there was one. */
  readonly idempotencyKey: string | null
  /** Sessions opened since they were last counted: never less than there are. */
  readonly sessionsOpened: number
}

export function userOf(doc: Doc): User {
  return {
    id: id(doc, '_id'),
    username: text(doc, 'username'),
    email: text(doc, 'email'),
    emailVerified: flag(doc, 'emailVerified'),
    pendingEmail: maybeText(doc, 'pendingEmail'),
    passwordHash: maybeText(doc, 'passwordHash'),
    roles: texts(doc, 'roles'),
    status: oneOf(doc, 'status', ['active', 'disabled', 'pending']),
    locale: text(doc, 'locale'),
    profile: jsonObject(doc, 'profile'),
    createdAt: ms(doc, 'createdAt'),
    updatedAt: ms(doc, 'updatedAt'),
    lastSignInAt: maybeMs(doc, 'lastSignInAt'),
    version: integer(doc, 'version'),
    epoch: integer(doc, 'epoch'),
    deviceEpoch: integer(doc, 'deviceEpoch'),
  }
}

function storedUserOf(doc: Doc): StoredUser {
  return {
    user: userOf(doc),
    idempotencyKey: maybeText(doc, 'idempotencyKey'),
    sessionsOpened: integer(doc, 'sessionsOpened'),
  }
}

/** The user as this transaction or causal session sees it. */
export async function readUser(
  { users }: Collections,
  userId: Id,
  within: InSession,
): Promise<StoredUser | null> {
  const doc = await users.findOne({ _id: idValue(userId) }, within)
  return doc && storedUserOf(doc)
}

export async function insertUser(
  { users }: Collections,
  { user, idempotencyKey }: { readonly user: User; readonly idempotencyKey: string | null },
  tx: InSession,
): Promise<void> {
  const document = userDocument(user)
  await users.insertOne({ ...document, ...(idempotencyKey !== null && { idempotencyKey }) }, tx)
}

export async function insertUsers(
  { users }: Collections,
  newcomers: readonly User[],
  tx: InSession,
): Promise<void> {
  await users.insertMany(newcomers.map(userDocument), tx)
}

/** Writes every field of a user that may change; the transaction has read it. */
export async function saveUser({ users }: Collections, user: User, tx: InSession): Promise<void> {
  await users.updateOne({ _id: idValue(user.id) }, { $set: mutable(user) }, tx)
}

/**
 * The user after a sign-in, if it still has this epoch and is active; null otherwise. A write, so that every
 * change of the epoch that runs at the same time makes one of the two start again.
 */
export async function recordSignIn(
  { users }: Collections,
  signIn: { readonly userId: Id; readonly epoch: number; readonly now: Ms },
  tx: InSession,
): Promise<StoredUser | null> {
  const doc = await users.findOneAndUpdate(
    { _id: idValue(signIn.userId), epoch: signIn.epoch, status: 'active' },
    { $set: { lastSignInAt: time(signIn.now) }, $inc: { sessionsOpened: 1 } },
    { ...tx, returnDocument: 'after' },
  )
  return doc && storedUserOf(doc)
}

export async function setSessionsOpened(
  { users }: Collections,
  { userId, count }: { readonly userId: Id; readonly count: number },
  tx: InSession,
): Promise<void> {
  await users.updateOne({ _id: idValue(userId) }, { $set: { sessionsOpened: count } }, tx)
}

/** Takes the document away; false where somebody else has. */
export async function eraseUserDocument({ users }: Collections, userId: Id, tx: InSession): Promise<boolean> {
  return (await users.deleteOne({ _id: idValue(userId) }, tx)).deletedCount === 1
}

/**
 * Writes to the user without changing it: whatever hangs on its being there, or on its epoch, is in conflict
 * with a deletion or a move of the epoch at the same time. Null where there is no such user.
 */
export async function touchUser(
  { users }: Collections,
  userId: Id,
  tx: InSession,
): Promise<StoredUser | null> {
  const doc = await users.findOneAndUpdate(
    { _id: idValue(userId) },
    { $inc: { touched: 1 } },
    { ...tx, returnDocument: 'after' },
  )
  return doc && storedUserOf(doc)
}

function userDocument(user: User): StoredDocument {
  return {
    _id: idValue(user.id),
    ...mutable(user),
    createdAt: time(user.createdAt),
    sessionsOpened: 0,
  }
}

function mutable(user: User): Document {
  return {
    username: user.username,
    email: user.email,
    emailVerified: user.emailVerified,
    pendingEmail: user.pendingEmail,
    passwordHash: user.passwordHash,
    roles: user.roles,
    status: user.status,
    locale: user.locale,
    profile: JSON.stringify(user.profile),
    updatedAt: time(user.updatedAt),
    lastSignInAt: user.lastSignInAt === null ? null : time(user.lastSignInAt),
    version: user.version,
    epoch: user.epoch,
    deviceEpoch: user.deviceEpoch,
  }
}
