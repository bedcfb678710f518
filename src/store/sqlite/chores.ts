/** What the writer thread does between transactions. */
import { store as limits } from '../../domain/limits.ts'
import type { Database } from './connection.ts'
import { failureOf } from './failures.ts'
import type { Chore, Reply } from './messages.ts'
import { forgetFact, writeFact } from './meta.ts'
import { integer } from './rows.ts'

/** Does one chore; the result says whether it is done (false: an open read is in the way, try again). */
export function runChore(db: Database, { number, chore }: { number: number; chore: Chore }): Reply {
  try {
    return { number, result: chores[chore](db) }
  } catch (error) {
    return { number, failure: failureOf(error) }
  }
}

const chores: Readonly<Record<Chore, (db: Database) => boolean>> = { truncate, scrub, close }

/**
 * Empties the log file, and with it what was deleted. Never waits for readers: one open read would hold every
 * write for the whole busy timeout, and nothing would be truncated.
 */
function truncate(db: Database): boolean {
  db.exec('PRAGMA busy_timeout = 0')
  try {
    return integer(db.get('PRAGMA wal_checkpoint(TRUNCATE)') ?? {}, 'busy') === 0
  } finally {
    db.exec(`PRAGMA busy_timeout = ${limits.busyTimeoutMs}`)
  }
}

/**
 * Rewrites the file without free space: `secure_delete` alone leaves copies behind page splits. The rewritten
 * pages are durable in the log now, so that the marker can go; they reach the file with the next truncation.
 */
function scrub(db: Database): boolean {
  db.exec('VACUUM')
  forgetFact(db, 'unscrubbed_since')
  return truncate(db)
}

function close(db: Database): boolean {
  writeFact(db, 'clean_stop', 1)
  const truncated = truncate(db)
  db.close()
  return truncated
}
