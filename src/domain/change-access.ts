import { actOnUser } from './act-on-user.ts'
import type { Caller, Deps } from './deps.ts'
import { fieldError, refuseInvalid, type FieldError } from './errors.ts'
import { requireNoMore, requirePermission, type RoleTable } from './policy.ts'
import type { Target } from './read-user.ts'
import { auditEvent } from './trail.ts'
import type { Role, Status, User } from './user.ts'

/** What is left out stays. */
export interface AccessChange {
  readonly roles?: readonly Role[] | undefined
  readonly status?: Exclude<Status, 'pending'> | undefined
}

/**
 * Sets roles (with `roles:write`) and status (with `users:write`). A lost role, or a disabled account, ends
 * every session. Throws `permission_denied`, `validation_failed`, `user_not_found`, `insufficient_privilege`
 * or `last_admin`.
 */
export async function changeAccess(
  { actor, id, change }: Target & { readonly change: AccessChange },
  caller: Caller,
  deps: Deps,
): Promise<User> {
  const { status } = change
  if (change.roles) requirePermission(actor, 'roles:write')
  if (status) requirePermission(actor, 'users:write')
  refuseInvalid(roleErrors(change, deps.rules.roles))
  const roles = change.roles && inOrder(change.roles, deps.rules.roles)
  if (roles) requireNoMore(actor, roles, deps.rules.roles)
  const changed = await actOnUser(
    { actor, id },
    (user) => {
      const detail = [roles && `roles ${roles.join(' ')}`, status && `status ${status}`]
        .filter(Boolean)
        .join(', ')
      const happening = { action: 'change-access', userId: user.id, actorId: actor.userId, detail }
      return deps.store.changeAccess(
        {
          userId: user.id,
          expectRoles: user.roles,
          now: deps.clock.now(),
          ...(roles && { roles }),
          ...(status && { status }),
        },
        { audit: auditEvent(happening, caller, deps) },
      )
    },
    deps,
  )
  return changed.user
}

/** Every role that is asked for and not defined. */
export function roleErrors({ roles }: AccessChange, table: RoleTable): FieldError[] {
  return (roles ?? []).flatMap((role, place) =>
    Object.hasOwn(table, role)
      ? []
      : [
          fieldError(
            `/roles/${place}`,
            'field_format',
            `There is no role ${JSON.stringify(role.slice(0, 40))}; ` +
              `there are ${Object.keys(table).join(', ')}.`,
          ),
        ],
  )
}

/** Each once, in the order of the table, so that equal sets are equal texts. */
export function inOrder(roles: readonly Role[], table: RoleTable): readonly Role[] {
  return Object.keys(table).filter((role) => roles.includes(role))
}
