/** What a hit does to its bucket: the same on every engine, whatever keeps the buckets. */
import type { Hit, HitResult } from './ports/counters.ts'
import type { Ms } from './ports/runtime.ts'

/** The counted hits of one key. */
export interface Bucket {
  readonly count: number
  /** The last hit that was counted. */
  readonly lastAt: Ms
  /** From here on it is as if it had never been. */
  readonly endsAt: Ms
}

/** The bucket after the hit, or null where nothing is left to keep. */
export function countHit(
  before: Bucket | null,
  hit: Hit,
  now: Ms,
): { readonly bucket: Bucket | null; readonly result: HitResult } {
  const bucket = before && before.endsAt > now ? before : null
  const count = bucket?.count ?? 0
  if (hit.cost < 0) {
    const left = Math.max(0, count + hit.cost)
    const kept = bucket && left > 0 ? { ...bucket, count: left } : null
    return { bucket: kept, result: { admitted: true, count: 0, resetAt: now } }
  }
  const admitted = count + hit.cost <= hit.limit && now >= opensAt(bucket, hit)
  if (!admitted || hit.cost === 0) {
    return { bucket, result: { admitted, count, resetAt: bucket ? nextAt(bucket, hit) : now } }
  }
  const endsAt = bucket && !hit.gapsMs ? bucket.endsAt : now + hit.windowMs
  const after = { count: count + hit.cost, lastAt: now, endsAt }
  return { bucket: after, result: { admitted, count: after.count, resetAt: nextAt(after, hit) } }
}

/** When the wait after the last hit is over; where there is none, clocks may differ. */
function opensAt(bucket: Bucket | null, { gapsMs }: Hit): Ms {
  if (!bucket || !gapsMs) return -Infinity
  const gap = gapsMs[Math.min(bucket.count, gapsMs.length - 1)] ?? 0
  return gap === 0 ? -Infinity : bucket.lastAt + gap
}

function nextAt(bucket: Bucket, hit: Hit): Ms {
  if (bucket.count + 1 > hit.limit || !hit.gapsMs) return bucket.endsAt
  return Math.max(bucket.lastAt, opensAt(bucket, hit))
}
