import type { Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { holds, type Actor } from './policy.ts'
import type { Id } from './ports/runtime.ts'
import type { User } from './user.ts'

/**
 * A user by id: one's own always, another with `users:read`. Throws `permission_denied` or
 * `user_not_found`.
 */
export async function readUser({ actor, id }: { actor: Actor; id: Id }, deps: Deps): Promise<User> {
  if (id === actor.user.id) return actor.user
  if (!holds(actor.user, 'users:read')) throw new DomainError('permission_denied')
  const user = await deps.store.findUser({ id })
  if (!user) throw new DomainError('user_not_found')
  return user
}
