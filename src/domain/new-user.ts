import type { Deps } from './deps.ts'
import { readEmail } from './keys.ts'
import type { NewUser } from './user.ts'

/** What a new user is given; the rest is what most of them begin with. */
export type NewUserFields = Pick<NewUser, 'username' | 'email'> & {
  readonly [Field in Exclude<keyof NewUser, 'id' | 'createdAt'>]?: NewUser[Field] | undefined
}

/** A user that is about to be stored: without a password and active, unless it is said otherwise. */
export function newUser(given: NewUserFields, deps: Pick<Deps, 'ids' | 'clock'>): NewUser {
  return {
    id: deps.ids.next(),
    username: given.username,
    email: readEmail(given.email)?.address ?? given.email,
    emailVerified: given.emailVerified ?? false,
    passwordHash: given.passwordHash ?? null,
    roles: given.roles ?? ['user'],
    status: given.status ?? 'active',
    locale: given.locale ?? 'en',
    profile: given.profile ?? {},
    createdAt: deps.clock.now(),
  }
}
