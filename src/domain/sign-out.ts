import { actOnUser } from './act-on-user.ts'
import type { Caller, Deps } from './deps.ts'
import { requirePermission } from './policy.ts'
import type { Target } from './read-user.ts'
import { auditEvent } from './trail.ts'

/**
 * Ends every session of a user, with `sessions:write`; mailed links and pending changes die too. Throws
 * `permission_denied`, `user_not_found` or `insufficient_privilege`.
 */
export async function signOutUser(
  { actor, id }: Target,
  caller: Caller,
  deps: Deps,
): Promise<{ readonly sessionsRevoked: number }> {
  requirePermission(actor, 'sessions:write')
  return actOnUser(
    { actor, id },
    (user) => {
      const happening = { action: 'sign-out', userId: user.id, actorId: actor.userId }
      return deps.store.signOutUser(
        { userId: user.id, expectRoles: user.roles, now: deps.clock.now() },
        { audit: auditEvent(happening, caller, deps) },
      )
    },
    deps,
  )
}
