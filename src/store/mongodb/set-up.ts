/** The first administrator, and the links with which it is made. */
import { lifetimes } from '../../domain/limits.ts'
import type { SetupToken } from '../../domain/ports/administration.ts'
import type { Hash, Trail } from '../../domain/ports/records.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import { firstState } from '../../domain/user-changes.ts'
import { countFirst, readAdminCount } from './admins.ts'
import { bounded, type Collections, type InSession } from './connection.ts'
import { ms, time } from './documents.ts'
import { isDuplicate } from './failures.ts'
import { claim, claimsOf, holdersOf, takenFields } from './identifiers.ts'
import type { Workshop } from './sessions.ts'
import { recordWithToken } from './trail.ts'
import { drop, keep } from './transactions.ts'
import { insertUser, readUser } from './user-documents.ts'

type Creation = Parameters<Store['createFirstAdmin']>[0]
type Created = Awaited<ReturnType<Store['createFirstAdmin']>>

/** These links lie among the one-time tokens and are none: nothing that takes those asks for this kind. */
const kind = 'setup'

/** See `Store.hasAdmin`. */
export async function hasAdmin(collections: Collections): Promise<boolean> {
  return (await readAdminCount(collections)) > 0
}

/** See `Store.putSetupToken`. The same hash again changes nothing. */
export async function putSetupToken({ tokens }: Collections, token: SetupToken): Promise<void> {
  const document = {
    _id: token.hash,
    kind,
    userId: null,
    epoch: 0,
    email: '',
    createdAt: time(token.createdAt),
    expiresAt: time(token.expiresAt),
    usedAt: null,
    purgeAt: time(token.expiresAt + lifetimes.purgeDelayMs),
  }
  try {
    await tokens.insertOne(document, bounded)
  } catch (error) {
    if (!isDuplicate(error)) throw error
  }
}

/** See `Store.peekSetupToken`. */
export async function peekSetupToken(
  collections: Collections,
  presented: { readonly hash: Hash; readonly now: Ms },
): Promise<'live' | 'expired' | 'used' | null> {
  const state = await stateOf(collections, presented, bounded)
  if (state === null) return null
  return (await hasAdmin(collections)) ? 'used' : state
}

/** See `Store.createFirstAdmin`. */
export async function createFirstAdmin(
  { collections, transact }: Workshop,
  { user: newcomer, token, setup }: Creation,
  trail: Trail,
): Promise<Created> {
  const user = firstState(newcomer)
  return transact<Created>('set-up', async (tx) => {
    const same = (await readUser(collections, user.id, tx))?.user
    if (same) return drop({ kind: 'created', user: same })
    if ((await readAdminCount(collections, tx)) > 0) return drop({ kind: 'admin_exists' })
    if (setup && (await stateOf(collections, setup, tx)) !== 'live') return drop({ kind: 'stale' })
    const holders = await holdersOf(collections, claimsOf(user), tx)
    const fields = takenFields(user, (key) => holders.has(key))
    if (fields.length > 0) return drop({ kind: 'conflict', fields })
    if (!(await countFirst(collections, user, tx))) return drop({ kind: 'admin_exists' })
    if (setup) {
      const use = { $set: { usedAt: time(setup.now) } }
      await collections.tokens.updateOne({ _id: setup.hash, kind, usedAt: null }, use, tx)
    }
    await claim(collections, { keys: claimsOf(user), userId: user.id }, tx)
    await insertUser(collections, { user, idempotencyKey: null }, tx)
    await recordWithToken(collections, { token, trail }, tx)
    return keep({ kind: 'created', user })
  })
}

/** What a link is worth while there is no administrator. */
async function stateOf(
  { tokens }: Collections,
  { hash, now }: { readonly hash: Hash; readonly now: Ms },
  within: InSession | typeof bounded,
): Promise<'live' | 'expired' | 'used' | null> {
  const doc = await tokens.findOne({ _id: hash, kind }, within)
  if (!doc) return null
  if (doc['usedAt'] !== null) return 'used'
  return ms(doc, 'expiresAt') > now ? 'live' : 'expired'
}
