/**
 * The storage port: one business step a method, each whole or not at all, its guard inside, so that of N
 * racing calls exactly one wins. The caller supplies time, ids and hashes: a repeated call with the same
 * ones is the same call. Expected outcomes are returned as `{ kind }`; a throw means that the database
 * failed, as a `DomainError`: `overloaded` (surely not applied), `store_unavailable` (may be applied; safe
 * to repeat), and at open `store_incompatible`. Only the adapters in `store/` implement it.
 */
import type { NewSession, Session } from '../session.ts'
import type { NewUser, Role, User } from '../user.ts'
import type { AdministrationStore } from './administration.ts'
import type { CounterStore } from './counters.ts'
import type { MovingStore } from './moving.ts'
import type {
  AuditEvent,
  ClaimedField,
  Erased,
  Exported,
  Hash,
  NewToken,
  OutgoingMail,
  Retained,
  SealedInboxMessage,
  StoredKey,
  TokenKind,
  TokenState,
  Trail,
} from './records.ts'
import type { Id, JsonObject, Ms } from './runtime.ts'

/** There is no such user. */
export type NotThere = { readonly kind: 'not_found' }
/** A version, an epoch, a status or a token no longer holds. */
export type Stale = { readonly kind: 'stale' }
/** Somebody else holds these; all of them are named, in the order e-mail, username. */
export type Conflict = { readonly kind: 'conflict'; readonly fields: readonly ClaimedField[] }

/** What a profile update writes; what is left out stays. */
export interface ProfileChange {
  readonly userId: Id
  readonly expectVersion: number
  /** The epoch under which the caller was let in. */
  readonly expectEpoch: number
  readonly now: Ms
  readonly username?: string
  readonly locale?: string
  /** The whole merged profile. */
  readonly profile?: JsonObject
  /**
   * Asks for a change of address, or (null) takes the request back. The address itself does not change
   * here.
   */
  readonly pendingEmail?: string | null
  /** The `change_email` token that belongs to `pendingEmail`. */
  readonly token?: NewToken
  /** Under strict disclosure a verified holder of `pendingEmail` is no conflict; it is told by mail. */
  readonly concealTaken?: boolean
}

/** One business step a method; see the head of this file. */
export interface Store extends AdministrationStore, CounterStore, MovingStore {
  /** Ends queued writes, then releases the database; later calls throw `store_unavailable`. */
  close(): Promise<void>
  /** Whether a write would be taken now; `detail` names what is wrong, for the operator's log. */
  health(): Promise<{ readonly writable: boolean; readonly detail: string }>

  // users

  /**
   * User, both claims, audit event, one-time token, mail and idempotency record: all or nothing. The same
   * id again is `repeated`, and so is an idempotency key with the same body; with another body it is
   * `key_reused`. A `pending` user claims its username only: its address may be somebody else's.
   */
  createUser(
    creation: {
      readonly user: NewUser
      readonly token?: NewToken
      /** `key`: HMAC of route and key (an identifier `k:…`); `body`: HMAC of the body. */
      readonly idempotency?: { readonly key: Uint8Array; readonly body: Uint8Array; readonly expiresAt: Ms }
    },
    trail: Trail,
  ): Promise<
    | { readonly kind: 'created' | 'repeated'; readonly user: User }
    | Conflict
    | { readonly kind: 'key_reused' }
  >
  /** The user as committed, whatever its status. */
  findUser(query: { readonly id: Id }): Promise<User | null>
  /**
   * By `e:<email key>` or `u:<username key>` (see `keys.ts`); a key of any other form finds nobody, and
   * nobody finds a `pending` user.
   */
  findUserByIdentifier(query: { readonly key: string }): Promise<User | null>
  /**
   * Compare-and-set on version and epoch; moves the username claim with it. `conflict` names a username
   * that another user holds and a pending address that a *verified* other user holds. A change without
   * claim, token or mail has no trail (null).
   */
  updateProfile(
    change: ProfileChange,
    trail: Trail | null,
  ): Promise<{ readonly kind: 'updated'; readonly user: User } | Conflict | Stale | NotThere>
  /**
   * Redeems a `verify_email` or `change_email` token of this very user and epoch: the address becomes
   * verified, or moves to the pending one (which must still be the token's), its claim with it. An
   * *unverified* other holder of the address is deleted with everything in the registry (event `displaced`,
   * completed with its id); a verified holder, or the last admin, is a `conflict`. All other tokens for
   * addresses die by no longer matching. A `pending` user becomes active and gets the claim of its address.
   */
  confirmEmail(
    confirmation: {
      readonly hash: Hash
      readonly userId: Id
      readonly now: Ms
      readonly displaced: AuditEvent
    },
    trail: Trail,
  ): Promise<{ readonly kind: 'confirmed'; readonly user: User } | Conflict | Stale>
  /**
   * Redeems a `reset_password` or `set_password` token exactly once: sets the hash, verifies the address
   * that it was mailed to, moves the epoch, drops the pending change, deletes every session and marks every
   * other token used. `stale` unless token, address, epoch and active status still hold. A `pending` user
   * becomes active and gets the claim of its address, as in `confirmEmail`; a verified holder is `stale`.
   */
  resetPassword(
    reset: {
      readonly hash: Hash
      readonly passwordHash: string
      readonly now: Ms
      readonly displaced: AuditEvent
    },
    trail: Trail,
  ): Promise<{ readonly kind: 'reset'; readonly user: User; readonly sessionsRevoked: number } | Stale>
  /**
   * Sets the hash, moves the epoch, deletes the other sessions and re-stamps this one, marks every token
   * used and drops the pending change. `stale` unless the session lives and the epoch still holds.
   */
  changePassword(
    change: {
      readonly userId: Id
      readonly sessionId: Id
      readonly expectEpoch: number
      readonly passwordHash: string
      readonly now: Ms
    },
    trail: Trail,
  ): Promise<{ readonly kind: 'changed'; readonly user: User } | Stale>
  /**
   * Puts another hash of the same password in the place of this one, once; nothing else changes, the version
   * and the epoch included. `stale` where the hash is another one by now, and where there is no such user.
   */
  upgradePasswordHash(upgrade: {
    readonly userId: Id
    readonly from: string
    readonly to: string
  }): Promise<{ readonly kind: 'upgraded' } | Stale>
  /**
   * The user and everything in the registry that holds it vanish in one commit; only the audit events stay,
   * and `idHash` (`Secrets.hashId`) in the deletion ledger. The same e-mail and username are free at once.
   * `stale` when the epoch or the roles are others than expected (epoch null, no roles: any), `last_admin`
   * when no other user has the role admin, status active and a password; a repeated deletion passes that.
   */
  deleteUser(
    deletion: {
      readonly userId: Id
      readonly expectEpoch: number | null
      readonly expectRoles?: readonly Role[]
      readonly idHash: Hash
      readonly lastAdminToo?: true
      readonly now: Ms
    },
    trail: Trail,
  ): Promise<
    | { readonly kind: 'deleted'; readonly erased: Erased; readonly retained: readonly Retained[] }
    | { readonly kind: 'last_admin' }
    | Stale
    | NotThere
  >
  /** One array for each registry entry, under the keys of `Erased`; times are RFC 3339, `sealed` base64. */
  exportUser(query: { readonly userId: Id }): Promise<Exported | null>

  // sessions

  /**
   * Stores the session and sets the last sign-in, if the user still has this epoch and is active as it
   * commits. At 50 sessions the least recently used one ends.
   */
  openSession(
    session: NewSession,
    trail: Trail,
  ): Promise<{ readonly kind: 'opened'; readonly user: User } | Stale>
  /**
   * User and live session of an access token: not expired, of the user's epoch, the user active; else null.
   */
  findSession(query: {
    readonly userId: Id
    readonly sessionId: Id
    readonly now: Ms
  }): Promise<{ readonly user: User; readonly session: Session } | null>
  /**
   * Presents a refresh token of this generation. `rotated`: it was the newest, the next is born and lives
   * until `idleEndsAt` or the absolute end. `repeated`: one behind, within `repeatMs` of the rotation; the
   * successor is the row's generation (counted by a guarded write). `reused`: more than one behind; the
   * session has ended with the trail. `gone`: no such session, or one behind and late (it has ended,
   * without mail), or another epoch or status. Of N racing calls one rotates, the others repeat.
   */
  rotateSession(
    rotation: {
      readonly userId: Id
      readonly sessionId: Id
      readonly generation: number
      readonly refreshKeyId: number
      readonly now: Ms
      readonly idleEndsAt: Ms
      readonly repeatMs: Ms
    },
    trail: Trail,
  ): Promise<
    | { readonly kind: 'rotated' | 'repeated'; readonly user: User; readonly session: Session }
    | { readonly kind: 'reused' | 'expired' | 'gone' }
  >
  /** A new generation with a new `authTime`, if session, epoch and status still hold as it commits. */
  renewSession(
    renewal: {
      readonly userId: Id
      readonly sessionId: Id
      readonly expectEpoch: number
      readonly refreshKeyId: number
      readonly now: Ms
      readonly idleEndsAt: Ms
    },
    trail: Trail,
  ): Promise<{ readonly kind: 'renewed'; readonly user: User; readonly session: Session } | Stale>
  /** The live sessions of a user, the most recently used first; at most 50. */
  listSessions(query: { readonly userId: Id; readonly now: Ms }): Promise<readonly Session[]>
  /** Deletes one session or all but one; says how many live ones ended. */
  endSessions(
    which: { readonly userId: Id; readonly now: Ms } & ({ readonly only: Id } | { readonly allExcept: Id }),
    trail: Trail,
  ): Promise<{ readonly ended: number }>

  // one-time tokens

  /**
   * Token and sealed mail in one step. The audit event is written by `finishMail`, when the mail goes out.
   */
  putToken(token: NewToken, mail: OutgoingMail): Promise<void>
  /**
   * Looks at a token; null where it is unknown, its user gone or disabled, or its address another by now. A
   * `pending` user's is live too.
   */
  peekToken(query: {
    readonly hash: Hash
    readonly kinds: readonly TokenKind[]
    readonly now: Ms
  }): Promise<TokenState | null>

  // mail

  /** Takes due mails on lease until `leaseUntil`, oldest first; `attempts` counts those before this one. */
  claimMail(claim: {
    readonly now: Ms
    readonly leaseUntil: Ms
    readonly limit: number
  }): Promise<readonly (OutgoingMail & { readonly attempts: number })[]>
  /** Erases a mail: it went out (then with its event, if it has one), or nobody wants it. */
  finishMail(mail: { readonly id: Id; readonly audit: AuditEvent | null }): Promise<void>
  /** Puts a mail back for a later attempt. */
  retryMail(mail: { readonly id: Id; readonly dueAt: Ms }): Promise<void>
  /**
   * Adds a message to the built-in inbox and drops the oldest beyond `keep`; nothing where the user is
   * gone.
   */
  putInboxMessage(message: SealedInboxMessage, keep: number): Promise<void>
  /** The newest first, at most `limit`; only those after `after`, where given. */
  listInboxMessages(query: {
    readonly after?: Id | undefined
    readonly limit: number
  }): Promise<readonly SealedInboxMessage[]>

  // keys, housekeeping

  /** The keyring and its version; version 0 and no keys in a new store. */
  loadKeys(): Promise<{ readonly version: number; readonly keys: readonly StoredKey[] }>
  /** Replaces the whole keyring; one winner a version. */
  swapKeys(
    swap: { readonly expectVersion: number; readonly keys: readonly StoredKey[] },
    trail: Trail,
  ): Promise<{ readonly kind: 'swapped' } | Stale>
  /** Writes an event that belongs to no other step (an export, for one). */
  appendAudit(event: AuditEvent): Promise<void>
  /**
   * Deletes what has been expired long enough; says how many rows. Validity never depends on it. A
   * `pending` user goes with everything that holds it as its link ends: `lifetimes.verifyTokenMs` after its
   * creation, or `lifetimes.setPasswordTokenMs` where it has no password (an administrator asked for it).
   */
  sweep(at: { readonly now: Ms }): Promise<{ readonly deleted: number }>
  /** Rewrites free space, so that nothing deleted is readable in it. */
  scrub(): Promise<void>
}
