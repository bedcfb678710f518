/**
 * The number of admins (role, status active, a password) stands in one document that every change of it
 * writes. Counting the users instead would let two admins leave at the same time, each seeing the other.
 */
import type { User } from '../../domain/user.ts'
import type { Collections, InSession } from './connection.ts'

export const adminsId = 'admins'

export function countsAsAdmin(user: User): boolean {
  return user.roles.includes('admin') && user.status === 'active' && user.passwordHash !== null
}

/** Another admin, or one fewer. */
export async function countAdmin({ meta }: Collections, by: 1 | -1, tx: InSession): Promise<void> {
  await meta.updateOne({ _id: adminsId }, { $inc: { n: by } }, tx)
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
