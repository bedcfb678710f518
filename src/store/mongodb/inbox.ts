import type { SealedInboxMessage } from '../../domain/ports/records.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import { bounded, type Collections } from './connection.ts'
import { bytes, id, idValue, ms, time, type Doc } from './documents.ts'
import type { Workshop } from './sessions.ts'
import { drop, keep } from './transactions.ts'
import { touchUser } from './user-documents.ts'

/** See `Store.putInboxMessage`. */
export async function putInboxMessage(
  { collections, transact }: Workshop,
  message: SealedInboxMessage,
  most: number,
): Promise<void> {
  await transact('inbox', async (tx) => {
    const { inbox } = collections
    if (!(await touchUser(collections, message.userId, tx))) return drop(null)
    const content = {
      userId: idValue(message.userId),
      sealed: message.sealed,
      sentAt: time(message.sentAt),
    }
    await inbox.updateOne({ _id: idValue(message.id) }, { $setOnInsert: content }, { ...tx, upsert: true })
    const newest = await inbox
      .find({}, { ...tx, projection: { _id: 1 } })
      .sort({ _id: -1 })
      .limit(most + 1)
      .toArray()
    const beyond = newest[most]
    if (beyond) await inbox.deleteMany({ _id: { $lte: idValue(id(beyond, '_id')) } }, tx)
    return keep(null)
  })
}

/** See `Store.listInboxMessages`. */
export async function listInboxMessages(
  { inbox }: Collections,
  { after, limit }: { readonly after?: Id | undefined; readonly limit: number },
): Promise<readonly SealedInboxMessage[]> {
  const filter = after === undefined ? {} : { _id: { $gt: idValue(after) } }
  const found = await inbox.find(filter, bounded).sort({ _id: -1 }).limit(limit).toArray()
  return found.map(message)
}

function message(doc: Doc): SealedInboxMessage {
  return {
    id: id(doc, '_id'),
    userId: id(doc, 'userId'),
    sealed: bytes(doc, 'sealed'),
    sentAt: ms(doc, 'sentAt'),
  }
}
