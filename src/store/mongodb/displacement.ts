import type { AuditEvent } from '../../domain/ports/records.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import type { User } from '../../domain/user.ts'
import { dismiss, recount } from './admins.ts'
import { writeEvent } from './audit.ts'
import type { Collections, InSession } from './connection.ts'
import { emailKey, holdersOf, moveClaim } from './identifiers.ts'
import { eraseUser } from './registry.ts'
import { readUser, saveUser } from './user-documents.ts'

/**
 * Whoever never proved the mailbox gives way to the one who has; false, and nothing happens, where the holder
 * has proven it too, or is the last admin.
 */
export async function displace(
  collections: Collections,
  {
    userId,
    email,
    displaced,
  }: { readonly userId: Id; readonly email: string; readonly displaced: AuditEvent },
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

/** Stores a user whose address is proven now, with the claim of it: a `pending` one had none. */
export async function saveProven(
  collections: Collections,
  { before, after }: { readonly before: User; readonly after: User },
  tx: InSession,
): Promise<void> {
  const from = before.status === 'pending' ? null : emailKey(before.email)
  await moveClaim(collections, { from, to: emailKey(after.email), userId: after.id }, tx)
  await saveUser(collections, after, tx)
  await recount(collections, { before, after }, tx)
}
