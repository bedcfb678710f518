/**
 * Where mails wait: in `outbox`, or in the document of the one-time token that they carry, so that a request
 * for a link is a single insert.
 */
import type { Document } from 'mongodb'
import { lifetimes } from '../../domain/limits.ts'
import { mailKinds } from '../../domain/ports/mailer.ts'
import type { OutgoingMail } from '../../domain/ports/records.ts'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import type { Collections, InSession } from './connection.ts'
import { bytes, id, idValue, integer, maybeIdValue, ms, oneOf, time, type Doc } from './documents.ts'

export type ClaimedMail = OutgoingMail & { readonly attempts: number }

/** A mail that waits, and where; `tokenHash` is null for one in the outbox. */
export interface WaitingMail {
  readonly mail: ClaimedMail
  readonly dueAt: Ms
  readonly tokenHash: Uint8Array | null
}

/** Queues a mail, due at once; the same id again changes nothing. */
export async function insertMail({ outbox }: Collections, mail: OutgoingMail, tx: InSession): Promise<void> {
  const document = {
    userId: maybeIdValue(mail.userId),
    ...waiting(mail),
    purgeAt: time(mail.expiresAt + lifetimes.purgeDelayMs),
  }
  await outbox.updateOne({ _id: idValue(mail.id) }, { $setOnInsert: document }, { ...tx, upsert: true })
}

/** The form in which a mail waits inside the document of its token, whose user is the mail's. */
export function carriedMail(mail: OutgoingMail): Document {
  return { id: idValue(mail.id), ...waiting(mail) }
}

function waiting(mail: OutgoingMail): Document {
  return {
    kind: mail.kind,
    sealed: mail.sealed,
    createdAt: time(mail.createdAt),
    expiresAt: time(mail.expiresAt),
    due: time(mail.createdAt),
    attempts: 0,
  }
}

/** A mail of the outbox (`_id`) or of a token (`id`). */
export function waitingMail(
  doc: Doc,
  from: { readonly idField: '_id' | 'id'; readonly userId: Id | null; readonly tokenHash: Uint8Array | null },
): WaitingMail {
  return {
    dueAt: ms(doc, 'due'),
    tokenHash: from.tokenHash,
    mail: {
      id: id(doc, from.idField),
      userId: from.userId,
      kind: oneOf(doc, 'kind', mailKinds),
      sealed: bytes(doc, 'sealed'),
      createdAt: ms(doc, 'createdAt'),
      expiresAt: ms(doc, 'expiresAt'),
      attempts: integer(doc, 'attempts'),
    },
  }
}
