/** Filters that leave few users, each found by an index, whatever the number of all users. */
import { lists } from '../../domain/limits.ts'
import type { UserQuery } from '../../domain/ports/administration.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import type { Role } from '../../domain/user.ts'
import type { Database } from './connection.ts'
import { id, jsonTexts, text } from './rows.ts'

/** What most users have, which makes it no filter. */
const commonRole: Role = 'user'
const uncommon = `roles <> '["user"]'`
const tooMany = lists.fewUsers + 1

export const sql = {
  withPrefix: `SELECT user_id AS id FROM identifiers WHERE key >= :from AND key < :to LIMIT ${tooMany}`,
  /** Every set of roles once: from one to the next in the index, over whatever users have it. */
  roleSets: `WITH RECURSIVE sets (roles) AS (
      SELECT min(roles) FROM users WHERE ${uncommon}
      UNION ALL
      SELECT (SELECT min(u.roles) FROM users u WHERE u.roles > sets.roles AND u.${uncommon})
      FROM sets WHERE sets.roles IS NOT NULL
    ) SELECT roles FROM sets WHERE roles IS NOT NULL LIMIT ${tooMany}`,
  withRoles: `SELECT id FROM users WHERE roles = :roles AND ${uncommon} LIMIT ${tooMany}`,
  disabled: `SELECT id FROM users WHERE status = 'disabled' LIMIT ${tooMany}`,
  unverified: `SELECT id FROM users WHERE email_verified = 0 LIMIT ${tooMany}`,
} as const

/**
 * A set of at most `lists.fewUsers` users that holds all that fit, found by the first filter that leaves so
 * few; null where none does.
 */
export function candidates(db: Database, query: UserQuery): readonly Id[] | null {
  const { search, role, status, verified } = query
  const bySearch = () => (search === null ? null : withPrefix(db, search))
  const byRole = () => (role === null || role === commonRole ? null : withRole(db, role))
  const byStatus = () => (status === 'disabled' ? idsOf(db, sql.disabled) : null)
  const byVerified = () => (verified === false ? idsOf(db, sql.unverified) : null)
  return [bySearch, byRole, byStatus, byVerified].reduce<readonly Id[] | null>(
    (found, look) => found ?? few(look()),
    null,
  )
}

function few(ids: readonly Id[] | null): readonly Id[] | null {
  return ids && ids.length <= lists.fewUsers ? ids : null
}

/** A range of keys and never a pattern: LIKE reads the whole table. */
function withPrefix(db: Database, prefix: string): readonly Id[] {
  const found = ['e:', 'u:'].flatMap((kind) =>
    idsOf(db, sql.withPrefix, { from: kind + prefix, to: `${kind}${prefix}\u{10ffff}` }),
  )
  return [...new Set(found)]
}

function withRole(db: Database, role: Role): readonly Id[] | null {
  const sets = db.all(sql.roleSets)
  if (sets.length === tooMany) return null
  const found: Id[] = []
  for (const set of sets) {
    if (jsonTexts(set, 'roles').includes(role))
      found.push(...idsOf(db, sql.withRoles, { roles: text(set, 'roles') }))
    if (found.length > lists.fewUsers) break
  }
  return found
}

function idsOf(db: Database, statement: string, values?: Record<string, string>): readonly Id[] {
  return db.all(statement, values).map((row) => id(row, 'id'))
}
