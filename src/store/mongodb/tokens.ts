import type { Document, Filter } from 'mongodb'
import { lifetimes } from '../../domain/limits.ts'
import { tokenKinds } from '../../domain/ports/records.ts'
import type { Hash, NewToken, OutgoingMail, TokenKind, TokenState } from '../../domain/ports/records.ts'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import { tokenState, type StoredToken } from '../../domain/token-state.ts'
import type { User } from '../../domain/user.ts'
import { bounded, type Collections, type InSession, type StoredDocument } from './connection.ts'
import {
  bytes,
  idValue,
  integer,
  maybeId,
  maybeIdValue,
  maybeMs,
  ms,
  oneOf,
  text,
  time,
  type Doc,
} from './documents.ts'
import { isDuplicate, isDuplicateCode, itemErrors } from './failures.ts'
import { createGroup, type Group, type Verdict } from './grouping.ts'
import type { Lookups } from './lookups.ts'
import { carriedMail } from './outbox.ts'
import { readUser } from './user-documents.ts'

/** How a one-time token is presented: for which purposes, and when. */
export interface Presented {
  readonly hash: Hash
  readonly kinds: readonly TokenKind[]
  readonly now: Ms
}

export interface TokenWithMail {
  readonly token: NewToken
  readonly mail: OutgoingMail | null
}

function tokenDocument({ token, mail }: TokenWithMail): StoredDocument {
  return {
    _id: token.hash,
    kind: token.kind,
    userId: maybeIdValue(token.userId),
    epoch: token.epoch,
    email: token.email,
    createdAt: time(token.createdAt),
    expiresAt: time(token.expiresAt),
    usedAt: null,
    purgeAt: time(token.expiresAt + lifetimes.purgeDelayMs),
    ...(mail && { mail: carriedMail(mail) }),
  }
}

/** Stores a token in the transaction of the step that makes it; the same hash again changes nothing. */
export async function insertToken(
  { tokens }: Collections,
  token: TokenWithMail,
  tx: InSession,
): Promise<void> {
  const { _id, ...rest } = tokenDocument(token)
  await tokens.updateOne({ _id }, { $setOnInsert: rest }, { ...tx, upsert: true })
}

/**
 * See `Store.putToken`: one insert, grouped with its like. It does not look whether the user is still there:
 * a token of nobody is worth nothing, and whoever comes to send its mail erases it.
 */
export function createTokenGroup({ tokens }: Collections): Group<TokenWithMail, void> {
  const insertOne = async (token: TokenWithMail): Promise<void> => {
    try {
      await tokens.insertOne(tokenDocument(token), bounded)
    } catch (error) {
      if (!isDuplicate(error)) throw error
    }
  }
  const insertMany = async (group: readonly TokenWithMail[]): Promise<readonly Verdict<void>[]> => {
    try {
      await tokens.insertMany(group.map(tokenDocument), { ...bounded, ordered: false })
      return group.map(() => ({ result: undefined }))
    } catch (error) {
      const failed = itemErrors(error)
      if (!failed) throw error
      return group.map((_, place) => {
        const code = failed.get(place)
        if (code === undefined || isDuplicateCode(code)) return { result: undefined }
        return { error: new Error(`MongoDB code ${code} for an item of a group`) }
      })
    }
  }
  return createGroup({
    keyOf: ({ token }) => Buffer.from(token.hash).toString('base64'),
    one: insertOne,
    many: insertMany,
  })
}

/** See `Store.peekToken`. */
export async function peekToken(
  { tokens }: Collections,
  lookups: Lookups,
  presented: Presented,
): Promise<TokenState | null> {
  const doc = await tokens.findOne(ofKind(presented), bounded)
  const token = doc && tokenOf(doc)
  if (!token || token.userId === null) return null
  return stateFor(token, await lookups.user(token.userId), presented)
}

/** What a token is worth to this transaction; `redeem` is what uses it up. */
export async function readToken(
  collections: Collections,
  presented: Presented,
  tx: InSession,
): Promise<TokenState | null> {
  const doc = await collections.tokens.findOne(ofKind(presented), tx)
  const token = doc && tokenOf(doc)
  if (!token || token.userId === null) return null
  const stored = await readUser(collections, token.userId, tx)
  return stateFor(token, stored?.user ?? null, presented)
}

/** Uses up a live token, in the transaction that has read it. The only way to do so. */
export async function redeem({ tokens }: Collections, presented: Presented, tx: InSession): Promise<void> {
  await tokens.updateOne({ _id: presented.hash, usedAt: null }, { $set: { usedAt: time(presented.now) } }, tx)
}

/** Uses up whatever tokens a user still has. */
export async function useAllTokens(
  { tokens }: Collections,
  { userId, now }: { readonly userId: Id; readonly now: Ms },
  tx: InSession,
): Promise<void> {
  const use: Document = { $set: { usedAt: time(now) } }
  await tokens.updateMany({ userId: idValue(userId), usedAt: null }, use, tx)
}

/** The collection holds links for setting up too, which are no token of anybody. */
function ofKind({ hash, kinds }: Presented): Filter<StoredDocument> {
  return { _id: hash, kind: { $in: [...kinds] } }
}

function stateFor(token: StoredToken, user: User | null, presented: Presented): TokenState | null {
  if (!user || user.status === 'disabled') return null
  const kind = tokenState(token, user, presented.now)
  return kind && { kind, token, user }
}

function tokenOf(doc: Doc): StoredToken {
  return {
    hash: bytes(doc, '_id'),
    kind: oneOf(doc, 'kind', tokenKinds),
    userId: maybeId(doc, 'userId'),
    epoch: integer(doc, 'epoch'),
    email: text(doc, 'email'),
    createdAt: ms(doc, 'createdAt'),
    expiresAt: ms(doc, 'expiresAt'),
    usedAt: maybeMs(doc, 'usedAt'),
  }
}
