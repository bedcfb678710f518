import { inOrder, roleErrors } from './change-access.ts'
import { concealedLink } from './concealed-link.ts'
import type { Caller, Deps } from './deps.ts'
import { refuseInvalid, type FieldError } from './errors.ts'
import { userFieldErrors } from './field-rules.ts'
import { newUser } from './new-user.ts'
import { oneTimeLink } from './one-time-link.ts'
import { requireNoMore, requirePermission, type Administrator, type RoleTable } from './policy.ts'
import { storedUser, type Registered } from './register.ts'
import { auditEvent } from './trail.ts'
import type { Role } from './user.ts'

export interface UserCreation {
  readonly username: string
  readonly email: string
  readonly roles?: readonly Role[] | undefined
  readonly locale?: string | undefined
}

/**
 * Creates an active user without a password, with `users:write` (and `roles:write` for other roles than
 * `user`), and mails a set-password link. Under strict disclosure the user stays pending until the link is
 * redeemed, and a taken address is told to its holder only; from the operator nothing is concealed. Throws
 * `permission_denied`, `validation_failed`, `insufficient_privilege`, `email_taken` or `username_taken`.
 */
export async function createUser(
  { actor, creation }: { readonly actor: Administrator; readonly creation: UserCreation },
  caller: Caller,
  deps: Deps,
): Promise<Registered> {
  requirePermission(actor, 'users:write')
  refuseInvalid(creationErrors(creation, deps.rules.roles))
  const roles = inOrder(creation.roles ?? ['user'], deps.rules.roles)
  if (roles.some((role) => role !== 'user')) requirePermission(actor, 'roles:write')
  requireNoMore(actor, roles, deps.rules.roles)
  const strict = deps.rules.disclosure === 'strict' && actor.userId !== null
  const user = newUser({ ...creation, roles, status: strict ? 'pending' : 'active' }, deps)
  const link = { kind: 'set_password', owner: { ...user, epoch: 1 }, auditAction: null } as const
  const { token, mail } = strict ? await concealedLink(link, caller, deps) : oneTimeLink(link, caller, deps)
  const happening = { action: 'create-user', userId: user.id, actorId: actor.userId }
  const created = await deps.store.createUser(
    { user, token },
    { audit: auditEvent(happening, caller, deps), mail },
  )
  const stored = storedUser(created)
  return strict ? { kind: 'accepted' } : { kind: 'created', user: stored }
}

/** Every rule that a creation breaks, for as much of it as could be read. */
export function creationErrors(creation: Partial<UserCreation>, table: RoleTable): FieldError[] {
  return [...userFieldErrors(creation), ...roleErrors(creation, table)]
}
