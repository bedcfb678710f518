import type { Page } from '../../domain/ports/administration.ts'
import type { AuditEvent } from '../../domain/ports/records.ts'
import { lifetimes, lists } from '../../domain/limits.ts'
import type { Store } from '../../domain/ports/store.ts'
import { bounded, type Collections, type InSession, type StoredDocument } from './connection.ts'
import { id, idValue, maybeId, maybeIdValue, maybeText, ms, text, time, type Doc } from './documents.ts'
import { isDuplicate } from './failures.ts'
import { pageOf } from './pages.ts'

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

/** See `Store.listAudit`. By one index, of the user or else of the actor; who is both is looked at. */
export async function listAudit(
  { audit }: Collections,
  { userId, actorId, limit, from }: Parameters<Store['listAudit']>[0],
): Promise<Page<AuditEvent>> {
  const ascending = from?.direction === 'previous'
  const of =
    userId !== null ? { userId: idValue(userId) } : actorId !== null ? { actorId: idValue(actorId) } : {}
  return pageOf({ ...lists, limit, from, ascending }, async (after, most) => {
    const range = after && { _id: { [ascending ? '$gt' : '$lt']: idValue(after.id) } }
    const found = await audit
      .find({ ...of, ...range }, { ...bounded, batchSize: most + 1 })
      .sort({ _id: ascending ? 1 : -1 })
      .limit(most)
      .toArray()
    return found.map(eventOf).map((event) => ({
      place: { value: null, id: event.id },
      item: actorId === null || event.actorId === actorId ? event : null,
    }))
  })
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

function eventOf(doc: Doc): AuditEvent {
  return {
    id: id(doc, '_id'),
    at: ms(doc, 'at'),
    action: text(doc, 'action'),
    actorId: maybeId(doc, 'actorId'),
    userId: maybeId(doc, 'userId'),
    requestId: text(doc, 'requestId'),
    detail: maybeText(doc, 'detail'),
  }
}
