import { mongodb as limits } from '../../domain/limits.ts'
import type { Trail } from '../../domain/ports/records.ts'
import type { Conflict, ProfileChange, Store } from '../../domain/ports/store.ts'
import { firstState, withProfile } from '../../domain/user-changes.ts'
import type { User } from '../../domain/user.ts'
import { countsAsAdmin, countAdmin } from './admins.ts'
import type { Collections, InSession } from './connection.ts'
import { busy, isDuplicate } from './failures.ts'
import {
  claim,
  claimsOf,
  emailKey,
  holdersOf,
  idempotencyKey,
  moveClaim,
  nameKey,
  remember,
  remembered,
  takenFields,
} from './identifiers.ts'
import type { Workshop } from './sessions.ts'
import { insertToken } from './tokens.ts'
import { recordWithToken } from './trail.ts'
import { drop, keep, pause, undo } from './transactions.ts'
import { insertUser, readUser, saveUser } from './user-documents.ts'

type Creation = Parameters<Store['createUser']>[0]
type Created = Awaited<ReturnType<Store['createUser']>>
type Updated = Awaited<ReturnType<Store['updateProfile']>>

/**
 * See `Store.createUser`. It writes without looking first: whatever is there already is a duplicate, ends the
 * transaction, and is then told apart.
 */
export async function createUser(workshop: Workshop, creation: Creation, trail: Trail): Promise<Created> {
  const user = firstState(creation.user)
  const lane = `claim:${emailKey(user.email)}`
  for (let attempt = 0; attempt < limits.attempts; attempt += 1) {
    const created = await workshop.transact(lane, async (tx) => {
      try {
        await write(workshop.collections, { user, creation, trail }, tx)
        return keep(true)
      } catch (error) {
        if (isDuplicate(error)) return undo(false)
        throw error
      }
    })
    if (created) return { kind: 'created', user }
    const explained = await explain(workshop, creation, trail)
    if (explained) return explained
    await pause(attempt)
  }
  throw busy()
}

async function write(
  collections: Collections,
  { user, creation, trail }: { readonly user: User; readonly creation: Creation; readonly trail: Trail },
  tx: InSession,
): Promise<void> {
  const { idempotency: memo, token } = creation
  await claim(collections, { keys: claimsOf(user), userId: user.id }, tx)
  await insertUser(collections, { user, idempotencyKey: memo ? idempotencyKey(memo) : null }, tx)
  if (memo) await remember(collections, { record: memo, userId: user.id, now: trail.audit.at }, tx)
  if (countsAsAdmin(user)) await countAdmin(collections, 1, tx)
  await recordWithToken(collections, { token, trail }, tx)
}

/** What a creation has come upon; null where it has gone away meanwhile. */
async function explain(
  { collections, lookups }: Workshop,
  creation: Creation,
  trail: Trail,
): Promise<Created | null> {
  const { user: wanted, idempotency: memo } = creation
  const same = await lookups.user(wanted.id)
  if (same) return { kind: 'repeated', user: same }
  const earlier = memo ? await remembered(collections, memo, trail.audit.at) : null
  if (earlier) {
    const user = earlier.sameBody && (await lookups.user(earlier.userId))
    return user ? { kind: 'repeated', user } : { kind: 'key_reused' }
  }
  const holders = await holdersOf(collections, claimsOf(wanted))
  const fields = takenFields(wanted, (key) => holders.has(key))
  return fields.length > 0 ? { kind: 'conflict', fields } : null
}

/** A profile update that touches a claim or makes a token: a transaction with its event. */
export async function updateWithTrail(
  { collections, transact }: Workshop,
  change: ProfileChange,
  trail: Trail | null,
): Promise<Updated> {
  return transact<Updated>(`user:${change.userId}`, async (tx) => {
    const user = (await readUser(collections, change.userId, tx))?.user
    if (!user) return drop({ kind: 'not_found' })
    if (user.version !== change.expectVersion || user.epoch !== change.expectEpoch) {
      return drop({ kind: 'stale' })
    }
    const conflict = await conflictOf(collections, change, tx)
    if (conflict) return drop(conflict)
    const updated = withProfile(user, change)
    const move = { from: nameKey(user.username), to: nameKey(updated.username), userId: user.id }
    await moveClaim(collections, move, tx)
    await saveUser(collections, updated, tx)
    const { token } = change
    if (trail) await recordWithToken(collections, { token, trail }, tx)
    else if (token) await insertToken(collections, { token, mail: null }, tx)
    return keep({ kind: 'updated', user: updated })
  })
}

/**
 * An unverified holder of the pending address is no conflict: whoever proves the mailbox wins it. Nor is a
 * verified one, where nobody may learn of it.
 */
async function conflictOf(
  collections: Collections,
  change: ProfileChange,
  tx: InSession,
): Promise<Conflict | null> {
  const { userId, username, pendingEmail, concealTaken } = change
  const email = pendingEmail && !concealTaken ? emailKey(pendingEmail) : null
  const name = username === undefined ? null : nameKey(username)
  const keys = [email, name].filter((key) => key !== null)
  const holders = keys.length > 0 ? await holdersOf(collections, keys, tx) : new Map<string, string>()
  const fields: Conflict['fields'][number][] = []
  const holder = email === null ? undefined : holders.get(email)
  if (holder !== undefined && holder !== userId) {
    const verified = (await readUser(collections, holder, tx))?.user.emailVerified
    if (verified) fields.push('email')
  }
  const bearer = name === null ? undefined : holders.get(name)
  if (bearer !== undefined && bearer !== userId) fields.push('username')
  return fields.length > 0 ? { kind: 'conflict', fields } : null
}
