import type { Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { queues } from './limits.ts'
import { requireNoMore } from './policy.ts'
import type { NotThere, Stale } from './ports/store.ts'
import { registeredUser, type Target } from './read-user.ts'
import type { User } from './user.ts'

/**
 * A step on another user, allowed by the roles that the user has in that very step: where they have changed
 * meanwhile it is looked at again. Throws `user_not_found`, `insufficient_privilege`, `last_admin`.
 */
export async function actOnUser<Done extends { readonly kind: string }>(
  { actor, id }: Target,
  step: (user: User) => Promise<Done | { readonly kind: 'last_admin' } | Stale | NotThere>,
  deps: Deps,
): Promise<Done> {
  for (let attempt = 0; attempt < queues.profileRetries; attempt += 1) {
    const user = await registeredUser(id, deps)
    requireNoMore(actor, user.roles, deps.rules.roles)
    const outcome = await step(user)
    if (isKind(outcome, 'last_admin')) throw new DomainError('last_admin')
    if (isKind(outcome, 'not_found')) throw new DomainError('user_not_found')
    if (!isKind(outcome, 'stale')) return outcome as Done
  }
  throw new DomainError('overloaded', { detail: 'The user is being changed by many requests at once.' })
}

function isKind(outcome: { readonly kind: string }, kind: string): boolean {
  return outcome.kind === kind
}
