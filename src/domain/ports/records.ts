/** What the store keeps beside users and sessions, and what it tells about them: plain data. */
import type { User } from '../user.ts'
import type { MailKind } from './mailer.ts'
import type { Id, JsonObject, Ms } from './runtime.ts'

/** SHA-256 of a bearer secret, 32 bytes. The secret itself never reaches the store. */
export type Hash = Uint8Array

/** The fields that are unique among users. */
export type ClaimedField = 'email' | 'username'

/** What happened, by whom, to whom: ids and nothing personal. */
export interface AuditEvent {
  readonly id: Id
  readonly at: Ms
  /** The stem of the use case, such as `login` or `reset-password`. */
  readonly action: string
  readonly actorId: Id | null
  readonly userId: Id | null
  readonly requestId: string
  readonly detail: string | null
}

/** A mail in the outbox: its parameters are sealed, since they carry live tokens. */
export interface OutgoingMail {
  readonly id: Id
  /** Null for the decoy that a request for an unknown address writes: equal work, never sent. */
  readonly userId: Id | null
  readonly kind: MailKind
  readonly sealed: Uint8Array
  readonly createdAt: Ms
  /** From here on nobody wants it any more. */
  readonly expiresAt: Ms
}

/** What rides in the same step as its cause. */
export interface Trail {
  readonly audit: AuditEvent
  readonly mail?: OutgoingMail
}

/** What a one-time token can be good for. */
export const tokenKinds = ['verify_email', 'change_email', 'reset_password', 'set_password'] as const

/** What a one-time token is good for. */
export type TokenKind = (typeof tokenKinds)[number]

/** A one-time token, bound to the exact address it was mailed to and to the epoch it was born under. */
export interface NewToken {
  readonly hash: Hash
  readonly kind: TokenKind
  /** Null for a decoy. */
  readonly userId: Id | null
  readonly epoch: number
  readonly email: string
  readonly createdAt: Ms
  readonly expiresAt: Ms
}

/** A one-time token as it is now, with its user. */
export interface TokenState {
  /** `used`: redeemed, or another link of this user was, or the password has changed since. */
  readonly kind: 'live' | 'expired' | 'used'
  readonly token: NewToken
  readonly user: User
}

/** Rows erased or exported, by the name of the registry entry that holds them. */
export type Erased = Readonly<Record<string, number>>
/** Rows by the name of their registry entry; the mirror of `Erased`. */
export type Exported = Readonly<Record<string, readonly JsonObject[]>>

/** What is left of a deleted user, why, and until when. */
export interface Retained {
  readonly what: string
  readonly reason: string
  readonly until: Ms
}

/** A signing key as stored; its private half is sealed. */
export interface StoredKey {
  readonly kid: string
  readonly algorithm: string
  /** `next` is published and does not sign yet; `retired` only verifies, until `retiresAt`. */
  readonly state: 'next' | 'active' | 'retired'
  readonly publicJwk: JsonObject
  readonly sealedPrivate: Uint8Array
  readonly createdAt: Ms
  /** Since when it signs, or did; null for a `next` one. */
  readonly activatedAt: Ms | null
  readonly retiresAt: Ms | null
}

/** A message of the built-in inbox as stored. */
export interface SealedInboxMessage {
  readonly id: Id
  readonly userId: Id
  readonly sealed: Uint8Array
  readonly sentAt: Ms
}
