import type { Addition } from '../../domain/ports/administration.ts'
import type { Trail } from '../../domain/ports/records.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import { firstState } from '../../domain/user-changes.ts'
import type { MovedUser } from '../../domain/user.ts'
import type { Database } from './connection.ts'
import { addClaim, claimsOf, holderOf, releaseClaim } from './identifiers.ts'
import { idBytes } from './rows.ts'
import { record } from './trail.ts'
import { addUserRow, eraseUserRow, userExists } from './user-rows.ts'

/** See `Store.addUsers`. Each user meets what those before it have claimed. */
export function addUsers(db: Database, batch: readonly MovedUser[], trail: Trail): readonly Addition[] {
  const verdicts = batch.map((user) => addUser(db, user))
  if (verdicts.some(({ kind }) => kind === 'added')) record(db, trail)
  return verdicts
}

/**
 * Writes without a look before, since most of many are new; whoever meets a taken claim is taken back. The
 * transaction shows nothing of that to anybody.
 */
function addUser(db: Database, given: MovedUser): Addition {
  const user = firstState(given)
  const userId = idBytes(user.id)
  if (!addUserRow(db, userId, user)) return { kind: 'repeated' }
  const claims = claimsOf(user)
  const taken = claims.filter(({ key }) => !addClaim(db, key, userId))
  if (taken.length === 0) return { kind: 'added' }
  for (const claim of claims) if (!taken.includes(claim)) releaseClaim(db, claim.key)
  eraseUserRow(db, user.id)
  return { kind: 'conflict', fields: taken.map(({ field }) => field) }
}

/** See `Store.checkUsers`. */
export function checkUsers(db: Database, batch: readonly MovedUser[]): readonly Addition[] {
  const ids = new Set<Id>()
  const keys = new Set<string>()
  return batch.map((user): Addition => {
    if (ids.has(user.id) || userExists(db, user.id)) return { kind: 'repeated' }
    const claims = claimsOf(user)
    const taken = claims.filter(({ key }) => keys.has(key) || holderOf(db, key) !== null)
    if (taken.length > 0) return { kind: 'conflict', fields: taken.map(({ field }) => field) }
    ids.add(user.id)
    for (const { key } of claims) keys.add(key)
    return { kind: 'added' }
  })
}
