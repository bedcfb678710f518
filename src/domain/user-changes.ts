/** How a user looks after a step: the same on every engine, whatever it writes. Each moves the version. */
import type { NewToken } from './ports/records.ts'
import type { Ms } from './ports/runtime.ts'
import type { ProfileChange } from './ports/store.ts'
import type { MovedUser, Role, User } from './user.ts'

/** A user as it is first stored. Only what is named goes in, whatever else the caller's object has. */
export function firstState(user: MovedUser): User {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    emailVerified: user.emailVerified,
    pendingEmail: null,
    passwordHash: user.passwordHash,
    roles: user.roles,
    status: user.status,
    locale: user.locale,
    profile: user.profile,
    createdAt: user.createdAt,
    updatedAt: user.updatedAt ?? user.createdAt,
    lastSignInAt: user.lastSignInAt ?? null,
    version: 1,
    epoch: 1,
    deviceEpoch: 1,
  }
}

/** What the change leaves out stays. */
export function withProfile(user: User, change: ProfileChange): User {
  return {
    ...user,
    username: change.username ?? user.username,
    locale: change.locale ?? user.locale,
    profile: change.profile ?? user.profile,
    pendingEmail: change.pendingEmail === undefined ? user.pendingEmail : change.pendingEmail,
    version: user.version + 1,
    updatedAt: change.now,
  }
}

/** A new password moves the epoch, and with it goes whatever was pending. */
export function withPassword(user: User, passwordHash: string, now: Ms): User {
  return {
    ...user,
    passwordHash,
    pendingEmail: null,
    epoch: user.epoch + 1,
    version: user.version + 1,
    updatedAt: now,
  }
}

/**
 * Whoever sets a password with a mailed link has proven the address; what an earlier claimant of it has set
 * is dead, the devices that it knew included.
 */
export function withResetPassword(user: User, passwordHash: string, now: Ms): User {
  const { deviceEpoch } = user
  const changed = withPassword(user, passwordHash, now)
  return { ...changed, emailVerified: true, status: 'active', deviceEpoch: deviceEpoch + 1 }
}

/** The address that the token was mailed to is proven; a changed one takes the place of the old one. */
export function withConfirmedAddress(user: User, token: NewToken, now: Ms): User {
  return {
    ...user,
    email: token.email,
    emailVerified: true,
    status: user.status === 'pending' ? 'active' : user.status,
    pendingEmail: token.kind === 'change_email' ? null : user.pendingEmail,
    version: user.version + 1,
    updatedAt: now,
  }
}

/** A lost role, or a disabled account, moves the epoch, and with it goes whatever was pending. */
export function withAccess(
  user: User,
  change: { readonly roles?: readonly Role[]; readonly status?: User['status']; readonly now: Ms },
): User {
  const roles = change.roles ?? user.roles
  const status = change.status ?? user.status
  const loses = user.roles.some((role) => !roles.includes(role))
  const ends = loses || (status === 'disabled' && user.status !== 'disabled')
  return {
    ...user,
    roles,
    status,
    pendingEmail: ends ? null : user.pendingEmail,
    epoch: ends ? user.epoch + 1 : user.epoch,
    version: user.version + 1,
    updatedAt: change.now,
  }
}

/** Signing out everywhere moves the epoch, and with it goes whatever was pending. */
export function withoutSessions(user: User, now: Ms): User {
  return {
    ...user,
    pendingEmail: null,
    epoch: user.epoch + 1,
    deviceEpoch: user.deviceEpoch + 1,
    version: user.version + 1,
    updatedAt: now,
  }
}

/** Whether these are the same roles, whatever their order. */
export function sameRoles(one: readonly Role[], other: readonly Role[]): boolean {
  return one.length === other.length && one.every((role) => other.includes(role))
}
