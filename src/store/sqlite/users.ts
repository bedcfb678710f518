import type { Trail } from '../../domain/ports/records.ts'
import type { Conflict, NotThere, ProfileChange, Stale, Store } from '../../domain/ports/store.ts'
import { firstState, withProfile } from '../../domain/user-changes.ts'
import type { User } from '../../domain/user.ts'
import type { Database } from './connection.ts'
import {
  claim,
  claimsOf,
  emailKey,
  findUserByKey,
  isHeldByOther,
  moveClaim,
  nameKey,
  remember,
  remembered,
} from './identifiers.ts'
import { insertToken } from './tokens.ts'
import { record } from './trail.ts'
import { findUser, insertUser, saveUser } from './user-rows.ts'

type Creation = Parameters<Store['createUser']>[0]
type Created = Awaited<ReturnType<Store['createUser']>>

/**
 * See `Store.createUser`. The look before the writes is the guard: there is one writer, and it is in a
 * transaction.
 */
export function createUser(db: Database, creation: Creation, trail: Trail): Created {
  const earlier = repetition(db, creation, trail.audit.at)
  if (earlier) return earlier
  const user = firstState(creation.user)
  const conflict = insertWithClaims(db, user)
  if (conflict) return conflict
  if (creation.idempotency) remember(db, creation.idempotency, user.id)
  if (creation.token) insertToken(db, creation.token)
  record(db, trail)
  return { kind: 'created', user }
}

/** Stores a user with its claims; where somebody else holds any, names them and does nothing. */
export function insertWithClaims(db: Database, user: User): Conflict | null {
  const claims = claimsOf(user)
  const taken = claims.filter(({ key }) => isHeldByOther(db, key, user.id))
  if (taken.length > 0) return { kind: 'conflict', fields: taken.map(({ field }) => field) }
  insertUser(db, user)
  for (const { key } of claims) claim(db, key, user.id)
  return null
}

function repetition(db: Database, creation: Creation, now: number): Created | null {
  const same = findUser(db, creation.user.id)
  if (same) return { kind: 'repeated', user: same }
  const earlier = creation.idempotency && remembered(db, creation.idempotency, now)
  if (!earlier) return null
  const user = earlier.sameBody && findUser(db, earlier.userId)
  return user ? { kind: 'repeated', user } : { kind: 'key_reused' }
}

/** See `Store.updateProfile`. */
export function updateProfile(
  db: Database,
  change: ProfileChange,
  trail: Trail | null,
): { readonly kind: 'updated'; readonly user: User } | Conflict | Stale | NotThere {
  const user = findUser(db, change.userId)
  if (!user) return { kind: 'not_found' }
  if (user.version !== change.expectVersion || user.epoch !== change.expectEpoch) return { kind: 'stale' }
  const conflict = conflictOf(db, change)
  if (conflict) return conflict
  const updated = withProfile(user, change)
  moveClaim(db, { from: nameKey(user.username), to: nameKey(updated.username) }, user.id)
  saveUser(db, updated)
  if (change.token) insertToken(db, change.token)
  if (trail) record(db, trail)
  return { kind: 'updated', user: updated }
}

/** An unverified holder of the pending address is no conflict: whoever proves the mailbox wins it. */
function conflictOf(db: Database, change: ProfileChange): Conflict | null {
  const { userId, username, pendingEmail, concealTaken } = change
  const holder = pendingEmail && !concealTaken ? findUserByKey(db, emailKey(pendingEmail)) : null
  const fields: Conflict['fields'][number][] = []
  if (holder && holder.id !== userId && holder.emailVerified) fields.push('email')
  if (username !== undefined && isHeldByOther(db, nameKey(username), userId)) fields.push('username')
  return fields.length > 0 ? { kind: 'conflict', fields } : null
}
