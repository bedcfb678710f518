import type { Deps } from './deps.ts'
import { permissionsOf } from './policy.ts'
import type { Session } from './session.ts'
import type { User } from './user.ts'

/** What a sign-in, a refresh and a reauthentication answer with. */
export interface SignedIn {
  readonly accessToken: string
  readonly expiresInSeconds: number
  readonly refreshToken: string
  readonly refreshExpiresInSeconds: number
  readonly session: Session
  readonly user: User
}

/**
 * The token pair of a session as it has just been written: only call it after a write that re-checked the
 * user.
 */
export async function signedIn(user: User, session: Session, deps: Deps): Promise<SignedIn> {
  const { token, expiresInSeconds } = await deps.accessTokens.issue({
    userId: user.id,
    sessionId: session.id,
    authTime: session.authTime,
    roles: user.roles,
    scope: permissionsOf(user.roles, deps.rules.roles).join(' '),
  })
  const refreshToken = deps.secrets.refreshToken({
    keyId: session.refreshKeyId,
    userId: user.id,
    sessionId: session.id,
    generation: session.generation,
  })
  const refreshExpiresInSeconds = Math.max(0, Math.floor((session.expiresAt - deps.clock.now()) / 1000))
  return { accessToken: token, expiresInSeconds, refreshToken, refreshExpiresInSeconds, session, user }
}
