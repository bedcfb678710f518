/** What proving a mailbox does to the claims of its address. */
import type { AuditEvent, NewToken } from '../../domain/ports/records.ts'
import type { User } from '../../domain/user.ts'
import { appendAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { claim, emailKey, findUserByKey, moveClaim } from './identifiers.ts'
import { eraseUser } from './registry.ts'
import { isLastAdmin, saveUser } from './user-rows.ts'

/**
 * Whoever never proved the mailbox gives way to the one who has; false, and nothing happens, where another
 * holder has proven it too, or is the last admin.
 */
export function displaceHolder(db: Database, proof: NewToken, event: AuditEvent): boolean {
  const holder = findUserByKey(db, emailKey(proof.email))
  if (!holder || holder.id === proof.userId) return true
  if (holder.emailVerified || isLastAdmin(db, holder)) return false
  eraseUser(db, holder.id, event.at)
  appendAudit(db, { ...event, userId: holder.id })
  return true
}

/** Writes a user whose address is proven by now, with the claim of it; a `pending` one had none before. */
export function saveProven(db: Database, before: User, after: User): void {
  const to = emailKey(after.email)
  if (before.status === 'pending') claim(db, to, after.id)
  else moveClaim(db, { from: emailKey(before.email), to }, after.id)
  saveUser(db, after)
}
