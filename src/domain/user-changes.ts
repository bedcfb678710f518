/** How a user looks after a step: the same on every engine, whatever it writes. Each moves the version. */
import type { NewToken } from './ports/records.ts'
import type { Ms } from './ports/runtime.ts'
import type { ProfileChange } from './ports/store.ts'
import type { NewUser, User } from './user.ts'

/** A user as it is first stored. Only what is named goes in, whatever else the caller's object has. */
export function firstState(user: NewUser): User {
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
    updatedAt: user.createdAt,
    lastSignInAt: null,
    version: 1,
    epoch: 1,
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

/** The address that the token was mailed to is proven; a changed one takes the place of the old one. */
export function withConfirmedAddress(user: User, token: NewToken, now: Ms): User {
  return {
    ...user,
    email: token.email,
    emailVerified: true,
    pendingEmail: token.kind === 'change_email' ? null : user.pendingEmail,
    version: user.version + 1,
    updatedAt: now,
  }
}
