import type { Rate } from '../domain/limits.ts'
import type { Clock, Ms } from '../domain/ports/runtime.ts'

/** How many mails may go out now: a flood of them would cost the sender its reputation. */
export interface Pace {
  /** So many more, at this moment. */
  left(): number
  /** One is handed over, whatever becomes of it. */
  count(): void
}

/** At most `limit` mails within any `windowMs`; null is no limit. */
export function createPace(rate: Rate | null, clock: Clock): Pace {
  let sentAt: Ms[] = []
  return {
    left() {
      if (!rate) return Infinity
      const now = clock.now()
      // A time to come is one of a clock that has been set back: it must hold up nothing.
      sentAt = sentAt.filter((at) => at <= now && now - at < rate.windowMs)
      return Math.max(0, rate.limit - sentAt.length)
    },
    count() {
      if (rate) sentAt.push(clock.now())
    },
  }
}
