/** The part of the storage port that administration, set-up and the command line use; see `store.ts`. */
import type { MovedUser, NewUser, Role, Status, User } from '../user.ts'
import type { AuditEvent, Hash, NewToken, Trail } from './records.ts'
import type { Id, Ms } from './runtime.ts'
import type { Conflict, NotThere, Stale } from './store.ts'

/** By what a list of users can be sorted; ids, which mostly grow with time, decide between equals. */
export const userSorts = ['created_at', 'email', 'username', 'last_sign_in_at'] as const

/** One of them. */
export type UserSort = (typeof userSorts)[number]

/**
 * A place in a sorted list, as a row's own values and not as a count: the same whatever comes and goes
 * around it. `value` is the sort key: the key of the address or name, a time, or null for a user that has
 * never signed in (the least of all times).
 */
export interface Position {
  readonly direction: 'next' | 'previous'
  readonly value: string | number | null
  readonly id: Id
}

/** A part of a list; a position is null where nothing is left on that side. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: Position | null
  readonly previous: Position | null
}

/** Which users; all that is given must fit. `pending` users are in no list. */
export interface UserQuery {
  /** A prefix of the address or the username, in lower case. */
  readonly search: string | null
  readonly role: Role | null
  readonly status: Exclude<Status, 'pending'> | null
  readonly verified: boolean | null
  readonly sort: UserSort
  readonly descending: boolean
  readonly limit: number
  /** Null: the first page. */
  readonly from: Position | null
}

/** Something in the data that should not be; ids, keys of claims and indexes are named, nothing else. */
export interface Finding {
  readonly kind:
    | 'claim_without_user'
    | 'user_without_claim'
    | 'row_without_user'
    | 'admin_count_wrong'
    | 'value_unreadable'
    | 'index_missing'
  /** The table or collection. */
  readonly where: string
  /** The id of the user or of the row, or the name of the index. */
  readonly id: string
}

/** What becomes of one of many users that are added. */
export type Addition = { readonly kind: 'added' | 'repeated' } | Conflict

/** A one-time link with which the first administrator is made; nobody's until then. */
export interface SetupToken {
  readonly hash: Hash
  readonly createdAt: Ms
  readonly expiresAt: Ms
}

/** The steps of administration. */
export interface AdministrationStore {
  /**
   * One page of users, in the order asked for. Every user that stays as it is during a walk appears exactly
   * once, in both directions, whatever comes and goes. A page costs the same at any depth: where few users
   * fit the filters it looks at them alone, else at no more than `lists.scanMax` of all (and
   * on MongoDB for no more than `lists.scanMs`), so that it may
   * have fewer than `limit` items and still a `next`.
   */
  listUsers(query: UserQuery): Promise<Page<User>>
  /**
   * Sets roles and status. A role that is lost, or the status `disabled`, moves the epoch (sessions, links
   * and pending changes are dead); where nothing differs nothing is written. `stale` when the roles are not
   * `expectRoles`, under which the caller was allowed to act; `last_admin` as for `deleteUser`.
   */
  changeAccess(
    change: {
      readonly userId: Id
      readonly expectRoles: readonly Role[]
      readonly roles?: readonly Role[]
      readonly status?: Exclude<Status, 'pending'>
      readonly now: Ms
    },
    trail: Trail,
  ): Promise<
    { readonly kind: 'changed'; readonly user: User } | { readonly kind: 'last_admin' } | Stale | NotThere
  >
  /** Moves the epoch and deletes every session; says how many live ones there were. `stale` as above. */
  signOutUser(
    which: { readonly userId: Id; readonly expectRoles: readonly Role[]; readonly now: Ms },
    trail: Trail,
  ): Promise<{ readonly kind: 'signed_out'; readonly sessionsRevoked: number } | Stale | NotThere>
  /**
   * Stores many users with their claims, each whole or not at all, without mail; one verdict a user, in the
   * same order. The same id again is `repeated`.
   */
  addUsers(batch: readonly MovedUser[], trail: Trail): Promise<readonly Addition[]>
  /** What `addUsers` would say now; nothing is written. */
  checkUsers(batch: readonly MovedUser[]): Promise<readonly Addition[]>
  /** Whether anybody has the role admin, status active and a password. */
  hasAdmin(): Promise<boolean>
  /** Stores a setup link; several may live side by side, and all die with the first administrator. */
  putSetupToken(token: SetupToken): Promise<void>
  /** Looks at a setup link without using it; null for an unknown one. `used`: there is an administrator. */
  peekSetupToken(query: {
    readonly hash: Hash
    readonly now: Ms
  }): Promise<'live' | 'expired' | 'used' | null>
  /**
   * Makes the first administrator: of N racing calls one wins, the others are `admin_exists`. With a `setup`
   * hash the link is redeemed in the same step, and `stale` unless it is live. A `token` (and the mail of the
   * trail) is stored with the user, as in `createUser`.
   */
  createFirstAdmin(
    creation: {
      readonly user: NewUser
      readonly token?: NewToken
      readonly setup: { readonly hash: Hash; readonly now: Ms } | null
    },
    trail: Trail,
  ): Promise<
    { readonly kind: 'created'; readonly user: User } | Conflict | Stale | { readonly kind: 'admin_exists' }
  >
  /** Events, the newest first (`next` leads to older ones); of one user or one actor where given. */
  listAudit(query: {
    readonly userId: Id | null
    readonly actorId: Id | null
    readonly limit: number
    readonly from: Position | null
  }): Promise<Page<AuditEvent>>
  /** How much mail waits to be sent, and since when the oldest of it has been due. */
  mailBacklog(): Promise<{ readonly waiting: number; readonly oldestDueAt: Ms | null }>
  /**
   * Checks a stretch of the data against itself, read only; `cursor` is null at the beginning and in the
   * answer at the end. A user that changes meanwhile may be named: check again.
   */
  verify(query: { readonly cursor: string | null }): Promise<{
    readonly checked: number
    readonly findings: readonly Finding[]
    readonly cursor: string | null
  }>
}
