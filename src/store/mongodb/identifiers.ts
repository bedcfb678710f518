/**
 * Claims: which key belongs to which user. The key is the `_id`, the one form that stays unique when the
 * collection is sharded. `e:` and `u:` find users; `k:` remembers an idempotency key with the HMAC of its
 * body until it expires, and the user's document names it, so that nothing is looked for by user here.
 */
import { readEmail, usernameKey } from '../../domain/keys.ts'
import type { ClaimedField } from '../../domain/ports/records.ts'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import type { User } from '../../domain/user.ts'
import { bounded, type Collections, type InSession } from './connection.ts'
import { bytes, id, idValue, text, time } from './documents.ts'
import type { StoredUser } from './user-documents.ts'

/** An idempotency key of a creation: HMAC of route and key, HMAC of the body. */
export interface IdempotencyRecord {
  readonly key: Uint8Array
  readonly body: Uint8Array
  readonly expiresAt: Ms
}

/** What decides about a user's claims. */
type Claimant = Pick<User, 'email' | 'username' | 'status'>

/** The key of an address that has passed `readEmail` before; anything else is a defect of the caller. */
export function emailKey(email: string): string {
  return readEmail(email)?.key ?? noKey('email')
}

/** The key of a username of the allowed form; anything else is a defect of the caller. */
export function nameKey(username: string): string {
  return usernameKey(username) ?? noKey('username')
}

export function idempotencyKey(record: IdempotencyRecord): string {
  return `k:${Buffer.from(record.key).toString('base64url')}`
}

/** What a user claims: a `pending` one its name only, its address may be somebody else's. */
export function claimsOf({ email, username, status }: Claimant): readonly string[] {
  return status === 'pending' ? [nameKey(username)] : [emailKey(email), nameKey(username)]
}

/** Which of a user's claims are in the way of a newcomer, in the order of the port. */
export function takenFields(user: Claimant, isTaken: (key: string) => boolean): readonly ClaimedField[] {
  const fieldOf = (key: string): ClaimedField => (key.startsWith('e:') ? 'email' : 'username')
  return claimsOf(user).filter(isTaken).map(fieldOf)
}

/** Every identifier that a user holds. */
export function keysOf({ user, idempotencyKey: remembered }: StoredUser): readonly string[] {
  const claims = claimsOf(user)
  return remembered === null ? claims : [...claims, remembered]
}

/** Whether a user bears the claim under which it was found. */
export function bears(user: User, key: string): boolean {
  return claimsOf(user).includes(key)
}

/** Who holds which of these keys. */
export async function holdersOf(
  { identifiers }: Collections,
  keys: readonly string[],
  within: InSession | typeof bounded = bounded,
): Promise<ReadonlyMap<string, Id>> {
  const page = { ...within, batchSize: keys.length + 1 }
  const found = await identifiers.find({ _id: { $in: keys } }, page).toArray()
  return new Map(found.map((doc) => [text(doc, '_id'), id(doc, 'userId')]))
}

/** Takes free keys for a user. */
export async function claim(
  collections: Collections,
  { keys, userId }: { readonly keys: readonly string[]; readonly userId: Id },
  tx: InSession,
): Promise<void> {
  await insertClaims(
    collections,
    keys.map((key) => ({ key, userId })),
    tx,
  )
}

/** A key that somebody holds is the duplicate that ends the transaction. */
export async function insertClaims(
  { identifiers }: Collections,
  claims: readonly { readonly key: string; readonly userId: Id }[],
  tx: InSession,
): Promise<void> {
  await identifiers.insertMany(
    claims.map(({ key, userId }) => ({ _id: key, userId: idValue(userId) })),
    tx,
  )
}

/** Exchanges a user's claim, or takes its first; the new key has to be free or the user's own. */
export async function moveClaim(
  collections: Collections,
  move: { readonly from: string | null; readonly to: string; readonly userId: Id },
  tx: InSession,
): Promise<void> {
  if (move.from === move.to) return
  if (move.from !== null) await collections.identifiers.deleteOne({ _id: move.from }, tx)
  await claim(collections, { keys: [move.to], userId: move.userId }, tx)
}

/** Remembers a creation; an expired record under the same key gives way, a live one is a duplicate. */
export async function remember(
  { identifiers }: Collections,
  { record, userId, now }: { readonly record: IdempotencyRecord; readonly userId: Id; readonly now: Ms },
  tx: InSession,
): Promise<void> {
  await identifiers.updateOne(
    { _id: idempotencyKey(record), purgeAt: { $lte: time(now) } },
    { $set: { userId: idValue(userId), body: record.body, purgeAt: time(record.expiresAt) } },
    { ...tx, upsert: true },
  )
}

/** Whose creation an idempotency key remembers, and whether its body was this one; null where it is free. */
export async function remembered(
  { identifiers }: Collections,
  record: IdempotencyRecord,
  now: Ms,
): Promise<{ readonly userId: Id; readonly sameBody: boolean } | null> {
  const filter = { _id: idempotencyKey(record), purgeAt: { $gt: time(now) } }
  const doc = await identifiers.findOne(filter, bounded)
  if (!doc) return null
  return { userId: id(doc, 'userId'), sameBody: Buffer.from(record.body).equals(bytes(doc, 'body')) }
}

function noKey(field: ClaimedField): never {
  throw new Error(`The ${field} has no key: it has to be checked before it is stored.`)
}
