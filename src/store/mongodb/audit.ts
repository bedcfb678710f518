import type { AuditEvent } from '../../domain/ports/records.ts'
import { lifetimes } from '../../domain/limits.ts'
import { bounded, type Collections, type InSession, type StoredDocument } from './connection.ts'
import { idValue, maybeIdValue, time } from './documents.ts'
import { isDuplicate } from './failures.ts'

/**
 * Writes an event in the transaction of its step. An upsert, so that a step that comes to its event twice
 * leaves one.
 */
export async function writeEvent({ audit }: Collections, event: AuditEvent, tx: InSession): Promise<void> {
  const { _id, ...rest } = eventDocument(event)
  await audit.updateOne({ _id }, { $setOnInsert: rest }, { ...tx, upsert: true })
}

/** See `Store.appendAudit`. */
export async function appendAudit({ audit }: Collections, event: AuditEvent): Promise<void> {
  try {
    await audit.insertOne(eventDocument(event), bounded)
  } catch (error) {
    if (!isDuplicate(error)) throw error
  }
}

function eventDocument(event: AuditEvent): StoredDocument {
  return {
    _id: idValue(event.id),
    at: time(event.at),
    action: event.action,
    actorId: maybeIdValue(event.actorId),
    userId: maybeIdValue(event.userId),
    requestId: event.requestId,
    detail: event.detail,
    purgeAt: time(event.at + lifetimes.auditMs),
  }
}
