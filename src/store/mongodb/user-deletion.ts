import { lifetimes, mongodb as limits } from '../../domain/limits.ts'
import type { Retained, Trail } from '../../domain/ports/records.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import { sameRoles } from '../../domain/user-changes.ts'
import { dismiss, dismissAny } from './admins.ts'
import { putDeletions } from './deletion-ledger.ts'
import { eraseUser } from './registry.ts'
import type { Workshop } from './sessions.ts'
import { record } from './trail.ts'
import { drop, keep } from './transactions.ts'
import { readUser } from './user-documents.ts'

type Deletion = Awaited<ReturnType<Store['deleteUser']>>

/** See `Store.deleteUser`. */
export async function deleteUser(
  { collections, transact }: Workshop,
  deletion: Parameters<Store['deleteUser']>[0],
  trail: Trail,
): Promise<Deletion> {
  const { userId, expectEpoch, expectRoles, idHash, lastAdminToo, now } = deletion
  return transact<Deletion>(`user:${userId}`, async (tx) => {
    const stored = await readUser(collections, userId, tx)
    if (!stored) return drop({ kind: 'not_found' })
    if (expectEpoch !== null && expectEpoch !== stored.user.epoch) return drop({ kind: 'stale' })
    if (expectRoles && !sameRoles(expectRoles, stored.user.roles)) return drop({ kind: 'stale' })
    const dismissed = lastAdminToo ? dismissAny : dismiss
    if (!(await dismissed(collections, stored.user, tx))) return drop({ kind: 'last_admin' })
    const erased = await eraseUser(collections, stored, tx)
    await putDeletions(collections, [{ hash: idHash, at: now }], tx)
    await record(collections, { trail, alive: null }, tx)
    return keep({ kind: 'deleted', erased, retained: retained(now) })
  })
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
      what: 'database_oplog',
      reason:
        'Bytes of deleted documents are left in the replication log of MongoDB, and in free space of its ' +
        'files, until they are overwritten.',
      until: now + limits.oplogWindowMs,
    },
  ]
}
