import type { Trail } from '../../domain/ports/records.ts'
import { appendAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { insertMail } from './mail.ts'

/** Writes what rides with a step: its event and, where mail follows, the mail. */
export function record(db: Database, trail: Trail): void {
  appendAudit(db, trail.audit)
  if (trail.mail) insertMail(db, trail.mail)
}
