/**
 * Concurrent reads of a kind share one command: MongoDB costs per command, not per document. A read joins
 * only a command that has not been sent, so it never sees less than what was committed when it was asked for.
 */
import DataLoader from 'dataloader'
import { mongodb as limits } from '../../domain/limits.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import type { Session } from '../../domain/session.ts'
import type { User } from '../../domain/user.ts'
import { bounded, type Collections, type Connection } from './connection.ts'
import { id, idText, idValue, text, type Doc } from './documents.ts'
import { sessionOf } from './session-documents.ts'
import { userOf } from './user-documents.ts'

export interface SessionKey {
  readonly userId: Id
  readonly sessionId: Id
}

export interface Lookups {
  user(userId: Id): Promise<User | null>
  session(key: SessionKey): Promise<Session | null>
  /** Whose identifier this is. */
  holder(key: string): Promise<Id | null>
}

/** All documents come in the first answer. */
const oneAnswer = { ...bounded, batchSize: limits.documentsPerRead, singleBatch: true }

export function createLookups({ collections }: Connection): Lookups {
  const users = loader<Id, User>((ids) => usersById(collections, ids))
  const sessions = loader<SessionKey, Session>((keys) => sessionsByKey(collections, keys))
  const holders = loader<string, Id>((keys) => holdersByKey(collections, keys))
  return {
    user: (userId) => users.load(userId),
    session: (key) => sessions.load(key),
    holder: (key) => holders.load(key),
  }
}

/** The library's own schedule sends every read alone (measured: 1.0 keys a command). */
function loader<Key, Value>(
  read: (keys: readonly Key[]) => Promise<(Value | null)[]>,
): DataLoader<Key, Value | null> {
  return new DataLoader<Key, Value | null>(read, {
    cache: false,
    maxBatchSize: limits.documentsPerRead,
    batchScheduleFn: (send) => setImmediate(send),
  })
}

async function usersById({ users }: Collections, ids: readonly Id[]): Promise<(User | null)[]> {
  const found = await users.find({ _id: { $in: ids.map(idValue) } }, oneAnswer).toArray()
  const byId = new Map(found.map((doc) => [id(doc, '_id'), userOf(doc)]))
  return ids.map((each) => byId.get(each) ?? null)
}

async function sessionsByKey(
  { sessions }: Collections,
  keys: readonly SessionKey[],
): Promise<(Session | null)[]> {
  const filter = {
    _id: { $in: keys.map(({ sessionId }) => idValue(sessionId)) },
    userId: { $in: keys.map(({ userId }) => idValue(userId)) },
  }
  const found = await sessions.find(filter, { ...oneAnswer, hint: { _id: 1 } }).toArray()
  const byId = new Map(found.map((doc) => [id(doc, '_id'), sessionOf(doc)]))
  return keys.map(({ userId, sessionId }) => {
    const session = byId.get(sessionId)
    return session?.userId === userId ? session : null
  })
}

async function holdersByKey({ identifiers }: Collections, keys: readonly string[]): Promise<(Id | null)[]> {
  const found = await identifiers.find({ _id: { $in: keys } }, oneAnswer).toArray()
  const byKey = new Map(found.map((doc: Doc) => [text(doc, '_id'), id(doc, 'userId')]))
  return keys.map((key) => byKey.get(key) ?? null)
}

/** An id that no user has: looking for nobody costs what looking for somebody costs. */
export const nobody: Id = idText(new Uint8Array(16))
