import type { NewToken, TokenState } from './ports/records.ts'
import type { Ms } from './ports/runtime.ts'
import type { User } from './user.ts'

/** A one-time token as stored. */
export interface StoredToken extends NewToken {
  readonly usedAt: Ms | null
}

/** What a token is worth to its user now; null where its address is no longer the one in question. */
export function tokenState(token: StoredToken, user: User, now: Ms): TokenState['kind'] | null {
  if (token.usedAt !== null || token.epoch !== user.epoch) return 'used'
  const match = addressMatch(token, user)
  if (match !== 'pending') return match
  return token.expiresAt <= now ? 'expired' : 'live'
}

function addressMatch(token: NewToken, user: User): 'pending' | 'used' | null {
  switch (token.kind) {
    case 'reset_password':
    case 'set_password':
      return token.email === user.email ? 'pending' : null
    case 'verify_email':
      if (token.email !== user.email) return null
      return user.emailVerified ? 'used' : 'pending'
    case 'change_email':
      if (token.email === user.pendingEmail) return 'pending'
      return token.email === user.email ? 'used' : null
  }
}
