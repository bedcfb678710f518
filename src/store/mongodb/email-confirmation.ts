import type { Trail } from '../../domain/ports/records.ts'
import type { Conflict, Stale, Store } from '../../domain/ports/store.ts'
import { withConfirmedAddress } from '../../domain/user-changes.ts'
import type { User } from '../../domain/user.ts'
import { dismiss } from './admins.ts'
import { writeEvent } from './audit.ts'
import type { Collections, InSession } from './connection.ts'
import { emailKey, holdersOf, moveClaim } from './identifiers.ts'
import { eraseUser } from './registry.ts'
import type { Workshop } from './sessions.ts'
import { readToken, redeem } from './tokens.ts'
import { record } from './trail.ts'
import { drop, keep } from './transactions.ts'
import { readUser, saveUser } from './user-documents.ts'

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
    const move = { from: emailKey(user.email), to: emailKey(confirmed.email), userId }
    await moveClaim(collections, move, tx)
    await saveUser(collections, confirmed, tx)
    await record(collections, { trail, alive: userId }, tx)
    return keep({ kind: 'confirmed', user: confirmed })
  })
}

/**
 * Whoever never proved the mailbox gives way to the one who has; false where the holder has proven it too, or
 * is the last admin.
 */
async function displace(
  collections: Collections,
  { userId, email, displaced }: Confirmation & { readonly email: string },
  tx: InSession,
): Promise<boolean> {
  const key = emailKey(email)
  const holderId = (await holdersOf(collections, [key], tx)).get(key)
  if (holderId === undefined || holderId === userId) return true
  const holder = await readUser(collections, holderId, tx)
  if (!holder) return true
  if (holder.user.emailVerified || !(await dismiss(collections, holder.user, tx))) return false
  await eraseUser(collections, holder, tx)
  await writeEvent(collections, { ...displaced, userId: holderId }, tx)
  return true
}
