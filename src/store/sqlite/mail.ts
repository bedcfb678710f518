import { mailKinds } from '../../domain/ports/mailer.ts'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import type { AuditEvent, OutgoingMail } from '../../domain/ports/records.ts'
import { appendAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { bytes, id, idBytes, integer, maybeId, maybeIdBytes, maybeInteger, oneOf, type Row } from './rows.ts'
import { userExists } from './user-rows.ts'

export const sql = {
  insert: `INSERT INTO outgoing_mails (id, user_id, kind, sealed, created_at, expires_at, due_at)
    VALUES (:id, :userId, :kind, :sealed, :createdAt, :expiresAt, :createdAt) ON CONFLICT (id) DO NOTHING`,
  anyDue: 'SELECT 1 FROM outgoing_mails WHERE due_at <= :now LIMIT 1',
  due: `SELECT id, user_id, kind, sealed, created_at, expires_at, attempts FROM outgoing_mails
    WHERE due_at <= :now ORDER BY due_at, id LIMIT :limit`,
  lease: 'UPDATE outgoing_mails SET due_at = :dueAt, attempts = attempts + 1 WHERE id = :id',
  release: 'UPDATE outgoing_mails SET due_at = :now WHERE due_at > :now',
  retry: 'UPDATE outgoing_mails SET due_at = :dueAt WHERE id = :id',
  backlog: 'SELECT count(*) AS waiting, min(due_at) AS oldest FROM outgoing_mails',
  erase: 'DELETE FROM outgoing_mails WHERE id = :id',
} as const

/** Queues a mail, due at once; the same id again, or a user that is gone, changes nothing. */
export function insertMail(db: Database, mail: OutgoingMail): void {
  if (mail.userId !== null && !userExists(db, mail.userId)) return
  db.run(sql.insert, {
    id: idBytes(mail.id),
    userId: maybeIdBytes(mail.userId),
    kind: mail.kind,
    sealed: mail.sealed,
    createdAt: mail.createdAt,
    expiresAt: mail.expiresAt,
  })
}

/** The cheap look before a claim: a poll of an empty outbox writes nothing. */
export function anyMailDue(db: Database, now: Ms): boolean {
  return db.get(sql.anyDue, { now }) !== undefined
}

/** See `Store.mailBacklog`. */
export function mailBacklog(db: Database): { readonly waiting: number; readonly oldestDueAt: Ms | null } {
  const row = db.get(sql.backlog) ?? {}
  return { waiting: integer(row, 'waiting'), oldestDueAt: maybeInteger(row, 'oldest') }
}

/** See `Store.claimMail`. */
export function claimMail(
  db: Database,
  claim: { readonly now: Ms; readonly leaseUntil: Ms; readonly limit: number },
): readonly (OutgoingMail & { readonly attempts: number })[] {
  const claimed = db.all(sql.due, { now: claim.now, limit: claim.limit }).map(claimedMail)
  for (const mail of claimed) db.run(sql.lease, { id: idBytes(mail.id), dueAt: claim.leaseUntil })
  return claimed
}

/**
 * Makes every mail due: the file has one owner, so at its opening nobody works on a lease, and what waited
 * for another attempt may as well be tried now.
 */
export function releaseMail(db: Database, now: Ms): void {
  db.run(sql.release, { now })
}

/** See `Store.finishMail`. A mail that somebody else has finished, or whose user is gone, leaves no event. */
export function finishMail(db: Database, mail: { readonly id: Id; readonly audit: AuditEvent | null }): void {
  const erased = db.run(sql.erase, { id: idBytes(mail.id) })
  if (erased > 0 && mail.audit) appendAudit(db, mail.audit)
}

/** See `Store.retryMail`. */
export function retryMail(db: Database, mail: { readonly id: Id; readonly dueAt: Ms }): void {
  db.run(sql.retry, { id: idBytes(mail.id), dueAt: mail.dueAt })
}

function claimedMail(row: Row): OutgoingMail & { readonly attempts: number } {
  return {
    id: id(row, 'id'),
    userId: maybeId(row, 'user_id'),
    kind: oneOf(row, 'kind', mailKinds),
    sealed: bytes(row, 'sealed'),
    createdAt: integer(row, 'created_at'),
    expiresAt: integer(row, 'expires_at'),
    attempts: integer(row, 'attempts'),
  }
}
