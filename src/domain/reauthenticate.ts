import type { Caller, Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { lifetimes } from './limits.ts'
import type { Actor } from './policy.ts'
import { signedIn, type SignedIn } from './signed-in.ts'
import { admitGuess } from './throttle.ts'
import { auditEvent } from './trail.ts'
import { upgradePasswordHash } from './upgrade-password.ts'

/** Who proves a password inside a session, and with what. */
export interface PasswordProof {
  readonly actor: Actor
  readonly password: string
}

/**
 * Proves the password inside a session: a new token pair of the same session with a new `auth_time`. Throws
 * `password_incorrect`, or `session_revoked` where the session ended meanwhile.
 */
export async function reauthenticate(proof: PasswordProof, caller: Caller, deps: Deps): Promise<SignedIn> {
  const { user, session } = proof.actor
  await requirePassword(proof, caller, deps)
  const now = deps.clock.now()
  const renewed = await deps.store.renewSession(
    {
      userId: user.id,
      sessionId: session.id,
      expectEpoch: user.epoch,
      refreshKeyId: deps.secrets.refreshKeyId,
      now,
      idleEndsAt: now + lifetimes.sessionIdleMs,
    },
    { audit: auditEvent({ action: 'reauthenticate', userId: user.id }, caller, deps) },
  )
  if (renewed.kind === 'stale') throw new DomainError('session_revoked')
  await upgradePasswordHash({ user, password: proof.password }, caller, deps)
  return signedIn(renewed.user, renewed.session, deps)
}

/** Throws `password_incorrect` unless this is the actor's password; `rate_limited` after many wrong ones. */
export async function requirePassword(proof: PasswordProof, caller: Caller, deps: Deps): Promise<void> {
  const { user, session } = proof.actor
  // A bucket of the session's own: who guesses elsewhere does not keep the owner from proving the password.
  const guess = await admitGuess({ account: `session ${session.id}`, deviceId: null }, caller, deps)
  if (!guess.admitted) {
    throw new DomainError('rate_limited', { retryAfterSeconds: guess.retryAfterSeconds })
  }
  const right = await guess.settle(() =>
    deps.passwords.verify(proof.password, user.passwordHash, caller.gone),
  )
  if (right) return
  deps.log.info(
    { event: 'password_refused', userId: user.id, requestId: caller.requestId },
    'password refused',
  )
  throw new DomainError('password_incorrect')
}
