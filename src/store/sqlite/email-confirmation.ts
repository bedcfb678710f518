import type { Trail } from '../../domain/ports/records.ts'
import type { Conflict, Stale, Store } from '../../domain/ports/store.ts'
import { withConfirmedAddress } from '../../domain/user-changes.ts'
import type { User } from '../../domain/user.ts'
import type { Database } from './connection.ts'
import { displaceHolder, saveProven } from './displacement.ts'
import { consume, peekToken } from './tokens.ts'
import { record } from './trail.ts'

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
  if (!displaceHolder(db, token, confirmation.displaced)) return { kind: 'conflict', fields: ['email'] }
  consume(db, presented)
  const confirmed = withConfirmedAddress(user, token, now)
  saveProven(db, user, confirmed)
  record(db, trail)
  return { kind: 'confirmed', user: confirmed }
}
