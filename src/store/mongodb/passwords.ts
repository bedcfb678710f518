import type { Trail } from '../../domain/ports/records.ts'
import type { Stale, Store } from '../../domain/ports/store.ts'
import { withPassword, withResetPassword } from '../../domain/user-changes.ts'
import type { User } from '../../domain/user.ts'
import { recount } from './admins.ts'
import { bounded } from './connection.ts'
import { displace, saveProven } from './displacement.ts'
import { idValue } from './documents.ts'
import { endAll, endOthers, isAlive, restamp, sessionsOf } from './session-documents.ts'
import type { Workshop } from './sessions.ts'
import { readToken, redeem, useAllTokens } from './tokens.ts'
import { record } from './trail.ts'
import { drop, keep } from './transactions.ts'
import { readUser, saveUser } from './user-documents.ts'

type Reset = { readonly kind: 'reset'; readonly user: User; readonly sessionsRevoked: number } | Stale
type Changed = { readonly kind: 'changed'; readonly user: User } | Stale

/** See `Store.resetPassword`. */
export async function resetPassword(
  { collections, transact }: Workshop,
  reset: Parameters<Store['resetPassword']>[0],
  trail: Trail,
): Promise<Reset> {
  const { hash, passwordHash, now } = reset
  const presented = { hash, kinds: ['reset_password', 'set_password'], now } as const
  return transact<Reset>(`token:${Buffer.from(hash).toString('base64')}`, async (tx) => {
    const found = await readToken(collections, presented, tx)
    if (found?.kind !== 'live') return drop({ kind: 'stale' })
    const before = found.user
    const user = withResetPassword(before, passwordHash, now)
    const claim = { ...reset, userId: user.id, email: user.email }
    if (before.status === 'pending' && !(await displace(collections, claim, tx)))
      return drop({ kind: 'stale' })
    const sessions = await sessionsOf(collections, user.id, tx)
    const sessionsRevoked = sessions.filter((session) => isAlive(session, before, now)).length
    await redeem(collections, presented, tx)
    await endAll(collections, user.id, tx)
    await saveProven(collections, { before, after: user }, tx)
    await useAllTokens(collections, { userId: user.id, now }, tx)
    await record(collections, { trail, alive: user.id }, tx)
    return keep({ kind: 'reset', user, sessionsRevoked })
  })
}

/** See `Store.changePassword`. */
export async function changePassword(
  { collections, transact }: Workshop,
  change: Parameters<Store['changePassword']>[0],
  trail: Trail,
): Promise<Changed> {
  const { userId, sessionId, passwordHash, now } = change
  return transact<Changed>(`user:${userId}`, async (tx) => {
    const before = (await readUser(collections, userId, tx))?.user
    if (before?.epoch !== change.expectEpoch || before.status !== 'active') {
      return drop({ kind: 'stale' })
    }
    const sessions = await sessionsOf(collections, userId, tx)
    const own = sessions.find(({ id }) => id === sessionId)
    if (!own || !isAlive(own, before, now)) return drop({ kind: 'stale' })
    const user = withPassword(before, passwordHash, now)
    await endOthers(collections, { userId, sessionId }, tx)
    await restamp(collections, { userId, sessionId, epoch: user.epoch }, tx)
    await saveUser(collections, user, tx)
    await useAllTokens(collections, { userId, now }, tx)
    await recount(collections, { before, after: user }, tx)
    await record(collections, { trail, alive: userId }, tx)
    return keep({ kind: 'changed', user })
  })
}

/** See `Store.upgradePasswordHash`. */
export async function upgradePasswordHash(
  { collections }: Workshop,
  { userId, from, to }: Parameters<Store['upgradePasswordHash']>[0],
): Promise<{ readonly kind: 'upgraded' } | Stale> {
  const same = { _id: idValue(userId), passwordHash: from }
  const { modifiedCount } = await collections.users.updateOne(same, { $set: { passwordHash: to } }, bounded)
  return { kind: modifiedCount === 1 ? 'upgraded' : 'stale' }
}
