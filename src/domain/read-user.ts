import type { Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { requirePermission, type Actor, type Administrator } from './policy.ts'
import type { Id } from './ports/runtime.ts'
import type { Session } from './session.ts'
import type { User } from './user.ts'

/** Whom an administrator means. */
export interface Target {
  readonly actor: Administrator
  readonly id: Id
}

/**
 * A user by id: one's own always, another with `users:read`. Throws `permission_denied` or
 * `user_not_found`.
 */
export async function readUser({ actor, id }: { actor: Actor; id: Id }, deps: Deps): Promise<User> {
  if (id === actor.userId) return actor.user
  requirePermission(actor, 'users:read')
  return registeredUser(id, deps)
}

/** The live sessions of a user, with `users:read`. Throws `permission_denied` or `user_not_found`. */
export async function sessionsOfUser({ actor, id }: Target, deps: Deps): Promise<readonly Session[]> {
  requirePermission(actor, 'users:read')
  const user = await registeredUser(id, deps)
  return deps.store.listSessions({ userId: user.id, now: deps.clock.now() })
}

/** Whoever has confirmed nothing yet under strict disclosure is nobody. Throws `user_not_found`. */
export async function registeredUser(id: Id, deps: Deps): Promise<User> {
  const user = await deps.store.findUser({ id })
  if (!user || user.status === 'pending') throw new DomainError('user_not_found')
  return user
}
