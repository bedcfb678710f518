/**
 * The number of admins (role, status active, a password) stands in one document that every change of it
 * writes. Counting the users instead would let two admins leave at the same time, each seeing the other.
 */
import type { User } from '../../domain/user.ts'
import { bounded, type Collections, type InSession } from './connection.ts'
import { integer } from './documents.ts'

export const adminsId = 'admins'

/** Whom the count counts. */
export const countedAdmins = { roles: 'admin', status: 'active', passwordHash: { $type: 'string' } } as const

export function countsAsAdmin(user: User): boolean {
  return user.roles.includes('admin') && user.status === 'active' && user.passwordHash !== null
}

/** Another admin. */
export async function countAdmin({ meta }: Collections, by: number, tx: InSession): Promise<void> {
  await meta.updateOne({ _id: adminsId }, { $inc: { n: by } }, tx)
}

/** How many there are; read inside a transaction, or as the majority has it. */
export async function readAdminCount(
  { meta }: Collections,
  within: InSession | typeof bounded = bounded,
): Promise<number> {
  const doc = await meta.findOne({ _id: adminsId }, within)
  return doc ? integer(doc, 'n') : 0
}

/**
 * Counts the first one. A write where nothing is counted too, so that of racing calls one wins; false, and
 * nothing happens, where there is one already.
 */
export async function countFirst({ meta }: Collections, user: User, tx: InSession): Promise<boolean> {
  const change = { $inc: { n: countsAsAdmin(user) ? 1 : 0, touched: 1 } }
  return (await meta.updateOne({ _id: adminsId, n: { $lte: 0 } }, change, tx)).matchedCount === 1
}

/** Keeps the count as a user changes; false, and nothing happens, where no other admin would be left. */
export async function recount(
  collections: Collections,
  { before, after }: { readonly before: User; readonly after: User },
  tx: InSession,
): Promise<boolean> {
  if (countsAsAdmin(before) && !countsAsAdmin(after)) return dismiss(collections, before, tx)
  if (!countsAsAdmin(before) && countsAsAdmin(after)) await countAdmin(collections, 1, tx)
  return true
}

/**
 * Takes a user who goes off the count, if it is on it; false, and nothing happens, where no other admin would
 * be left.
 */
export async function dismiss({ meta }: Collections, user: User, tx: InSession): Promise<boolean> {
  if (!countsAsAdmin(user)) return true
  const dismissed = await meta.updateOne({ _id: adminsId, n: { $gt: 1 } }, { $inc: { n: -1 } }, tx)
  return dismissed.matchedCount === 1
}

/** The same where nobody asks who is left. */
export async function dismissAny(collections: Collections, user: User, tx: InSession): Promise<boolean> {
  if (countsAsAdmin(user)) await countAdmin(collections, -1, tx)
  return true
}
