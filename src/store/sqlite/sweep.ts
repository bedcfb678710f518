/** Garbage collection of what has been expired long enough. Validity never depends on it. */
import { lifetimes, queues } from '../../domain/limits.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import type { Database } from './connection.ts'
import { eraseUser } from './registry.ts'
import { id } from './rows.ts'

const delayed = lifetimes.purgeDelayMs

/** What is swept, and how long after its time. */
const graceMs = {
  sessions: delayed,
  tokens: delayed,
  mails: delayed,
  identifiers: 0,
  audit: lifetimes.auditMs,
  deletions: lifetimes.deletionLedgerMs,
  setupTokens: delayed,
  counters: 0,
  pending: lifetimes.verifyTokenMs,
} as const

export type Sweepable = keyof typeof graceMs

export const sql = {
  sessions: `DELETE FROM sessions WHERE (user_id, id) IN (
    SELECT user_id, id FROM sessions WHERE expires_at <= :before LIMIT ${queues.sweepRowsPerStep})`,
  tokens: `DELETE FROM one_time_tokens WHERE hash IN (
    SELECT hash FROM one_time_tokens WHERE expires_at <= :before LIMIT ${queues.sweepRowsPerStep})`,
  mails: `DELETE FROM outgoing_mails WHERE id IN (
    SELECT id FROM outgoing_mails WHERE expires_at <= :before LIMIT ${queues.sweepRowsPerStep})`,
  identifiers: `DELETE FROM identifiers WHERE key IN (
    SELECT key FROM identifiers WHERE expires_at <= :before LIMIT ${queues.sweepRowsPerStep})`,
  audit: `DELETE FROM audit_events WHERE id IN (
    SELECT id FROM audit_events WHERE at <= :before LIMIT ${queues.sweepRowsPerStep})`,
  deletions: `DELETE FROM deletions WHERE hash IN (
    SELECT hash FROM deletions WHERE at <= :before LIMIT ${queues.sweepRowsPerStep})`,
  setupTokens: `DELETE FROM setup_tokens WHERE hash IN (
    SELECT hash FROM setup_tokens WHERE expires_at <= :before LIMIT ${queues.sweepRowsPerStep})`,
  counters: `DELETE FROM counters WHERE key IN (
    SELECT key FROM counters WHERE ends_at <= :before LIMIT ${queues.sweepRowsPerStep})`,
  /** Whoever has no password was asked for by an administrator, with a link that lives longer. */
  pending: `SELECT id FROM users
    WHERE status = 'pending' AND created_at <= :before AND (password_hash IS NOT NULL OR created_at <= :asked)
    ORDER BY created_at LIMIT ${queues.sweepUsersPerStep}`,
} as const satisfies Record<Sweepable, string>

const sweepables: readonly Sweepable[] = [
  'pending',
  'sessions',
  'tokens',
  'mails',
  'identifiers',
  'audit',
  'deletions',
  'setupTokens',
  'counters',
]

/**
 * Takes one table after the other, step by step until a step finds less than it may take; says how many rows
 * went (a pending user, with whatever holds it, is one).
 */
export async function sweep(step: (what: Sweepable) => Promise<number>): Promise<number> {
  let deleted = 0
  for (const what of sweepables) {
    let rows: number
    do {
      rows = await step(what)
      deleted += rows
    } while (rows === (what === 'pending' ? queues.sweepUsersPerStep : queues.sweepRowsPerStep))
  }
  return deleted
}

/** Deletes a bounded number of rows of one table, so that other writes come in between. */
export function sweepStep(db: Database, what: Sweepable, now: Ms): number {
  if (what === 'pending') return erasePending(db, now)
  return db.run(sql[what], { before: now - graceMs[what] })
}

function erasePending(db: Database, now: Ms): number {
  const [before, asked] = [now - graceMs.pending, now - lifetimes.setPasswordTokenMs]
  const ids = db.all(sql.pending, { before, asked }).map((row) => id(row, 'id'))
  for (const userId of ids) eraseUser(db, userId, now)
  return ids.length
}
