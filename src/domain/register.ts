import { concealedLink } from './concealed-link.ts'
import type { Caller, Deps, ProfileRules } from './deps.ts'
import { DomainError, fieldError, refuseInvalid, type FieldError } from './errors.ts'
import { mergeProfile, userFieldErrors } from './field-rules.ts'
import { lifetimes } from './limits.ts'
import { newUser } from './new-user.ts'
import { oneTimeLink } from './one-time-link.ts'
import { breachErrors, passwordErrors, preparePassword } from './password-rules.ts'
import type { JsonObject } from './ports/runtime.ts'
import type { ClaimedField } from './ports/records.ts'
import type { Store } from './ports/store.ts'
import { auditEvent } from './trail.ts'
import type { User } from './user.ts'

export interface Registration {
  readonly username: string
  readonly email: string
  readonly password: string
  readonly profile?: JsonObject | undefined
  readonly locale?: string | undefined
}

/** The Idempotency-Key of the request, and the text of its body. */
export interface Idempotency {
  readonly key: string
  readonly body: string
}

/** `accepted`: under strict disclosure, whoever holds the address. */
export type Registered = { readonly kind: 'created'; readonly user: User } | { readonly kind: 'accepted' }

/**
 * Creates a user and mails the confirmation link, all in one step. The same Idempotency-Key with the same
 * body gives the first user again. Under strict disclosure the user stays pending until the link is
 * confirmed, a taken address is told to its holder only, and there is nothing that a key could give again.
 * Throws `registration_closed`, `validation_failed`, `email_taken` (never under strict disclosure) or
 * `username_taken` (both named where both are), `idempotency_key_reused`.
 */
export async function register(
  registration: Registration,
  caller: Caller & { readonly idempotency?: Idempotency | undefined },
  deps: Deps,
): Promise<Registered> {
  if (deps.rules.registration === 'closed') throw new DomainError('registration_closed')
  refuseInvalid(registrationErrors(registration, deps))
  refuseInvalid(await breachErrors(registration.password, deps))
  const strict = deps.rules.disclosure === 'strict'
  const passwordHash = await deps.passwords.hash(preparePassword(registration.password), caller.gone)
  const { username, email, locale } = registration
  const profile = mergeProfile({}, registration.profile ?? {})
  const status = strict ? 'pending' : 'active'
  const user = newUser({ username, email, locale, profile, passwordHash, status }, deps)
  const link = { kind: 'verify_email', owner: { ...user, epoch: 1 }, auditAction: null } as const
  const { token, mail } = strict ? await concealedLink(link, caller, deps) : oneTimeLink(link, caller, deps)
  const idempotency = strict ? undefined : caller.idempotency
  const created = await deps.store.createUser(
    { user, token, ...(idempotency && { idempotency: sealed(idempotency, deps) }) },
    { audit: auditEvent({ action: 'register', userId: user.id }, caller, deps), mail },
  )
  const stored = storedUser(created)
  return strict ? { kind: 'accepted' } : { kind: 'created', user: stored }
}

/** Every rule that a registration breaks, for as much of it as could be read. */
export function registrationErrors(
  registration: Partial<Registration>,
  deps: Pick<Deps, 'passwords' | 'rules'>,
): FieldError[] {
  const { password, profile = {} } = registration
  return [
    ...userFieldErrors(registration),
    ...(password === undefined ? [] : passwordErrors(password, { context: registration }, deps)),
    ...profileFieldErrors(profile, deps.rules.profile),
  ]
}

/** As it was sent and as it would be stored: a null that the rules allow is not kept either. */
export function profileFieldErrors(profile: JsonObject, rules: ProfileRules): readonly FieldError[] {
  const errors = rules.errors(profile)
  const isKept = !Object.values(profile).includes(null)
  return errors.length > 0 || isKept ? errors : rules.errors(mergeProfile({}, profile))
}

/** The user of a creation. Throws `email_taken`, `username_taken` or `idempotency_key_reused`. */
export function storedUser(created: Awaited<ReturnType<Store['createUser']>>): User {
  if (created.kind === 'conflict') throw taken(created.fields)
  if (created.kind === 'key_reused') throw new DomainError('idempotency_key_reused')
  return created.user
}

/** The 409 for claims that somebody else holds: the first names the problem, all are listed. */
export function taken(fields: readonly ClaimedField[]): DomainError {
  const errors = fields.map((field) => fieldError(`/${field}`, `${field}_taken`))
  return new DomainError(fields.includes('email') ? 'email_taken' : 'username_taken', { errors })
}

function sealed(idempotency: Idempotency, deps: Deps) {
  return {
    key: deps.secrets.mac('idempotency', `register ${idempotency.key}`),
    body: deps.secrets.mac('idempotency', `body ${idempotency.body}`),
    expiresAt: deps.clock.now() + lifetimes.idempotencyMs,
  }
}
