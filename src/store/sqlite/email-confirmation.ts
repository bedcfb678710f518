import type { AuditEvent, Trail } from '../../domain/ports/records.ts'
import type { Conflict, Stale, Store } from '../../domain/ports/store.ts'
import { withConfirmedAddress } from '../../domain/user-changes.ts'
import type { User } from '../../domain/user.ts'
import { appendAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { emailKey, findUserByKey, moveClaim } from './identifiers.ts'
import { eraseUser } from './registry.ts'
import { consume, peekToken } from './tokens.ts'
import { record } from './trail.ts'
import { isLastAdmin, saveUser } from './user-rows.ts'

type Confirmation = Parameters<Store['confirmEmail']>[0]

/** See `Store.confirmEmail`. A conflict leaves the token as it was. */
export function confirmEmail(
  db: Database,
  confirmation: Confirmation,
  trail: Trail,
): { readonly kind: 'confirmed'; readonly user: User } | Conflict | Stale {
  const { hash, userId, now } = confirmation
  const presented = { hash, kinds: ['verify_email', 'change_email'], now } as const
  const found = peekToken(db, presented)
  if (found?.kind !== 'live' || found.user.id !== userId) return { kind: 'stale' }
  const { user, token } = found
  const holder = findUserByKey(db, emailKey(token.email))
  if (holder && holder.id !== userId) {
    if (holder.emailVerified || isLastAdmin(db, holder)) return { kind: 'conflict', fields: ['email'] }
    displace(db, holder, confirmation.displaced)
  }
  consume(db, presented)
  const confirmed = withConfirmedAddress(user, token, now)
  moveClaim(db, { from: emailKey(user.email), to: emailKey(confirmed.email) }, userId)
  saveUser(db, confirmed)
  record(db, trail)
  return { kind: 'confirmed', user: confirmed }
}

/** Whoever never proved the mailbox gives way to the one who has. */
function displace(db: Database, holder: User, event: AuditEvent): void {
  eraseUser(db, holder.id, event.at)
  appendAudit(db, { ...event, userId: holder.id })
}
