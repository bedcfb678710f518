/** Who may do what: roles are sets of permissions, one table decides. */
import { DomainError } from './errors.ts'
import { lifetimes } from './limits.ts'
import type { Id, Ms } from './ports/runtime.ts'
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

/** Every role that there is, and what it grants. */
export type RoleTable = Readonly<Record<Role, readonly Permission[]>>

/** The roles that every installation has; an operator's file adds others (`UM_ROLES_FILE`). */
export const builtInRoles: RoleTable = { admin: permissions, user: [] }

/** Whoever acts: with the permissions of this very request, not those of a token's birth. */
export interface Administrator {
  /** Null: the operator at the command line, who may do everything. */
  readonly userId: Id | null
  readonly permissions: readonly Permission[]
}

/** An authenticated caller. */
export interface Actor extends Administrator {
  readonly userId: Id
  readonly user: User
  readonly session: Session
  /** When the password was last proven, as the presented token says. */
  readonly authTime: Ms
}

/** Whoever can open the data folder, or the control socket in it, may do everything already. */
export const operator: Administrator = { userId: null, permissions }

/** The permissions of these roles, in the order of the table. A role that is not defined grants nothing. */
export function permissionsOf(roles: readonly Role[], table: RoleTable): readonly Permission[] {
  return permissions.filter((permission) => roles.some((role) => granted(role, table).includes(permission)))
}

export function holds(actor: Administrator, permission: Permission): boolean {
  return actor.permissions.includes(permission)
}

/** Throws `permission_denied`. */
export function requirePermission(actor: Administrator, permission: Permission): void {
  if (!holds(actor, permission)) throw new DomainError('permission_denied')
}

/** Throws `permission_denied` for everybody but the operator at the command line. */
export function requireOperator(actor: Administrator): void {
  if (actor.userId !== null) throw new DomainError('permission_denied')
}

/**
 * Nobody acts on, or makes, a user with a permission that the actor itself has not (Keycloak CVE-2025-7784).
 * Throws `insufficient_privilege`.
 */
export function requireNoMore(actor: Administrator, roles: readonly Role[], table: RoleTable): void {
  if (!permissionsOf(roles, table).every((permission) => holds(actor, permission))) {
    throw new DomainError('insufficient_privilege')
  }
}

/** Throws unless the presented token's password proof is at most five minutes old. */
export function requireFreshAuthentication(actor: Actor, now: Ms): void {
  if (now - actor.authTime > lifetimes.freshAuthenticationMs) {
    throw new DomainError('fresh_authentication_required')
  }
}

function granted(role: Role, table: RoleTable): readonly Permission[] {
  return Object.hasOwn(table, role) ? (table[role] ?? []) : []
}
