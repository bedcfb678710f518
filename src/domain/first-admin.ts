/**
 * How a new installation gets its first administrator, without a default account: by a setup link, which
 * whoever starts the server can read, or from settings. The third way is the command line.
 */
import type { Caller, Deps } from './deps.ts'
import { DomainError, refuseInvalid } from './errors.ts'
import { lifetimes } from './limits.ts'
import { newUser } from './new-user.ts'
import { oneTimeLink } from './one-time-link.ts'
import { breachErrors, preparePassword } from './password-rules.ts'
import type { ClaimedField } from './ports/records.ts'
import { registrationErrors, taken } from './register.ts'
import { auditEvent } from './trail.ts'
import type { User } from './user.ts'

/** Who is to become the administrator. */
export interface FirstAdmin {
  readonly username: string
  readonly email: string
  readonly password: string
  /** A language tag; English unless given. */
  readonly locale?: string | undefined
}

/** `used`: there is an administrator, whichever way it came to be. */
export type SetupLinkState = 'live' | DeadSetupLink
export type DeadSetupLink = 'invalid' | 'expired' | 'used'

/** A new setup token, of which only the hash is kept; null where there is an administrator. */
export async function offerSetupToken(deps: Deps): Promise<string | null> {
  if (await deps.store.hasAdmin()) return null
  const { token, hash } = deps.secrets.newOneTimeToken()
  const createdAt = deps.clock.now()
  await deps.store.putSetupToken({ hash, createdAt, expiresAt: createdAt + lifetimes.setupTokenMs })
  return token
}

/** Looks at a setup link without consuming it. */
export async function peekSetupLink(token: string, deps: Deps): Promise<SetupLinkState> {
  const hash = deps.secrets.hashOneTimeToken(token)
  const state = hash && (await deps.store.peekSetupToken({ hash, now: deps.clock.now() }))
  return state ?? 'invalid'
}

export type SetUp =
  | { readonly kind: 'created'; readonly user: User }
  | { readonly kind: 'dead'; readonly state: DeadSetupLink }

/**
 * Redeems a setup link: creates the first administrator and mails the confirmation link, all in one step.
 * What is refused leaves the link usable. Throws `validation_failed`, `email_taken` or `username_taken`.
 */
export async function setUpFirstAdmin(
  { token, ...person }: FirstAdmin & { readonly token: string },
  caller: Caller,
  deps: Deps,
): Promise<SetUp> {
  const hash = deps.secrets.hashOneTimeToken(token)
  const state = await peekSetupLink(token, deps)
  if (!hash || state !== 'live') return dead(state)
  refuseInvalid(registrationErrors(person, deps))
  refuseInvalid(await breachErrors(person.password, deps))
  const passwordHash = await deps.passwords.hash(preparePassword(person.password), caller.gone)
  const user = newUser({ ...person, passwordHash, roles: ['admin'] }, deps)
  const owner = { ...user, epoch: 1 }
  const link = oneTimeLink({ kind: 'verify_email', owner, auditAction: null }, caller, deps)
  const created = await deps.store.createFirstAdmin(
    { user, token: link.token, setup: { hash, now: deps.clock.now() } },
    {
      audit: auditEvent({ action: 'first-admin', userId: user.id, detail: 'setup link' }, caller, deps),
      mail: link.mail,
    },
  )
  if (created.kind === 'created') return created
  if (created.kind === 'conflict') throw taken(created.fields)
  return dead(created.kind === 'admin_exists' ? 'used' : await peekSetupLink(token, deps))
}

/** What was refused is not live, whatever a look at it says a moment later or earlier. */
function dead(state: SetupLinkState): SetUp {
  return { kind: 'dead', state: state === 'live' ? 'invalid' : state }
}

/**
 * Creates the administrator that the settings name, its address taken as proven, unless there is one. An
 * account that exists is never changed: where it holds the address or the name, that is logged. Throws
 * `start_refused` for a field that breaks a rule.
 */
export async function ensureFirstAdmin(person: FirstAdmin, deps: Deps): Promise<void> {
  if (await deps.store.hasAdmin()) return
  await refuseSettings(person, deps)
  const passwordHash = await deps.passwords.hash(preparePassword(person.password))
  const user = newUser({ ...person, passwordHash, roles: ['admin'], emailVerified: true }, deps)
  const happening = { action: 'first-admin', userId: user.id, actorId: null, detail: 'settings' }
  const caller = { requestId: 'start', userAgent: null }
  const created = await deps.store.createFirstAdmin(
    { user, setup: null },
    { audit: auditEvent(happening, caller, deps) },
  )
  if (created.kind === 'created') {
    deps.log.info({ event: 'first_admin_created', userId: user.id }, 'the first administrator was created')
  }
  // Of two nodes that start together one creates it, and the other one finds the claims taken.
  if (created.kind === 'conflict' && !(await deps.store.hasAdmin())) warnTaken(created.fields, deps)
}

const settings = { email: 'UM_ADMIN_EMAIL', username: 'UM_ADMIN_USERNAME' } as const

async function refuseSettings(person: FirstAdmin, deps: Deps): Promise<void> {
  const places: Readonly<Record<string, string>> = {
    '/email': `${settings.email} must name another address`,
    '/username': `${settings.username} must be another name`,
    '/password': 'The file of UM_ADMIN_PASSWORD_FILE must hold another password',
  }
  const broken = registrationErrors(person, deps)
  const problems = broken.length > 0 ? broken : await breachErrors(person.password, deps)
  const sentences = problems.map(({ pointer, message }) => `${places[pointer]}: ${message}`)
  if (sentences.length > 0) throw new DomainError('start_refused', { detail: sentences.join('\n') })
}

function warnTaken(fields: readonly ClaimedField[], deps: Deps): void {
  const names = fields.map((field) => settings[field]).join(' and ')
  deps.log.warn(
    { event: 'first_admin_taken', settings: names },
    `no administrator was created, since another account has what ${names} says: name another one, or give ` +
      'that account the role admin on the command line',
  )
}
