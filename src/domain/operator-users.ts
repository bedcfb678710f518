/** What only the operator does with users, at the command line: there is nobody to hide anything from. */
import { inOrder, roleErrors } from './change-access.ts'
import type { Caller, Deps } from './deps.ts'
import { DomainError, refuseInvalid, type FieldError } from './errors.ts'
import { userFieldErrors } from './field-rules.ts'
import { identifierKey } from './keys.ts'
import { newUser } from './new-user.ts'
import { breachErrors, passwordErrors, preparePassword } from './password-rules.ts'
import { requireNoMore, requirePermission, type Administrator } from './policy.ts'
import { registeredUser } from './read-user.ts'
import { storedUser } from './register.ts'
import { auditEvent } from './trail.ts'
import type { Role, User } from './user.ts'

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * The user that is meant by an id, an e-mail address or a username: no text can be two of them. Throws
 * `permission_denied` or `user_not_found`.
 */
export async function findUserByName(
  { actor, name }: { readonly actor: Administrator; readonly name: string },
  deps: Deps,
): Promise<User> {
  requirePermission(actor, 'users:read')
  if (ID.test(name)) return registeredUser(name.toLowerCase(), deps)
  const key = identifierKey(name)
  const user = key === null ? null : await deps.store.findUserByIdentifier({ key })
  if (!user) throw new DomainError('user_not_found')
  return user
}

export interface PasswordUserCreation {
  readonly username: string
  readonly email: string
  readonly password: string
  readonly roles?: readonly Role[] | undefined
  /** The operator vouches for the address. */
  readonly emailVerified?: boolean | undefined
}

/**
 * Creates an active user with a password, and so the first administrator too; no mail is sent. A taken
 * address is named whatever the disclosure. Throws `permission_denied`, `validation_failed`,
 * `insufficient_privilege`, `email_taken` or `username_taken`.
 */
export async function createUserWithPassword(
  { actor, creation }: { readonly actor: Administrator; readonly creation: PasswordUserCreation },
  caller: Caller,
  deps: Deps,
): Promise<User> {
  requirePermission(actor, 'users:write')
  requirePermission(actor, 'roles:write')
  refuseInvalid(passwordUserErrors(creation, deps))
  const roles = inOrder(creation.roles ?? ['user'], deps.rules.roles)
  requireNoMore(actor, roles, deps.rules.roles)
  refuseInvalid(await breachErrors(creation.password, deps))
  const passwordHash = await deps.passwords.hash(preparePassword(creation.password), caller.gone)
  const { username, email, emailVerified } = creation
  const user = newUser({ username, email, emailVerified, passwordHash, roles }, deps)
  const detail = `roles ${roles.join(' ')}`
  const happening = { action: 'create-user', userId: user.id, actorId: actor.userId, detail }
  const created = await deps.store.createUser({ user }, { audit: auditEvent(happening, caller, deps) })
  return storedUser(created)
}

/** Every rule that a creation breaks, for as much of it as could be read. */
export function passwordUserErrors(
  creation: Partial<PasswordUserCreation>,
  deps: Pick<Deps, 'passwords' | 'rules'>,
): FieldError[] {
  const { password } = creation
  return [
    ...userFieldErrors(creation),
    ...(password === undefined ? [] : passwordErrors(password, { context: creation }, deps)),
    ...roleErrors(creation, deps.rules.roles),
  ]
}
