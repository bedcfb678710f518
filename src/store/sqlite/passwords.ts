import type { Trail } from '../../domain/ports/records.ts'
import type { Stale, Store } from '../../domain/ports/store.ts'
import { withPassword, withResetPassword } from '../../domain/user-changes.ts'
import type { User } from '../../domain/user.ts'
import type { Database } from './connection.ts'
import { displaceHolder, saveProven } from './displacement.ts'
import { idBytes } from './rows.ts'
import { endAll, liveSessions, endOthers, restamp } from './sessions.ts'
import { consume, peekToken, useAllTokens } from './tokens.ts'
import { record } from './trail.ts'
import { findUser, saveUser, sql } from './user-rows.ts'

/** See `Store.resetPassword`. */
export function resetPassword(
  db: Database,
  reset: Parameters<Store['resetPassword']>[0],
  trail: Trail,
): { readonly kind: 'reset'; readonly user: User; readonly sessionsRevoked: number } | Stale {
  const { hash, passwordHash, now } = reset
  const presented = { hash, kinds: ['reset_password', 'set_password'], now } as const
  const found = peekToken(db, presented)
  if (found?.kind !== 'live' || !displaceHolder(db, found.token, reset.displaced)) return { kind: 'stale' }
  consume(db, presented)
  const user = withResetPassword(found.user, passwordHash, now)
  const sessionsRevoked = endAll(db, found.user, now)
  saveProven(db, found.user, user)
  useAllTokens(db, user.id, now)
  record(db, trail)
  return { kind: 'reset', user, sessionsRevoked }
}

/** See `Store.changePassword`. */
export function changePassword(
  db: Database,
  change: Parameters<Store['changePassword']>[0],
  trail: Trail,
): { readonly kind: 'changed'; readonly user: User } | Stale {
  const { userId, sessionId, passwordHash, now } = change
  const before = findUser(db, userId)
  if (before?.epoch !== change.expectEpoch || before.status !== 'active') return { kind: 'stale' }
  if (!liveSessions(db, { userId, now }).some((session) => session.id === sessionId)) return { kind: 'stale' }
  const user = withPassword(before, passwordHash, now)
  endOthers(db, { userId, sessionId })
  restamp(db, { userId, sessionId, epoch: user.epoch })
  saveUser(db, user)
  useAllTokens(db, userId, now)
  record(db, trail)
  return { kind: 'changed', user }
}

/** See `Store.upgradePasswordHash`. */
export function upgradePasswordHash(
  db: Database,
  { userId, from, to }: Parameters<Store['upgradePasswordHash']>[0],
): { readonly kind: 'upgraded' } | Stale {
  return { kind: db.run(sql.upgradeHash, { id: idBytes(userId), from, to }) === 1 ? 'upgraded' : 'stale' }
}
