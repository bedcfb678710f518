import { lists } from '../../domain/limits.ts'
import type { Addition } from '../../domain/ports/administration.ts'
import type { Trail } from '../../domain/ports/records.ts'
import { firstState } from '../../domain/user-changes.ts'
import type { MovedUser, User } from '../../domain/user.ts'
import { countAdmin, countsAsAdmin } from './admins.ts'
import { bounded, type Collections, type InSession } from './connection.ts'
import { id, idValue } from './documents.ts'
import { claimsOf, holdersOf, insertClaims, takenFields } from './identifiers.ts'
import type { Workshop } from './sessions.ts'
import { record } from './trail.ts'
import { drop, keep } from './transactions.ts'
import { insertUsers } from './user-documents.ts'

/** See `Store.addUsers`. A transaction for so many at a time; the event goes with the first that adds one. */
export async function addUsers(
  workshop: Workshop,
  batch: readonly MovedUser[],
  trail: Trail,
): Promise<readonly Addition[]> {
  const verdicts: Addition[] = []
  for (let from = 0; from < batch.length; from += lists.seedStep) {
    const some = batch.slice(from, from + lists.seedStep).map(firstState)
    verdicts.push(...(await addSome(workshop, some, trail)))
  }
  return verdicts
}

/** See `Store.checkUsers`. */
export async function checkUsers(
  collections: Collections,
  batch: readonly MovedUser[],
): Promise<readonly Addition[]> {
  return verdictsOn(collections, batch.map(firstState), bounded)
}

/** It looks first, and whoever comes in between makes it look again. */
async function addSome(
  { collections, transact }: Workshop,
  users: readonly User[],
  trail: Trail,
): Promise<readonly Addition[]> {
  return transact<readonly Addition[]>('additions', async (tx) => {
    const verdicts = await verdictsOn(collections, users, tx)
    const added = users.filter((_, place) => verdicts[place]?.kind === 'added')
    if (added.length === 0) return drop(verdicts)
    await insertClaims(
      collections,
      added.flatMap((user) => claimsOf(user).map((key) => ({ key, userId: user.id }))),
      tx,
    )
    await insertUsers(collections, added, tx)
    const admins = added.filter(countsAsAdmin).length
    if (admins > 0) await countAdmin(collections, admins, tx)
    await record(collections, { trail, alive: null }, tx)
    return keep(verdicts)
  })
}

/** In their order: who comes later finds what those before hold. */
async function verdictsOn(
  collections: Collections,
  users: readonly User[],
  within: InSession | typeof bounded,
): Promise<readonly Addition[]> {
  const ids = { _id: { $in: users.map((user) => idValue(user.id)) } }
  const page = { ...within, projection: { _id: 1 }, batchSize: users.length + 1 }
  const there = new Set((await collections.users.find(ids, page).toArray()).map((doc) => id(doc, '_id')))
  const taken = new Set((await holdersOf(collections, users.flatMap(claimsOf), within)).keys())
  return users.map((user): Addition => {
    if (there.has(user.id)) return { kind: 'repeated' }
    const fields = takenFields(user, (key) => taken.has(key))
    if (fields.length > 0) return { kind: 'conflict', fields }
    there.add(user.id)
    for (const key of claimsOf(user)) taken.add(key)
    return { kind: 'added' }
  })
}
