import type { Trail } from '../../domain/ports/records.ts'
import type { Store } from '../../domain/ports/store.ts'
import { sameRoles, withAccess, withoutSessions } from '../../domain/user-changes.ts'
import type { Database } from './connection.ts'
import { endAll } from './sessions.ts'
import { record } from './trail.ts'
import { countsAsAdmin, findUser, isLastAdmin, saveUser } from './user-rows.ts'

/** See `Store.changeAccess`. Whoever is `pending` is nobody yet: there is nothing to change. */
export function changeAccess(
  db: Database,
  change: Parameters<Store['changeAccess']>[0],
  trail: Trail,
): Awaited<ReturnType<Store['changeAccess']>> {
  const before = findUser(db, change.userId)
  if (!before || before.status === 'pending') return { kind: 'not_found' }
  if (!sameRoles(before.roles, change.expectRoles)) return { kind: 'stale' }
  const after = withAccess(before, change)
  if (sameRoles(before.roles, after.roles) && before.status === after.status) {
    return { kind: 'changed', user: before }
  }
  if (isLastAdmin(db, before) && !countsAsAdmin(after)) return { kind: 'last_admin' }
  if (after.epoch !== before.epoch) endAll(db, before, change.now)
  saveUser(db, after)
  record(db, trail)
  return { kind: 'changed', user: after }
}

/** See `Store.signOutUser`. */
export function signOutUser(
  db: Database,
  which: Parameters<Store['signOutUser']>[0],
  trail: Trail,
): Awaited<ReturnType<Store['signOutUser']>> {
  const { userId, expectRoles, now } = which
  const user = findUser(db, userId)
  if (!user || user.status === 'pending') return { kind: 'not_found' }
  if (!sameRoles(user.roles, expectRoles)) return { kind: 'stale' }
  const sessionsRevoked = endAll(db, user, now)
  saveUser(db, withoutSessions(user, now))
  record(db, trail)
  return { kind: 'signed_out', sessionsRevoked }
}
