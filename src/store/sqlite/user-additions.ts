import type { SQLInputValue } from 'node:sqlite'
import type { Addition } from '../../domain/ports/administration.ts'
import type { Trail } from '../../domain/ports/records.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import { firstState } from '../../domain/user-changes.ts'
import type { MovedUser } from '../../domain/user.ts'
import type { Database } from './connection.ts'
import { addClaim, claimedEmail, claimsOf, holderOf, nameKey, releaseClaim } from './identifiers.ts'
import { idBytes } from './rows.ts'
import { record } from './trail.ts'
import { addedColumns, addUserRow, eraseUserRow, userExists } from './user-rows.ts'

/** Users on their way to the writer, as what its statements bind: objects are far dearer to pass. */
export interface PackedUsers {
  /** 16 bytes each. */
  readonly ids: Uint8Array
  readonly emailKeys: readonly (string | null)[]
  readonly usernameKeys: readonly string[]
  /** One after the other, each with the same number. */
  readonly columns: readonly SQLInputValue[]
}

const ID_BYTES = 16

/** Packs users for `addUsers`. Throws for an id, an address or a name that no rule lets through. */
export function packUsers(batch: readonly MovedUser[]): PackedUsers {
  const ids = Buffer.alloc(batch.length * ID_BYTES)
  const columns: SQLInputValue[] = []
  for (const [place, user] of batch.entries()) {
    const id = idBytes(user.id)
    if (id.length !== ID_BYTES) throw new TypeError('an id is a UUID')
    ids.set(id, place * ID_BYTES)
    columns.push(...addedColumns(firstState(user)))
  }
  return {
    ids,
    emailKeys: batch.map(claimedEmail),
    usernameKeys: batch.map(({ username }) => nameKey(username)),
    columns,
  }
}

/** See `Store.addUsers`. Each user meets what those before it have claimed. */
export function addUsers(db: Database, packed: PackedUsers, trail: Trail): readonly Addition[] {
  const { ids, emailKeys, usernameKeys, columns } = packed
  const width = columns.length / usernameKeys.length
  const verdicts = usernameKeys.map((usernameKey, place) => {
    const userId = ids.subarray(place * ID_BYTES, (place + 1) * ID_BYTES)
    if (!addUserRow(db, userId, columns.slice(place * width, (place + 1) * width))) return repeated
    return claimBoth(db, { userId, emailKey: emailKeys[place] ?? null, usernameKey })
  })
  if (verdicts.includes(added)) record(db, trail)
  return verdicts
}

const added: Addition = { kind: 'added' }
const repeated: Addition = { kind: 'repeated' }

/**
 * Claims without a look before, since most of many are new; whoever meets a taken claim is taken back. The
 * transaction shows nothing of that to anybody.
 */
function claimBoth(db: Database, { userId, emailKey, usernameKey }: Claimant): Addition {
  const hasEmail = emailKey === null || addClaim(db, emailKey, userId)
  const hasUsername = addClaim(db, usernameKey, userId)
  if (hasEmail && hasUsername) return added
  if (hasEmail && emailKey !== null) releaseClaim(db, emailKey)
  if (hasUsername) releaseClaim(db, usernameKey)
  eraseUserRow(db, userId)
  return {
    kind: 'conflict',
    fields: [...(hasEmail ? [] : ['email' as const]), ...(hasUsername ? [] : ['username' as const])],
  }
}

interface Claimant {
  readonly userId: Uint8Array
  readonly emailKey: string | null
  readonly usernameKey: string
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
