import type { Deps } from '../../src/domain/deps.ts'
import { preparePassword } from '../../src/domain/password-rules.ts'
import type { Status } from '../../src/domain/user.ts'

/** The password of every user that a test makes, unless the test registers it itself. */
export const PASSWORD = 'four plain words together'

export interface TestUser {
  readonly id: string
  readonly username: string
  readonly email: string
}

export interface UserOptions {
  readonly emailVerified?: boolean
  readonly status?: Status
  readonly roles?: readonly string[]
}

export type UserMaker = (options?: UserOptions) => Promise<TestUser>

/** Makes users in the store itself: with any status and role, and with one hash for all. */
export function createUsers(deps: Deps): UserMaker {
  let hash: Promise<string> | undefined
  let count = 0
  return async ({ emailVerified = true, status = 'active', roles = ['user'] } = {}) => {
    count += 1
    const names = { username: `person-${count}`, email: `mail${count}@example.com` }
    hash ??= deps.passwords.hash(preparePassword(PASSWORD))
    const passwordHash = await hash
    const now = deps.clock.now()
    const id = deps.ids.next()
    const user = {
      id,
      ...names,
      emailVerified,
      status,
      roles,
      passwordHash,
      locale: 'en',
      profile: {},
      createdAt: now,
    }
    const audit = {
      id: deps.ids.next(),
      at: now,
      action: 'register',
      actorId: null,
      userId: id,
      requestId: deps.ids.next(),
      detail: null,
    }
    await deps.store.createUser({ user }, { audit })
    return { id, ...names }
  }
}
