/** The first administrator, and the links that make it: in a table of their own, since they are nobody's. */
import type { SetupToken } from '../../domain/ports/administration.ts'
import type { Hash, Trail } from '../../domain/ports/records.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import { firstState } from '../../domain/user-changes.ts'
import type { Database } from './connection.ts'
import { integer, maybeInteger } from './rows.ts'
import { insertToken } from './tokens.ts'
import { record } from './trail.ts'
import { findUser, hasAdmin } from './user-rows.ts'
import { insertWithClaims } from './users.ts'

export const sql = {
  put: `INSERT INTO setup_tokens (hash, created_at, expires_at) VALUES (:hash, :createdAt, :expiresAt)
    ON CONFLICT (hash) DO NOTHING`,
  byHash: 'SELECT expires_at, used_at FROM setup_tokens WHERE hash = :hash',
  useAll: 'UPDATE setup_tokens SET used_at = :now WHERE used_at IS NULL',
} as const

type Presented = { readonly hash: Hash; readonly now: Ms }

/** See `Store.putSetupToken`. The same hash again changes nothing. */
export function putSetupToken(db: Database, { hash, createdAt, expiresAt }: SetupToken): void {
  db.run(sql.put, { hash, createdAt, expiresAt })
}

/** See `Store.peekSetupToken`. */
export function peekSetupToken(db: Database, { hash, now }: Presented): 'live' | 'expired' | 'used' | null {
  const row = db.get(sql.byHash, { hash })
  if (!row) return null
  if (maybeInteger(row, 'used_at') !== null || hasAdmin(db)) return 'used'
  return integer(row, 'expires_at') > now ? 'live' : 'expired'
}

/** See `Store.createFirstAdmin`. */
export function createFirstAdmin(
  db: Database,
  creation: Parameters<Store['createFirstAdmin']>[0],
  trail: Trail,
): Awaited<ReturnType<Store['createFirstAdmin']>> {
  const { setup, token } = creation
  const same = findUser(db, creation.user.id)
  if (same) return { kind: 'created', user: same }
  if (hasAdmin(db)) return { kind: 'admin_exists' }
  if (setup && peekSetupToken(db, setup) !== 'live') return { kind: 'stale' }
  const user = firstState(creation.user)
  const conflict = insertWithClaims(db, user)
  if (conflict) return conflict
  db.run(sql.useAll, { now: trail.audit.at })
  if (token) insertToken(db, token)
  record(db, trail)
  return { kind: 'created', user }
}
