/**
 * The collections with their validators, indexes and shard keys. Nothing is unique but `_id`: a unique index
 * on anything else would forbid sharding later. Hashed shard keys from the first day, since ids grow with
 * time and a ranged key would send every insert to one shard. A validator catches foreign writers.
 */
import type { Document, IndexDescription } from 'mongodb'
import { input, mongodb as limits } from '../../domain/limits.ts'
import type { Collections } from './connection.ts'

/** The schema that this program writes, and the oldest program that may still use what it writes. */
export const schemaVersion = { max: 1, min: 1 } as const

export interface CollectionPlan {
  readonly name: keyof Collections
  /** Null for what is small and stays on one shard. */
  readonly shardKey: Readonly<Record<string, 'hashed'>> | null
  readonly indexes: readonly IndexDescription[]
  readonly validator: Document
}

const id = { bsonType: 'binData' }
const maybeId = { bsonType: ['binData', 'null'] }
const time = { bsonType: 'date' }
const maybeTime = { bsonType: ['date', 'null'] }
const count = { bsonType: ['int', 'long'], minimum: 0 }
const bytes = { bsonType: 'binData' }
const flag = { bsonType: 'bool' }
const text = (maxLength: number = limits.textMaxLength): Document => ({ bsonType: 'string', maxLength })
const maybeText = (maxLength: number = limits.textMaxLength): Document => ({
  bsonType: ['string', 'null'],
  maxLength,
})

/** An object with all of these fields, and perhaps others that a newer version writes. */
function all(properties: Document, optional: Document = {}): Document {
  return { bsonType: 'object', required: Object.keys(properties), properties: { ...properties, ...optional } }
}

const mailFields = {
  kind: text(),
  sealed: bytes,
  createdAt: time,
  expiresAt: time,
  due: time,
  attempts: count,
}

const byId = { _id: 'hashed' } as const
const hashed: IndexDescription = { name: 'shard', key: { _id: 'hashed' } }
const purge: IndexDescription = { name: 'purge', key: { purgeAt: 1 }, expireAfterSeconds: 0 }
const ofUser: IndexDescription = { name: 'user', key: { userId: 1 } }

export const plans: readonly CollectionPlan[] = [
  {
    name: 'identifiers',
    shardKey: byId,
    // Claims don't end, and have no entry in the index of what does.
    indexes: [hashed, { ...purge, partialFilterExpression: { purgeAt: { $exists: true } } }],
    validator: all({ _id: text(), userId: id }, { body: bytes, purgeAt: time }),
  },
  {
    name: 'users',
    shardKey: byId,
    indexes: [
      hashed,
      { name: 'created', key: { createdAt: 1, _id: 1 } },
      { name: 'roles', key: { roles: 1 } },
      { name: 'lastSignIn', key: { lastSignInAt: 1, _id: 1 } },
      // Whatever is not active, of which there is little; a comparison, since `$in` is not for older servers.
      {
        name: 'status',
        key: { status: 1, createdAt: 1 },
        partialFilterExpression: { status: { $gt: 'active' } },
      },
      {
        name: 'unverified',
        key: { emailVerified: 1 },
        partialFilterExpression: { emailVerified: false },
      },
    ],
    validator: all(
      {
        _id: id,
        username: text(input.usernameMaxLength),
        email: text(input.emailMaxLength),
        emailVerified: flag,
        pendingEmail: maybeText(input.emailMaxLength),
        passwordHash: maybeText(),
        roles: { bsonType: 'array', items: text() },
        status: { enum: ['active', 'disabled', 'pending'] },
        locale: text(),
        profile: text(),
        createdAt: time,
        updatedAt: time,
        lastSignInAt: maybeTime,
        version: count,
        epoch: count,
        deviceEpoch: count,
        sessionsOpened: count,
      },
      { idempotencyKey: text(), touched: count },
    ),
  },
  {
    name: 'sessions',
    shardKey: { userId: 'hashed' },
    indexes: [{ name: 'shard', key: { userId: 'hashed' } }, purge],
    validator: all({
      _id: id,
      userId: id,
      epoch: count,
      generation: count,
      refreshKeyId: count,
      rotatedAt: time,
      repeats: count,
      authTime: time,
      deviceName: maybeText(),
      userAgent: maybeText(),
      createdAt: time,
      lastUsedAt: time,
      expiresAt: time,
      purgeAt: time,
    }),
  },
  {
    name: 'tokens',
    shardKey: byId,
    indexes: [
      hashed,
      purge,
      ofUser,
      {
        name: 'due',
        key: { 'mail.due': 1, 'mail.id': 1 },
        partialFilterExpression: { 'mail.due': { $exists: true } },
      },
    ],
    validator: all(
      {
        _id: bytes,
        kind: text(),
        userId: maybeId,
        epoch: count,
        email: text(),
        createdAt: time,
        expiresAt: time,
        usedAt: maybeTime,
        purgeAt: time,
      },
      { mail: all({ id, ...mailFields }) },
    ),
  },
  {
    name: 'audit',
    shardKey: byId,
    indexes: [
      hashed,
      purge,
      { name: 'user', key: { userId: 1, _id: -1 } },
      { name: 'actor', key: { actorId: 1, _id: -1 } },
    ],
    validator: all({
      _id: id,
      at: time,
      action: text(),
      actorId: maybeId,
      userId: maybeId,
      requestId: text(),
      detail: maybeText(),
      purgeAt: time,
    }),
  },
  {
    name: 'deletions',
    shardKey: byId,
    indexes: [hashed, purge],
    validator: all({ _id: bytes, at: time, purgeAt: time }),
  },
  {
    name: 'outbox',
    shardKey: byId,
    indexes: [hashed, purge, ofUser, { name: 'due', key: { due: 1, _id: 1 } }],
    validator: all({ _id: id, userId: maybeId, ...mailFields, purgeAt: time }),
  },
  {
    name: 'inbox',
    shardKey: byId,
    indexes: [hashed, ofUser],
    validator: all({ _id: id, userId: id, sealed: bytes, sentAt: time }),
  },
  {
    name: 'counters',
    shardKey: byId,
    indexes: [hashed, purge],
    validator: all({ _id: text(), count, lastAt: time, purgeAt: time }, { admitted: flag }),
  },
  { name: 'keys', shardKey: null, indexes: [], validator: all({ version: count }) },
  { name: 'meta', shardKey: null, indexes: [], validator: all({ _id: text() }) },
]
