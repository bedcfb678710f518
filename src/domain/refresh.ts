import type { Caller, Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { lifetimes } from './limits.ts'
import { notice } from './notice.ts'
import { signedIn, type SignedIn } from './signed-in.ts'
import { admitRefresh } from './throttle.ts'
import { auditEvent } from './trail.ts'

/**
 * Rotates a refresh token (RFC 9700 section 4.14). A forged one costs no store access; a repeat within 60
 * seconds gets the same successor; a replay ends the session and tells the owner. Throws
 * `refresh_token_invalid`, `refresh_token_expired` or `refresh_token_reused`.
 */
export async function refresh(refreshToken: string, caller: Caller, deps: Deps): Promise<SignedIn> {
  const presented = deps.secrets.openRefreshToken(refreshToken)
  if (!presented) throw new DomainError('refresh_token_invalid')
  const { userId, sessionId, generation } = presented
  const now = deps.clock.now()
  const withdraw = await admitRefresh(sessionId, deps)
  const rotated = await deps.store.rotateSession(
    {
      userId,
      sessionId,
      generation,
      refreshKeyId: deps.secrets.refreshKeyId,
      now,
      idleEndsAt: now + lifetimes.sessionIdleMs,
      repeatMs: lifetimes.refreshRepeatMs,
    },
    {
      audit: auditEvent({ action: 'refresh', userId, detail: 'session_ended' }, caller, deps),
      mail: notice({ kind: 'session_theft', userId, to: null }, deps),
    },
  )
  switch (rotated.kind) {
    case 'repeated':
      await withdraw()
      return signedIn(rotated.user, rotated.session, deps)
    case 'rotated':
      return signedIn(rotated.user, rotated.session, deps)
    case 'reused':
      throw new DomainError('refresh_token_reused')
    case 'expired':
      throw new DomainError('refresh_token_expired')
    case 'gone':
      throw new DomainError('refresh_token_invalid')
  }
}
