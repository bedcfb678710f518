import type { Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { permissionsOf, type Actor } from './policy.ts'

/**
 * The caller behind an access token, as of now: user and session are read on every request, so that
 * revocation is in force at once on every node. Throws `token_invalid`, `token_expired` or
 * `session_revoked`.
 */
export async function authenticate(accessToken: string, deps: Deps): Promise<Actor> {
  const claims = await deps.accessTokens.verify(accessToken)
  const { userId, sessionId } = claims
  const found = await deps.store.findSession({ userId, sessionId, now: deps.clock.now() })
  if (!found) throw new DomainError('session_revoked')
  const { user, session } = found
  const permissions = permissionsOf(user.roles, deps.rules.roles)
  return { userId, user, session, permissions, authTime: claims.authTimeSeconds * 1000 }
}
