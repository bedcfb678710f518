import type { Caller, Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { deviceTokenFor, knownDevice, newDeviceNotice, readUserAgent } from './device.ts'
import { identifierKey, readEmail } from './keys.ts'
import { lifetimes } from './limits.ts'
import type { Session } from './session.ts'
import { signedIn, type SignedIn } from './signed-in.ts'
import { admitGuess } from './throttle.ts'
import { auditEvent } from './trail.ts'
import { upgradePasswordHash } from './upgrade-password.ts'
import type { User } from './user.ts'

export interface LoginAttempt {
  /** An address in `email`, an address or a username in `username`. */
  readonly identifier: { readonly email: string } | { readonly username: string }
  readonly password: string
  readonly deviceName: string | null
  /** What an earlier sign-in of this device was answered with. */
  readonly deviceToken?: string | null
}

/** A sign-in gives the device a token by which it is known again. */
export interface LoggedIn extends SignedIn {
  readonly deviceToken: string
}

/**
 * Signs a user in. Costs exactly one password hash on every path, so that time tells nothing (ASVS 6.3.8),
 * and has one answer for every reason. Throws `invalid_credentials`; only after a right password
 * `email_not_verified` or `account_disabled`; `overloaded` before any hash.
 */
export async function login(attempt: LoginAttempt, caller: Caller, deps: Deps): Promise<LoggedIn> {
  const key = keyOf(attempt.identifier)
  const user = await deps.store.findUserByIdentifier({ key: key ?? 'none' })
  const device = knownDevice(attempt.deviceToken ?? null, user, deps)
  const named = key ?? `malformed ${typed(attempt)}`
  const guess = await admitGuess(
    { account: user?.id ?? named, named, deviceId: device?.deviceId ?? null },
    caller,
    deps,
  )
  const hash = user?.passwordHash ?? null
  const right = await guess.settle(() => deps.passwords.verify(attempt.password, hash, caller.gone))
  // A throttled account answers as for a wrong password, after the same hash.
  if (!user || !right) throw refusal(user, caller, deps)
  if (user.status === 'disabled') throw new DomainError('account_disabled')
  if (deps.rules.requireVerifiedEmail && !user.emailVerified) throw new DomainError('email_not_verified')
  const session = newSession(user, attempt.deviceName, { caller, deps })
  const audit = auditEvent({ action: 'login', userId: user.id }, caller, deps)
  const mail = await newDeviceNotice(user, device, { caller, deps })
  const opened = await deps.store.openSession(session, { audit, ...(mail && { mail }) })
  if (opened.kind === 'stale') throw refusal(user, caller, deps)
  await upgradePasswordHash({ user, password: attempt.password }, caller, deps)
  const tokens = await signedIn(opened.user, session, deps)
  return { ...tokens, deviceToken: deviceTokenFor(opened.user, device, deps) }
}

function typed({ identifier }: LoginAttempt): string {
  return 'email' in identifier ? identifier.email : identifier.username
}

function keyOf(identifier: LoginAttempt['identifier']): string | null {
  return 'email' in identifier
    ? (readEmail(identifier.email)?.key ?? null)
    : identifierKey(identifier.username)
}

function refusal(user: User | null, caller: Caller, deps: Deps): DomainError {
  deps.log.info({ event: 'login_refused', userId: user?.id, requestId: caller.requestId }, 'login refused')
  return new DomainError('invalid_credentials')
}

function newSession(
  user: User,
  deviceName: string | null,
  { caller, deps }: { caller: Caller; deps: Deps },
): Session {
  const now = deps.clock.now()
  return {
    id: deps.ids.next(),
    userId: user.id,
    epoch: user.epoch,
    generation: 1,
    refreshKeyId: deps.secrets.refreshKeyId,
    rotatedAt: now,
    authTime: now,
    deviceName,
    userAgent: readUserAgent(caller),
    createdAt: now,
    lastUsedAt: now,
    expiresAt: now + Math.min(lifetimes.sessionIdleMs, lifetimes.sessionAbsoluteMs),
  }
}
