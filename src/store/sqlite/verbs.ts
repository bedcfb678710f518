/** What the writer thread can be asked to do inside a transaction: each a step of the port, by name. */
import { changeAccess, signOutUser } from './access.ts'
import { appendAudit } from './audit.ts'
import type { Database } from './connection.ts'
import { beginCopy, endCopy, writeRecords } from './copies.ts'
import { saveCounters } from './counters.ts'
import { endEverything, putDeletions } from './deletion-ledger.ts'
import { confirmEmail } from './email-confirmation.ts'
import { putInboxMessage } from './inbox.ts'
import { swapKeys } from './keys.ts'
import { claimMail, finishMail, releaseMail, retryMail } from './mail.ts'
import { readFact, writeFact } from './meta.ts'
import { changePassword, resetPassword, upgradePasswordHash } from './passwords.ts'
import { endSessions, openSession, renewSession, rotateSession } from './sessions.ts'
import { createFirstAdmin, putSetupToken } from './set-up.ts'
import { sweepStep } from './sweep.ts'
import { putToken } from './tokens.ts'
import { addUsers } from './user-additions.ts'
import { deleteUser } from './user-deletion.ts'
import { createUser, updateProfile } from './users.ts'

/** A real write that changes nothing of anybody's: the only way to know that one would be taken. */
function probe(db: Database): void {
  writeFact(db, 'health', ((readFact(db, 'health') ?? 0) + 1) % 1_000_000)
}

export const verbs = {
  addUsers,
  appendAudit,
  beginCopy,
  changeAccess,
  changePassword,
  claimMail,
  confirmEmail,
  createFirstAdmin,
  createUser,
  deleteUser,
  endCopy,
  endEverything,
  endSessions,
  finishMail,
  openSession,
  probe,
  putDeletions,
  putInboxMessage,
  putSetupToken,
  putToken,
  releaseMail,
  renewSession,
  resetPassword,
  retryMail,
  rotateSession,
  saveCounters,
  signOutUser,
  swapKeys,
  sweepStep,
  updateProfile,
  upgradePasswordHash,
  writeRecords,
} as const

export type VerbName = keyof typeof verbs

type Rest<Values> = Values extends [Database, ...infer Others] ? Others : never

/** What a verb takes behind the database. */
export type VerbInput<Name extends VerbName> = Rest<Parameters<(typeof verbs)[Name]>>
export type VerbResult<Name extends VerbName> = ReturnType<(typeof verbs)[Name]>
