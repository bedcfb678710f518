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

/** The same for a step that makes a token: its mail waits inside the token's document. */
export async function recordWithToken(
  collections: Collections,
  {
    token,
    trail,
    alive,
  }: { readonly token: NewToken | undefined; readonly trail: Trail; readonly alive: Id },
  tx: InSession,
): Promise<void> {
  const { audit, mail } = trail
  const carried = token && mail?.userId === token.userId ? mail : undefined
  if (token) await insertToken(collections, { token, mail: carried ?? null }, tx)
  await record(collections, { trail: carried ? { audit } : trail, alive }, tx)
}
