import type { NewToken, Trail } from '../../domain/ports/records.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import { writeEvent } from './audit.ts'
import type { Collections, InSession } from './connection.ts'
import { insertMail } from './outbox.ts'
import { insertToken } from './tokens.ts'
import { touchUser } from './user-documents.ts'

/**
 * Writes what rides with a step: its event and, where mail follows, the mail. The step has written something
 * that a deletion of this user writes too, so that no mail is left behind for a user that is gone.
 */
export async function record(
  collections: Collections,
  { trail, alive }: { readonly trail: Trail; readonly alive: Id | null },
  tx: InSession,
): Promise<void> {
  await writeEvent(collections, trail.audit, tx)
  const { mail } = trail
  if (!mail) return
  const wanted = mail.userId === null || mail.userId === alive
  if (wanted || (await touchUser(collections, mail.userId, tx))) await insertMail(collections, mail, tx)
}

/**
 * The same for a step that makes a token. Its mail may be for whoever holds the address already: the commands
 * are those of a mail to the maker, since a transaction that took longer would tell (ASVS 6.3.8).
 */
export async function recordWithToken(
  collections: Collections,
  { token, trail }: { readonly token: NewToken | undefined; readonly trail: Trail },
  tx: InSession,
): Promise<void> {
  if (token) await insertToken(collections, { token, mail: null }, tx)
  await record(collections, { trail, alive: null }, tx)
}
