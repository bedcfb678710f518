import type { Store } from '../../domain/ports/store.ts'
import { bounded, type Collections } from './connection.ts'
import { maybeDoc, ms, time } from './documents.ts'

type Backlog = Awaited<ReturnType<Store['mailBacklog']>>

/** See `Store.mailBacklog`: what waits in the outbox, and what waits inside its token. */
export async function mailBacklog({ outbox, tokens }: Collections): Promise<Backlog> {
  const queued = { due: { $gt: time(0) } }
  const carried = { 'mail.due': { $gt: time(0) } }
  const [queue, tokenMails, oldest, oldestCarried] = await Promise.all([
    outbox.countDocuments(queued, bounded),
    tokens.countDocuments(carried, bounded),
    outbox.findOne(queued, { ...bounded, sort: { due: 1, _id: 1 }, projection: { due: 1 } }),
    tokens.findOne(carried, {
      ...bounded,
      sort: { 'mail.due': 1, 'mail.id': 1 },
      projection: { 'mail.due': 1 },
    }),
  ])
  const carriedMail = oldestCarried && maybeDoc(oldestCarried, 'mail')
  const times = [oldest, carriedMail].flatMap((doc) => (doc ? [ms(doc, 'due')] : []))
  return { waiting: queue + tokenMails, oldestDueAt: times.length > 0 ? Math.min(...times) : null }
}
