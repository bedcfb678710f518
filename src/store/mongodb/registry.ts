/**
 * Every collection that stores a user id: how to erase, export and count what it holds of a user. Deletion,
 * its receipt and the export read this list and nothing else. A test finds the fields in the validators and
 * fails for one without an entry. The names are those of the SQLite store.
 */
import type { Filter } from 'mongodb'
import type { JsonObject, JsonValue } from '../../domain/ports/runtime.ts'
import type { Erased } from '../../domain/ports/records.ts'
import type { Collections, InSession, StoredDocument } from './connection.ts'
import { bytes, idValue, integer, maybeDoc, maybeId, maybeMs, maybeText, type Doc } from './documents.ts'
import { keysOf } from './identifiers.ts'
import { eraseUserDocument, type StoredUser } from './user-documents.ts'

/** How a field is exported: ids as UUIDs, times as RFC 3339, `blob` as base64. */
type FieldKind = 'text' | 'number' | 'id' | 'time' | 'blob'

/** Where an entry's documents lie: which collection, which of its documents, and what part of them. */
export interface Place {
  readonly collection: keyof Collections
  readonly filter: (stored: StoredUser) => Filter<StoredDocument>
  /** The field that holds the row; the whole document where there is none. */
  readonly within?: string
}

export interface Holding {
  /** The name under which rows are counted and exported. */
  readonly name: string
  readonly places: readonly Place[]
  /** The fields that hold a user id. */
  readonly userFields: readonly string[]
  /** Whether it outlives the user. */
  readonly stays?: true
  /** What an export shows: name, field, form. Left out are hashes and what is of no use outside. */
  readonly exported: readonly (readonly [name: string, field: string, kind: FieldKind])[]
}

const ofUser = (stored: StoredUser): Filter<StoredDocument> => ({ userId: idValue(stored.user.id) })

export const registry: readonly Holding[] = [
  {
    name: 'identifiers',
    places: [
      {
        collection: 'identifiers',
        filter: (stored) => ({ _id: { $in: keysOf(stored) }, userId: idValue(stored.user.id) }),
      },
    ],
    userFields: ['userId'],
    exported: [
      ['key', '_id', 'text'],
      ['expires_at', 'purgeAt', 'time'],
    ],
  },
  {
    name: 'sessions',
    places: [{ collection: 'sessions', filter: ofUser }],
    userFields: ['userId'],
    exported: [
      ['id', '_id', 'id'],
      ['device_name', 'deviceName', 'text'],
      ['user_agent', 'userAgent', 'text'],
      ['auth_time', 'authTime', 'time'],
      ['created_at', 'createdAt', 'time'],
      ['last_used_at', 'lastUsedAt', 'time'],
      ['expires_at', 'expiresAt', 'time'],
    ],
  },
  {
    // Before the tokens, whose documents carry some of them.
    name: 'outgoing_mails',
    places: [
      { collection: 'outbox', filter: ofUser },
      {
        collection: 'tokens',
        filter: (stored) => ({ ...ofUser(stored), mail: { $exists: true } }),
        within: 'mail',
      },
    ],
    userFields: ['userId'],
    exported: [
      ['id', 'id', 'id'],
      ['kind', 'kind', 'text'],
      ['created_at', 'createdAt', 'time'],
      ['expires_at', 'expiresAt', 'time'],
      ['due_at', 'due', 'time'],
      ['attempts', 'attempts', 'number'],
      ['sealed', 'sealed', 'blob'],
    ],
  },
  {
    name: 'one_time_tokens',
    places: [{ collection: 'tokens', filter: ofUser }],
    userFields: ['userId'],
    exported: [
      ['kind', 'kind', 'text'],
      ['email', 'email', 'text'],
      ['created_at', 'createdAt', 'time'],
      ['expires_at', 'expiresAt', 'time'],
      ['used_at', 'usedAt', 'time'],
    ],
  },
  {
    name: 'inbox_messages',
    places: [{ collection: 'inbox', filter: ofUser }],
    userFields: ['userId'],
    exported: [
      ['id', '_id', 'id'],
      ['sent_at', 'sentAt', 'time'],
      ['sealed', 'sealed', 'blob'],
    ],
  },
  {
    name: 'audit_events',
    places: [
      { collection: 'audit', filter: ofUser },
      {
        collection: 'audit',
        filter: ({ user }) => ({ actorId: idValue(user.id), userId: { $ne: idValue(user.id) } }),
      },
    ],
    userFields: ['userId', 'actorId'],
    stays: true,
    exported: [
      ['id', '_id', 'id'],
      ['at', 'at', 'time'],
      ['action', 'action', 'text'],
      ['actor_id', 'actorId', 'id'],
      ['user_id', 'userId', 'id'],
      ['request_id', 'requestId', 'text'],
      ['detail', 'detail', 'text'],
    ],
  },
]

/**
 * Deletes a user with everything that holds it, in the transaction of the caller. Counts the rows of each
 * entry; what outlives the user counts 0.
 */
export async function eraseUser(
  collections: Collections,
  stored: StoredUser,
  tx: InSession,
): Promise<Erased> {
  const counts: Record<string, number> = {}
  for (const holding of registry) {
    counts[holding.name] = holding.stays ? 0 : await eraseHolding(collections, { holding, stored }, tx)
  }
  await eraseUserDocument(collections, stored.user.id, tx)
  return counts
}

async function eraseHolding(
  collections: Collections,
  { holding, stored }: { readonly holding: Holding; readonly stored: StoredUser },
  tx: InSession,
): Promise<number> {
  let count = 0
  for (const { collection, filter, within } of holding.places) {
    const which = filter(stored)
    count += within
      ? (await collections[collection].updateMany(which, { $unset: { [within]: 1 } }, tx)).matchedCount
      : (await collections[collection].deleteMany(which, tx)).deletedCount
  }
  return count
}

/** A row of an entry as an export shows it. */
export function exportedRow(doc: Doc, holding: Holding, within: string | undefined): JsonObject {
  const row = within === undefined ? doc : maybeDoc(doc, within)
  return Object.fromEntries(
    holding.exported.map(([name, field, kind]) => [name, row ? exportedValue(row, field, kind) : null]),
  )
}

function exportedValue(doc: Doc, field: string, kind: FieldKind): JsonValue {
  // The id of a mail stands in another field where it waits by itself.
  const name = field === 'id' && doc['id'] === undefined ? '_id' : field
  switch (kind) {
    case 'text':
      return maybeText(doc, name)
    case 'number':
      return integer(doc, name)
    case 'id':
      return maybeId(doc, name)
    case 'time': {
      const at = maybeMs(doc, name)
      return at === null ? null : new Date(at).toISOString()
    }
    case 'blob':
      return Buffer.from(bytes(doc, name)).toString('base64')
  }
}
