import { DomainError } from '../domain/errors.ts'
import { http, queues } from '../domain/limits.ts'
import type { OnHashStarted } from '../domain/ports/watching.ts'

/** How much one more measurement moves the estimate of the time a hash takes. */
const NEW_MEASUREMENT_WEIGHT = 1 / 8

interface Waiting<Task, Result> {
  readonly task: Task
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
  readonly stopListening: () => void
  readonly since: number
  readonly weight: number
}

export interface HashQueue<Task, Result> {
  /**
   * Runs the task when its turn comes. Throws `overloaded`, before any work, when the waiting work would
   * exceed `queues.hashQueueMaxMs` or has waited for so long, when `gone` aborts while the task waits, and
   * after `close`.
   */
  run(task: Task, gone?: AbortSignal): Promise<Result>
  /** Throws `overloaded` where `run` would. */
  requireRoom(): void
  /** How many tasks wait; those that run are not counted. */
  waiting(): number
  /** How many run. */
  running(): number
  /** Refuses everything that waits or comes, and resolves when the running tasks have ended. */
  close(): Promise<void>
}

export interface HashQueueOptions<Task> {
  readonly onStarted?: OnHashStarted | undefined
  /** The work of a task, in hashes of the current cost; 1 unless told otherwise. */
  readonly weightOf?: (task: Task) => number
}

/**
 * A gate in front of the hash threads: at most `width` tasks run, the others wait first in, first out. What
 * may wait is bounded by its work, the weight of the tasks times the measured milliseconds of a hash (ASVS
 * 15.2.2), whatever the weight of the one that comes; a task whose client has gone leaves the queue. A
 * running task is never stopped: that would cost its thread.
 */
export function createHashQueue<Task, Result extends { readonly ms: number }>(
  width: number,
  execute: (task: Task) => Promise<Result>,
  { onStarted, weightOf = () => 1 }: HashQueueOptions<Task> = {},
): HashQueue<Task, Result> {
  // A Set keeps the order of arrival and lets a task that nobody wants leave in constant time.
  const line = new Set<Waiting<Task, Result>>()
  let running = 0
  let estimateMs: number = queues.hashEstimateMs
  let closed = false
  let whenIdle: (() => void) | undefined

  function start(next: Waiting<Task, Result>): void {
    next.stopListening()
    running++
    const startedAt = performance.now()
    onStarted?.(startedAt - next.since)
    execute(next.task)
      .then((result) => {
        // A flood keeps this thread from handing out work: those who wait do so for that, too.
        const tookMs = Math.max(result.ms, performance.now() - startedAt)
        estimateMs += (tookMs / next.weight - estimateMs) * NEW_MEASUREMENT_WEIGHT
        next.resolve(result)
      }, next.reject)
      .finally(ended)
  }

  function ended(): void {
    running--
    const next = takeInTime(line)
    if (next) start(next)
    else if (running === 0) whenIdle?.()
  }

  const isFull = (): boolean =>
    closed || (running >= width && (waitingWeight(line) + 1) * estimateMs > queues.hashQueueMaxMs)

  function run(task: Task, gone?: AbortSignal): Promise<Result> {
    if (isFull() || gone?.aborted) return Promise.reject(overloaded())
    const { entry, promise } = comer({ task, weight: weightOf(task) }, line, gone)
    if (running < width) start(entry)
    else line.add(entry)
    return promise
  }

  async function close(): Promise<void> {
    closed = true
    for (const entry of line) refuse(entry)
    line.clear()
    if (running > 0) await new Promise<void>((resolve) => (whenIdle = resolve))
  }

  return {
    run,
    requireRoom: () => refuseIf(isFull()),
    waiting: () => line.size,
    running: () => running,
    close,
  }
}

/** Somebody who leaves the line when its client goes. */
function comer<Task, Result>(
  what: Pick<Waiting<Task, Result>, 'task' | 'weight'>,
  line: Set<Waiting<Task, Result>>,
  gone?: AbortSignal,
) {
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const drop = (): void => {
    if (line.delete(entry)) reject(overloaded())
  }
  const stopListening = (): void => gone?.removeEventListener('abort', drop)
  const entry: Waiting<Task, Result> = { ...what, resolve, reject, stopListening, since: performance.now() }
  gone?.addEventListener('abort', drop, { once: true })
  return { entry, promise }
}

function waitingWeight(line: ReadonlySet<{ readonly weight: number }>): number {
  let weight = 0
  for (const each of line) weight += each.weight
  return weight
}

/** Where hashes have become slower than they were when it came, whoever has waited too long is refused. */
function takeInTime<Task, Result>(line: Set<Waiting<Task, Result>>): Waiting<Task, Result> | null {
  for (const entry of line) {
    line.delete(entry)
    if (performance.now() - entry.since <= queues.hashQueueMaxMs) return entry
    refuse(entry)
  }
  return null
}

function refuse<Task, Result>(entry: Waiting<Task, Result>): void {
  entry.stopListening()
  entry.reject(overloaded())
}

function overloaded(): DomainError {
  return new DomainError('overloaded', { retryAfterSeconds: http.retryAfterSeconds })
}

function refuseIf(full: boolean): void {
  if (full) throw overloaded()
}
