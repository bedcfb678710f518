import { actOnUser } from './act-on-user.ts'
import type { DeletionReceipt } from './delete-account.ts'
import type { Caller, Deps } from './deps.ts'
import { requirePermission } from './policy.ts'
import type { Target } from './read-user.ts'
import { auditEvent } from './trail.ts'

/**
 * Deletes a user with everything that holds it, with `users:delete`; no mail is sent. Throws
 * `permission_denied`, `user_not_found`, `insufficient_privilege` or `last_admin`.
 */
export async function deleteUser(
  { actor, id }: Target,
  caller: Caller,
  deps: Deps,
): Promise<DeletionReceipt> {
  requirePermission(actor, 'users:delete')
  const happening = { action: 'delete-user', userId: id, actorId: actor.userId }
  const audit = auditEvent(happening, caller, deps)
  const deleted = await actOnUser(
    { actor, id },
    (user) =>
      deps.store.deleteUser(
        {
          userId: user.id,
          expectEpoch: null,
          expectRoles: user.roles,
          idHash: deps.secrets.hashId(user.id),
          now: audit.at,
        },
        { audit },
      ),
    deps,
  )
  return { deletionId: audit.id, deletedAt: audit.at, erased: deleted.erased, retained: deleted.retained }
}
