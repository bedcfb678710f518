import { lifetimes, store as limits } from '../../domain/limits.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import type { Retained, Trail } from '../../domain/ports/records.ts'
import type { Store } from '../../domain/ports/store.ts'
import { sameRoles } from '../../domain/user-changes.ts'
import type { Database } from './connection.ts'
import { putDeletions } from './deletion-ledger.ts'
import { eraseUser } from './registry.ts'
import { record } from './trail.ts'
import { findUser, isLastAdmin } from './user-rows.ts'

/** See `Store.deleteUser`. */
export function deleteUser(
  db: Database,
  deletion: Parameters<Store['deleteUser']>[0],
  trail: Trail,
): Awaited<ReturnType<Store['deleteUser']>> {
  const { userId, expectEpoch, expectRoles, idHash, lastAdminToo, now } = deletion
  const user = findUser(db, userId)
  if (!user) return { kind: 'not_found' }
  if (expectEpoch !== null && expectEpoch !== user.epoch) return { kind: 'stale' }
  if (expectRoles && !sameRoles(user.roles, expectRoles)) return { kind: 'stale' }
  if (!lastAdminToo && isLastAdmin(db, user)) return { kind: 'last_admin' }
  const erased = eraseUser(db, userId, now)
  putDeletions(db, [{ hash: idHash, at: now }])
  record(db, trail)
  return { kind: 'deleted', erased, retained: retained(now) }
}

function retained(now: Ms): readonly Retained[] {
  return [
    {
      what: 'audit_events',
      reason: 'Events that prove what happened; they hold the id of the deleted user and nothing personal.',
      until: now + lifetimes.auditMs,
    },
    {
      what: 'deletion_ledger',
      reason: 'A hash of the id of the deleted user, so that a restored backup does not bring it back.',
      until: now + lifetimes.deletionLedgerMs,
    },
    {
      what: 'database_free_space',
      reason: 'Bytes of deleted rows may be left in free space of the database file until it is rewritten.',
      until: now + limits.scrubLatestMs,
    },
  ]
}
