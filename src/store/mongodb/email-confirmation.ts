import type { Trail } from '../../domain/ports/records.ts'
import type { Conflict, Stale, Store } from '../../domain/ports/store.ts'
import { withConfirmedAddress } from '../../domain/user-changes.ts'
import type { User } from '../../domain/user.ts'
import { displace, saveProven } from './displacement.ts'
import type { Workshop } from './sessions.ts'
import { readToken, redeem } from './tokens.ts'
import { record } from './trail.ts'
import { drop, keep } from './transactions.ts'

type Confirmation = Parameters<Store['confirmEmail']>[0]
type Confirmed = { readonly kind: 'confirmed'; readonly user: User } | Conflict | Stale

/** See `Store.confirmEmail`. A conflict leaves the token as it was. */
export async function confirmEmail(
  { collections, transact }: Workshop,
  confirmation: Confirmation,
  trail: Trail,
): Promise<Confirmed> {
  const { hash, userId, now } = confirmation
  const presented = { hash, kinds: ['verify_email', 'change_email'], now } as const
  return transact<Confirmed>(`user:${userId}`, async (tx) => {
    const found = await readToken(collections, presented, tx)
    if (found?.kind !== 'live' || found.user.id !== userId) return drop({ kind: 'stale' })
    const { user, token } = found
    const free = await displace(collections, { ...confirmation, email: token.email }, tx)
    if (!free) return drop({ kind: 'conflict', fields: ['email'] })
    await redeem(collections, presented, tx)
    const confirmed = withConfirmedAddress(user, token, now)
    await saveProven(collections, { before: user, after: confirmed }, tx)
    await record(collections, { trail, alive: userId }, tx)
    return keep({ kind: 'confirmed', user: confirmed })
  })
}
