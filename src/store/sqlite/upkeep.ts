/**
 * Erasure that outlives the commit of a deletion: the log file is emptied at once (at most once a second),
 * free space in the database file is rewritten when nothing else is going on. What is still to do survives a
 * restart as a fact.
 */
import { store as limits } from '../../domain/limits.ts'
import type { Clock, Log, Ms } from '../../domain/ports/runtime.ts'
import type { Writer } from './writer.ts'

export interface Upkeep {
  /** A write was asked for: scrubbing waits. */
  wrote(): void
  /** A user may have been deleted. */
  deleted(): void
  /** Scrubs now; resolves once nothing deleted is readable in any file. */
  scrub(): Promise<void>
  /** Ends the timer and waits for what is running. */
  stop(): Promise<void>
}

interface Surroundings {
  readonly writer: Pick<Writer, 'chore'>
  readonly clock: Clock
  readonly log: Log
  /** Since when a deletion waits to be scrubbed; null when none does. */
  unscrubbedSince(): Ms | null
}

/** Starts the timer of a store. */
export function startUpkeep({ writer, clock, log, unscrubbedSince }: Surroundings): Upkeep {
  let pendingSince = unscrubbedSince()
  let truncatePending = pendingSince !== null
  let truncatedAt = -Infinity
  let lastWriteAt = clock.now()
  let restsUntil = -Infinity
  let running: Promise<void> | null = null

  const truncate = async (): Promise<void> => {
    truncatedAt = clock.now()
    truncatePending = false
    if (!(await writer.chore('truncate'))) truncatePending = true
  }
  const scrubFile = async (): Promise<void> => {
    truncatePending = !(await writer.chore('scrub'))
    pendingSince = unscrubbedSince()
  }
  const work = async (): Promise<void> => {
    try {
      if (truncatePending) await truncate()
      if (isScrubDue({ pendingSince, lastWriteAt }, clock.now())) await scrubFile()
    } catch (error) {
      truncatePending = true
      restsUntil = clock.now() + limits.scrubIdleMs
      log.warn({}, `Deleted data is not scrubbed yet: ${error instanceof Error ? error.message : 'unknown'}`)
    }
  }
  const occupy = async (task: Promise<void>): Promise<void> => {
    const over = (): void => {
      running = null
    }
    running = task.then(over, over)
    await task
  }
  const start = (): void => {
    if (!running && clock.now() >= restsUntil) void occupy(work())
  }
  const timer = setInterval(start, limits.truncateEveryMs).unref()
  return {
    wrote: () => {
      lastWriteAt = clock.now()
    },
    deleted: () => {
      pendingSince = unscrubbedSince()
      if (pendingSince === null) return
      truncatePending = true
      if (clock.now() - truncatedAt >= limits.truncateEveryMs) start()
    },
    scrub: async () => {
      while (running) await running
      await occupy(scrubFile())
      for (; truncatePending; await nextTick()) await truncate()
    },
    stop: async () => {
      clearInterval(timer)
      restsUntil = Infinity
      await running
    },
  }
}

function isScrubDue(
  { pendingSince, lastWriteAt }: { readonly pendingSince: Ms | null; readonly lastWriteAt: Ms },
  now: Ms,
): boolean {
  if (pendingSince === null) return false
  return now - lastWriteAt >= limits.scrubIdleMs || now - pendingSince >= limits.scrubLatestMs
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, limits.truncateEveryMs))
}
