import type { Id, Ms } from '../../domain/ports/runtime.ts'
import { tokenKinds } from '../../domain/ports/records.ts'
import type { Hash, NewToken, OutgoingMail, TokenKind, TokenState } from '../../domain/ports/records.ts'
import { tokenState, type StoredToken } from '../../domain/token-state.ts'
import type { Database } from './connection.ts'
import { insertMail } from './mail.ts'
import {
  bytes,
  idBytes,
  integer,
  maybeId,
  maybeIdBytes,
  maybeInteger,
  oneOf,
  text,
  type Row,
} from './rows.ts'
import { findUser, userExists } from './user-rows.ts'

export const sql = {
  insert: `INSERT INTO one_time_tokens (hash, kind, user_id, epoch, email, created_at, expires_at)
    VALUES (:hash, :kind, :userId, :epoch, :email, :createdAt, :expiresAt) ON CONFLICT (hash) DO NOTHING`,
  byHash: `SELECT hash, kind, user_id, epoch, email, created_at, expires_at, used_at FROM one_time_tokens
    WHERE hash = :hash`,
  use: 'UPDATE one_time_tokens SET used_at = :now WHERE hash = :hash AND used_at IS NULL',
  useAll: 'UPDATE one_time_tokens SET used_at = :now WHERE user_id = :userId AND used_at IS NULL',
} as const

/** How a one-time token is presented: for which purposes, and when. */
export interface Presented {
  readonly hash: Hash
  readonly kinds: readonly TokenKind[]
  readonly now: Ms
}

/** Stores a token; the same hash again, or a user that is gone, changes nothing. */
export function insertToken(db: Database, token: NewToken): void {
  if (token.userId !== null && !userExists(db, token.userId)) return
  db.run(sql.insert, {
    hash: token.hash,
    kind: token.kind,
    userId: maybeIdBytes(token.userId),
    epoch: token.epoch,
    email: token.email,
    createdAt: token.createdAt,
    expiresAt: token.expiresAt,
  })
}

/** See `Store.putToken`. */
export function putToken(db: Database, token: NewToken, mail: OutgoingMail): void {
  insertToken(db, token)
  insertMail(db, mail)
}

/** See `Store.peekToken`. */
export function peekToken(db: Database, presented: Presented): TokenState | null {
  const row = db.get(sql.byHash, { hash: presented.hash })
  const token = row && tokenOf(row)
  if (!token || token.userId === null || !presented.kinds.includes(token.kind)) return null
  const user = findUser(db, token.userId)
  if (!user || user.status === 'disabled') return null
  const kind = tokenState(token, user, presented.now)
  return kind && { kind, token, user }
}

/**
 * Redeems a token and says whose it was; null, and nothing happens, unless it is live. The only way to use
 * one up.
 */
export function consume(db: Database, presented: Presented): TokenState | null {
  const found = peekToken(db, presented)
  if (found?.kind !== 'live') return null
  return db.run(sql.use, { hash: presented.hash, now: presented.now }) === 1 ? found : null
}

/** Uses up whatever tokens a user still has. */
export function useAllTokens(db: Database, userId: Id, now: Ms): void {
  db.run(sql.useAll, { userId: idBytes(userId), now })
}

function tokenOf(row: Row): StoredToken {
  return {
    hash: bytes(row, 'hash'),
    kind: oneOf(row, 'kind', tokenKinds),
    userId: maybeId(row, 'user_id'),
    epoch: integer(row, 'epoch'),
    email: text(row, 'email'),
    createdAt: integer(row, 'created_at'),
    expiresAt: integer(row, 'expires_at'),
    usedAt: maybeInteger(row, 'used_at'),
  }
}
