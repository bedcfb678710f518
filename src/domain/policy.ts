/** Who may do what: roles are sets of permissions, one table decides. */
import { DomainError } from './errors.ts'
import { lifetimes } from './limits.ts'
import type { Ms } from './ports/runtime.ts'
import type { Session } from './session.ts'
import type { Role, User } from './user.ts'

export const permissions = [
  'users:read',
  'users:write',
  'users:delete',
  'roles:write',
  'sessions:write',
  'audit:read',
] as const
export type Permission = (typeof permissions)[number]

const builtIn: Readonly<Record<string, readonly Permission[]>> = { admin: permissions, user: [] }

/** An authenticated caller: as of this very request, not as of the token's birth. */
export interface Actor {
  readonly user: User
  readonly session: Session
  /** When the password was last proven, as the presented token says. */
  readonly authTime: Ms
}

/** The permissions of these roles, in the order of the table. A role that is not defined grants nothing. */
export function permissionsOf(roles: readonly Role[]): readonly Permission[] {
  return permissions.filter((permission) => roles.some((role) => granted(role).includes(permission)))
}

export function holds(user: User, permission: Permission): boolean {
  return permissionsOf(user.roles).includes(permission)
}

/** Throws unless the presented token's password proof is at most five minutes old. */
export function requireFreshAuthentication(actor: Actor, now: Ms): void {
  if (now - actor.authTime > lifetimes.freshAuthenticationMs) {
    throw new DomainError('fresh_authentication_required')
  }
}

function granted(role: Role): readonly Permission[] {
  return Object.hasOwn(builtIn, role) ? (builtIn[role] ?? []) : []
}
