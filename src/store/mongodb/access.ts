import type { Trail } from '../../domain/ports/records.ts'
import type { Store } from '../../domain/ports/store.ts'
import { sameRoles, withAccess, withoutSessions } from '../../domain/user-changes.ts'
import { recount } from './admins.ts'
import { endAll, isAlive, sessionsOf } from './session-documents.ts'
import type { Workshop } from './sessions.ts'
import { record } from './trail.ts'
import { drop, keep } from './transactions.ts'
import { readUser, saveUser } from './user-documents.ts'

type AccessChanged = Awaited<ReturnType<Store['changeAccess']>>
type SignedOut = Awaited<ReturnType<Store['signOutUser']>>

/** See `Store.changeAccess`. Whoever is `pending` is nobody yet: there is nothing to change. */
export async function changeAccess(
  { collections, transact }: Workshop,
  change: Parameters<Store['changeAccess']>[0],
  trail: Trail,
): Promise<AccessChanged> {
  const { userId, expectRoles } = change
  return transact<AccessChanged>(`user:${userId}`, async (tx) => {
    const before = (await readUser(collections, userId, tx))?.user
    if (!before || before.status === 'pending') return drop({ kind: 'not_found' })
    if (!sameRoles(before.roles, expectRoles)) return drop({ kind: 'stale' })
    const after = withAccess(before, change)
    if (sameRoles(before.roles, after.roles) && before.status === after.status) {
      return drop({ kind: 'changed', user: before })
    }
    if (!(await recount(collections, { before, after }, tx))) return drop({ kind: 'last_admin' })
    await saveUser(collections, after, tx)
    await record(collections, { trail, alive: userId }, tx)
    return keep({ kind: 'changed', user: after })
  })
}

/** See `Store.signOutUser`. */
export async function signOutUser(
  { collections, transact }: Workshop,
  which: Parameters<Store['signOutUser']>[0],
  trail: Trail,
): Promise<SignedOut> {
  const { userId, expectRoles, now } = which
  return transact<SignedOut>(`user:${userId}`, async (tx) => {
    const user = (await readUser(collections, userId, tx))?.user
    if (!user || user.status === 'pending') return drop({ kind: 'not_found' })
    if (!sameRoles(user.roles, expectRoles)) return drop({ kind: 'stale' })
    const sessions = await sessionsOf(collections, userId, tx)
    const sessionsRevoked = sessions.filter((session) => isAlive(session, user, now)).length
    await endAll(collections, userId, tx)
    await saveUser(collections, withoutSessions(user, now), tx)
    await record(collections, { trail, alive: userId }, tx)
    return keep({ kind: 'signed_out', sessionsRevoked })
  })
}
