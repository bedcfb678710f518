/**
 * Claims: which key belongs to which user. `e:` and `u:` find users; `k:` remembers an idempotency key with
 * the HMAC of its body until it expires.
 */
import { readEmail, usernameKey } from '../../domain/keys.ts'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import type { ClaimedField } from '../../domain/ports/records.ts'
import type { User } from '../../domain/user.ts'
import type { Database } from './connection.ts'
import { bytes, id, idBytes } from './rows.ts'
import { userColumns, userOf } from './user-rows.ts'

export const sql = {
  holder: 'SELECT user_id FROM identifiers WHERE key = :key',
  userByKey: `SELECT ${userColumns} FROM identifiers i JOIN users u ON u.id = i.user_id
    WHERE i.key = :key AND u.status <> 'pending'`,
  claim: 'INSERT INTO identifiers (key, user_id) VALUES (:key, :userId)',
  /** By place: this one is for many. */
  add: 'INSERT INTO identifiers (key, user_id) VALUES (?, ?) ON CONFLICT (key) DO NOTHING',
  release: 'DELETE FROM identifiers WHERE key = :key',
  remembered: 'SELECT user_id, body FROM identifiers WHERE key = :key AND expires_at > :now',
  remember: `INSERT INTO identifiers (key, user_id, body, expires_at)
    VALUES (:key, :userId, :body, :expiresAt)
    ON CONFLICT (key) DO UPDATE
    SET user_id = excluded.user_id, body = excluded.body, expires_at = excluded.expires_at`,
} as const

interface Claim {
  readonly field: ClaimedField
  readonly key: string
}

/** An idempotency key of a creation: HMAC of route and key, HMAC of the body. */
export interface IdempotencyRecord {
  readonly key: Uint8Array
  readonly body: Uint8Array
  readonly expiresAt: Ms
}

/** The key of an address that has passed `readEmail` before; anything else is a defect of the caller. */
export function emailKey(email: string): string {
  return readEmail(email)?.key ?? noKey('email')
}

/** The key of a username of the allowed form; anything else is a defect of the caller. */
export function nameKey(username: string): string {
  return usernameKey(username) ?? noKey('username')
}

/** The user that an `e:` or `u:` key leads to; of another form, or a `pending` user's, it leads to nobody. */
export function findUserByKey(db: Database, key: string): User | null {
  if (!key.startsWith('e:') && !key.startsWith('u:')) return null
  const row = db.get(sql.userByKey, { key })
  return row ? userOf(row) : null
}

/** The address that a user claims, by its key; null for one that is `pending`, which has none yet. */
export function claimedEmail({ status, email }: Pick<User, 'status' | 'email'>): string | null {
  return status === 'pending' ? null : emailKey(email)
}

/** What a user claims, in the order e-mail, username. */
export function claimsOf(user: Pick<User, 'status' | 'email' | 'username'>): Claim[] {
  const name: Claim = { field: 'username', key: nameKey(user.username) }
  const key = claimedEmail(user)
  return key === null ? [name] : [{ field: 'email', key }, name]
}

/** Who holds a claim; null where it is free. */
export function holderOf(db: Database, key: string): Id | null {
  const row = db.get(sql.holder, { key })
  return row ? id(row, 'user_id') : null
}

export function isHeldByOther(db: Database, key: string, userId: Id): boolean {
  const holder = holderOf(db, key)
  return holder !== null && holder !== userId
}

export function claim(db: Database, key: string, userId: Id): void {
  db.run(sql.claim, { key, userId: idBytes(userId) })
}

/** The same for one of many; false where somebody holds it. */
export function addClaim(db: Database, key: string, userId: Uint8Array): boolean {
  return db.run(sql.add, [key, userId]) === 1
}

export function releaseClaim(db: Database, key: string): void {
  db.run(sql.release, { key })
}

/** Exchanges a user's claim; the new key has to be free or the user's own. */
export function moveClaim(
  db: Database,
  move: { readonly from: string; readonly to: string },
  userId: Id,
): void {
  if (move.from === move.to) return
  releaseClaim(db, move.from)
  claim(db, move.to, userId)
}

/** Whose creation an idempotency key remembers, and whether its body was this one; null where it is free. */
export function remembered(
  db: Database,
  record: IdempotencyRecord,
  now: Ms,
): { readonly userId: Id; readonly sameBody: boolean } | null {
  const row = db.get(sql.remembered, { key: idempotencyKey(record), now })
  if (!row) return null
  return { userId: id(row, 'user_id'), sameBody: Buffer.from(record.body).equals(bytes(row, 'body')) }
}

/** Remembers a creation; an expired record under the same key gives way. */
export function remember(db: Database, record: IdempotencyRecord, userId: Id): void {
  db.run(sql.remember, {
    key: idempotencyKey(record),
    userId: idBytes(userId),
    body: record.body,
    expiresAt: record.expiresAt,
  })
}

function idempotencyKey(record: IdempotencyRecord): string {
  return `k:${Buffer.from(record.key).toString('base64url')}`
}

function noKey(field: ClaimedField): never {
  throw new Error(`The ${field} has no key: it has to be checked before it is stored.`)
}
