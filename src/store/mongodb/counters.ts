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
/** A look sees what has just been counted, before it has reached the majority. */
const seenAtOnce = { ...bounded, readConcern: { level: 'local' } } as const

/** See `Store.hit`: looks, gives back and counts, all at the same time. */
export async function hit(
  { counters }: Collections,
  { hits, now }: Parameters<Store['hit']>[0],
): Promise<readonly HitResult[]> {
  const looks = hits.filter(({ cost }) => cost === 0)
  const refunds = hits.filter(({ cost }) => cost < 0)
  const seen = look({ counters }, looks)
  const given = giveBack({ counters }, refunds, now)
  const verdicts = hits.map(async (each) =>
    each.cost > 0
      ? count({ counters }, each, now)
      : countHit((await seen).get(each.key) ?? null, each, now).result,
  )
  const [results] = await Promise.all([Promise.all(verdicts), given])
  return results
}

type Counters = Pick<Collections, 'counters'>

async function look(
  { counters }: Counters,
  hits: readonly Hit[],
): Promise<ReadonlyMap<string, Bucket | null>> {
  if (hits.length === 0) return new Map()
  const keys = hits.map(({ key }) => key)
  const options = { ...seenAtOnce, batchSize: keys.length + 1 }
  const found = await counters.find({ _id: { $in: keys } }, options).toArray()
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
    return verdictOf(await counters.findOneAndUpdate({ _id: one.key }, stepsOf(one, now), options), one, now)
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return verdictOf(await counters.findOneAndUpdate({ _id: one.key }, stepsOf(one, now), options), one, now)
  }
}

/** `countHit` in the server's words: what has ended begins anew, then the hit is admitted or not. */
function stepsOf({ cost, limit, windowMs, gapsMs }: Hit, now: Ms): Document[] {
  // What has been given back whole is nothing, too.
  const isAlive = { $and: [{ $gt: ['$purgeAt', time(now)] }, { $gt: ['$count', 0] }] }
  const end = time(now + windowMs)
  const gap = gapsMs ? { $arrayElemAt: [gapsMs, { $min: ['$count', gapsMs.length - 1] }] } : 0
  // Where no wait is asked for, a clock that is behind the one of the last hit is in time, too.
  const waited = { $or: [{ $eq: [gap, 0] }, { $lte: [{ $add: ['$lastAt', gap] }, time(now)] }] }
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

function verdictOf(doc: Doc | null, one: Hit, now: Ms): HitResult {
  if (!doc) throw new TypeError('an upsert answers with its document')
  const { result } = countHit(bucketOf(doc), { ...one, cost: 0 }, now)
  return { ...result, admitted: doc['admitted'] === true }
}

/** Null for what has been given back whole. */
function bucketOf(doc: Doc): Bucket | null {
  const counted = integer(doc, 'count')
  return counted > 0 ? { count: counted, lastAt: ms(doc, 'lastAt'), endsAt: ms(doc, 'purgeAt') } : null
}
