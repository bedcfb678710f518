import type { Id, JsonObject, Ms } from './ports/runtime.ts'

export type Role = string
/**
 * `pending`: asked for under strict disclosure. It holds its username and not its address, and is nobody
 * until its link is confirmed.
 */
export type Status = 'active' | 'disabled' | 'pending'

/** A user as stored. Wire names and what leaves the process are the business of `http/`. */
export interface User {
  readonly id: Id
  /** As typed; unique by its key (see `keys.ts`). */
  readonly username: string
  /** As verified or, before that, as typed; mail goes to this and no other form. */
  readonly email: string
  readonly emailVerified: boolean
  /** Asked for and not yet confirmed; dies with every move of the epoch. */
  readonly pendingEmail: string | null
  /** PHC string; null for a user that has not set a password yet. */
  readonly passwordHash: string | null
  readonly roles: readonly Role[]
  readonly status: Status
  /** BCP 47 language tag. */
  readonly locale: string
  readonly profile: JsonObject
  readonly createdAt: Ms
  readonly updatedAt: Ms
  readonly lastSignInAt: Ms | null
  /** Counts what the user sees change; the ETag. Signing in does not move it. */
  readonly version: number
  /** Security version: sessions, one-time tokens and pending changes of an older epoch are dead. */
  readonly epoch: number
  /** Device tokens of an older one are dead; signing out everywhere moves it, a new password does not. */
  readonly deviceEpoch: number
}

/** A user that is about to be stored: version and epoch begin at 1. */
export type NewUser = Omit<
  User,
  'version' | 'epoch' | 'deviceEpoch' | 'updatedAt' | 'lastSignInAt' | 'pendingEmail'
>

/** One that has been a user elsewhere before, and brings its times. */
export type MovedUser = NewUser & Partial<Pick<User, 'updatedAt' | 'lastSignInAt'>>
