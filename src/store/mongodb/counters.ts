/**
 * Counted attempts, shared by all nodes: a document a bucket, one command a hit. What a fail-over loses of
 * them (they wait for one server only) is a few attempts.
 */
import type { Document } from 'mongodb'
import { countHit, type Bucket } from '../../domain/counting.ts'
import type { Hit, HitResult } from '../../domain/ports/counters.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import { bounded, type Collections } from './connection.ts'
import { integer, ms, text, time, type Doc } from './documents.ts'
import { isDuplicate } from './failures.ts'

const sent = { ...bounded, writeConcern: { w: 1 } } as const

/** See `Store.hit`: looks, gives back and counts, all at the same time. */
export async function hit(
  { counters }: Collections,
  { hits, now }: Parameters<Store['hit']>[0],
): Promise<readonly HitResult[]> {
  const looks = hits.filter(({ cost }) => cost === 0)
  const refunds = hits.filter(({ cost }) => cost < 0)
  const [seen] = await Promise.all([look({ counters }, looks), giveBack({ counters }, refunds, now)])
  return Promise.all(
    hits.map((each) =>
      each.cost > 0 ? count({ counters }, each, now) : countHit(seen.get(each.key) ?? null, each, now).result,
    ),
  )
}

type Counters = Pick<Collections, 'counters'>

async function look({ counters }: Counters, hits: readonly Hit[]): Promise<ReadonlyMap<string, Bucket>> {
  if (hits.length === 0) return new Map()
  const keys = hits.map(({ key }) => key)
  const found = await counters
    .find({ _id: { $in: keys } }, { ...bounded, batchSize: keys.length + 1 })
    .toArray()
  return new Map(found.map((doc) => [text(doc, '_id'), bucketOf(doc)]))
}

async function giveBack({ counters }: Counters, hits: readonly Hit[], now: Ms): Promise<void> {
  if (hits.length === 0) return
  const operations = hits.map(({ key, cost }) => ({
    updateOne: {
      filter: { _id: key, purgeAt: { $gt: time(now) } },
      update: [{ $set: { count: { $max: [0, { $add: ['$count', cost] }] } } }],
    },
  }))
  await counters.bulkWrite(operations, { ...sent, ordered: false })
}

/** Two first hits of one key at the same time: one of them inserts, the other finds it. */
async function count({ counters }: Counters, one: Hit, now: Ms): Promise<HitResult> {
  const options = { ...sent, upsert: true, returnDocument: 'after' } as const
  try {
    return verdictOf(await counters.findOneAndUpdate({ _id: one.key }, stepsOf(one, now), options), one)
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return verdictOf(await counters.findOneAndUpdate({ _id: one.key }, stepsOf(one, now), options), one)
  }
}

/** `countHit` in the server's words: what has ended begins anew, then the hit is admitted or not. */
function stepsOf({ cost, limit, windowMs, gapsMs }: Hit, now: Ms): Document[] {
  const isAlive = { $gt: [{ $ifNull: ['$purgeAt', time(0)] }, time(now)] }
  const end = time(now + windowMs)
  const gap = gapsMs ? { $arrayElemAt: [gapsMs, { $min: ['$count', gapsMs.length - 1] }] } : 0
  const waited = { $lte: [{ $add: ['$lastAt', gap] }, time(now)] }
  return [
    {
      $set: {
        count: { $cond: [isAlive, '$count', 0] },
        lastAt: { $cond: [isAlive, '$lastAt', time(0)] },
        purgeAt: { $cond: [isAlive, '$purgeAt', end] },
      },
    },
    { $set: { admitted: { $and: [{ $lte: [{ $add: ['$count', cost] }, limit] }, waited] } } },
    {
      $set: {
        count: { $cond: ['$admitted', { $add: ['$count', cost] }, '$count'] },
        lastAt: { $cond: ['$admitted', time(now), '$lastAt'] },
        ...(gapsMs && { purgeAt: { $cond: ['$admitted', end, '$purgeAt'] } }),
      },
    },
  ]
}

function verdictOf(doc: Doc | null, one: Hit): HitResult {
  if (!doc) throw new TypeError('an upsert answers with its document')
  const bucket = bucketOf(doc)
  const { result } = countHit(bucket, { ...one, cost: 0 }, bucket.lastAt)
  return { ...result, admitted: doc['admitted'] === true }
}

function bucketOf(doc: Doc): Bucket {
  return { count: integer(doc, 'count'), lastAt: ms(doc, 'lastAt'), endsAt: ms(doc, 'purgeAt') }
}
