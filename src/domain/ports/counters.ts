/** The part of the storage port that counts attempts; see `store.ts`. */
import type { Ms } from './runtime.ts'

/** One attempt, in one bucket. */
export interface Hit {
  /** Names the bucket, once in a call: its kind, and a network or the HMAC of a user; nothing personal. */
  readonly key: string
  /** What is added; below 0 it is given back, and never less than nothing is left. */
  readonly cost: number
  /** A hit that would bring the count above this is refused, and not counted. */
  readonly limit: number
  /** From the first hit of a bucket to its end; with `gapsMs` from its last hit. */
  readonly windowMs: Ms
  /**
   * Growing waits: after n counted hits the next one is refused until `gapsMs[n]` (or the last of the list)
   * has passed since the last of them.
   */
  readonly gapsMs?: readonly Ms[]
  /** Survives a restart of the process, on every engine. */
  readonly durable?: boolean
}

/** What has become of a hit; of what is given back it says nothing: admitted, 0 and now. */
export interface HitResult {
  readonly admitted: boolean
  /** The hits of the bucket, this one included where it was admitted. */
  readonly count: number
  /** When a hit would next be admitted, or when the bucket ends. */
  readonly resetAt: Ms
}

/** Counting, in a step of its own. */
export interface CounterStore {
  /**
   * Counts attempts; one verdict a hit, in the same order. Each bucket is atomic by itself: of N racing hits
   * exactly as many are admitted as its limit allows, on one node and on many.
   */
  hit(attempt: { readonly hits: readonly Hit[]; readonly now: Ms }): Promise<readonly HitResult[]>
}
