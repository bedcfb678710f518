/** The main thread's side of the writer: a bounded queue of numbered requests, each answered once. */
import { Worker } from 'node:worker_threads'
import { DomainError } from '../../domain/errors.ts'
import { http, queues } from '../../domain/limits.ts'
import type { Log } from '../../domain/ports/runtime.ts'
import { portError, unavailable } from './failures.ts'
import type { Chore, Greeting, Reply, Request, WriterData } from './messages.ts'
import type { VerbInput, VerbName, VerbResult } from './verbs.ts'

export interface Writer {
  /**
   * Runs a verb in the next transaction and resolves once it is durable. Throws `overloaded` when too many
   * wait, `store_unavailable` when the database fails or the thread has ended.
   */
  write<Name extends VerbName>(verb: Name, ...input: VerbInput<Name>): Promise<VerbResult<Name>>
  /** Runs a chore behind what is queued; false where it has to be tried again. */
  chore(chore: Exclude<Chore, 'close'>): Promise<boolean>
  /** Refuses new requests, ends the queued ones, then the thread. */
  close(): Promise<void>
  /** Ends the thread at once; what was queued fails as `store_unavailable`. */
  kill(): Promise<void>
}

/** How much the writer takes at a time, and how much may wait for it. */
export interface WriterLimits {
  readonly writesPerTransaction: number
  readonly writesWaiting: number
}

/** Method form, since each request waits for a result of its own type. */
interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** Starts the thread on a prepared file. Throws where the file can't be opened for writing. */
export async function startWriter(path: string, log: Log, limits: WriterLimits = queues): Promise<Writer> {
  const data: WriterData = { path, writesPerTransaction: limits.writesPerTransaction }
  const thread = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: data })
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
  await greeted(thread)
  const line = openLine(thread, log)
  return {
    write: async (verb, ...input) => {
      if (line.waiting() >= limits.writesWaiting) {
        throw new DomainError('overloaded', { retryAfterSeconds: http.retryAfterSeconds })
      }
      return line.ask((number) => ({ number, verb, input }))
    },
    chore: (chore) => line.ask((number) => ({ number, chore })),
    close: async () => {
      await line.askLast((number) => ({ number, chore: 'close' }))
      await ended
    },
    kill: async () => {
      line.hangUp()
      await thread.terminate()
    },
  }
}

/** Requests out, each answered once; when the thread ends, whatever still waits fails. */
interface Line {
  ask<Result>(request: (number: number) => Request): Promise<Result>
  /** Asks once more and then nothing; a failure is logged. */
  askLast(request: (number: number) => Request): Promise<void>
  /** The end of the thread is wanted and no longer an error. */
  hangUp(): void
  waiting(): number
}

function openLine(thread: Worker, log: Log): Line {
  const waiting = new Map<number, Waiting>()
  let lastNumber = 0
  let state: 'open' | 'closing' | 'ended' = 'open'
  const settle = (reply: Reply): void => {
    const request = waiting.get(reply.number)
    waiting.delete(reply.number)
    if ('result' in reply) {
      request?.resolve(reply.result)
      return
    }
    request?.reject(portError(reply.failure))
  }
  const settleAll = (replies: readonly Reply[]): void => {
    const failed = replies.find((reply) => 'failure' in reply)
    if (failed) log.warn({ ...failed.failure }, 'A write failed')
    replies.forEach(settle)
  }
  const end = (cause?: unknown): void => {
    if (state === 'open') log.error({}, 'The writer thread has ended', cause)
    state = 'ended'
    for (const request of waiting.values()) request.reject(unavailable())
    waiting.clear()
  }
  thread.on('message', settleAll)
  thread.on('error', end)
  thread.on('exit', () => end())
  const post = <Result>(request: (number: number) => Request): Promise<Result> =>
    new Promise<Result>((resolve, reject) => {
      lastNumber += 1
      waiting.set(lastNumber, { resolve, reject })
      thread.postMessage(request(lastNumber))
    })
  return {
    ask: async (request) => {
      if (state !== 'open') throw unavailable()
      return post(request)
    },
    askLast: async (request) => {
      if (state !== 'open') return
      state = 'closing'
      await post(request).catch((error: unknown) => {
        log.error({}, 'The database was not closed in order', error)
      })
    },
    hangUp: () => {
      state = 'closing'
    },
    waiting: () => waiting.size,
  }
}

function greeted(thread: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject)
    thread.once('message', (greeting: Greeting) => {
      thread.off('error', reject)
      if (greeting.ready) resolve()
      else reject(portError(greeting.failure))
    })
  })
}
