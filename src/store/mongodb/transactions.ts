/**
 * Runs transactions in a loop of our own: the driver's would try for two minutes. Transactions of one lane
 * (mostly: of one user) run one after the other in this process, since the server would make all but one of
 * them start again; against other processes the server decides.
 */
import type { ClientSession } from 'mongodb'
import { DomainError } from '../../domain/errors.ts'
import { mongodb as limits } from '../../domain/limits.ts'
import { bounded, writeConcern, type Connection, type InSession } from './connection.ts'
import { busy, failureOf, isDuplicate, isTransient, unavailable } from './failures.ts'

/**
 * What a body comes to: its writes are to be committed; or it has only read (or written what may stay), and
 * says what it saw; or its writes are to go, and somebody looks again.
 */
export type Verdict<Result> =
  | { readonly keep: Result }
  | { readonly drop: Result }
  | { readonly undo: Result }

export function keep<Result>(result: Result): { readonly keep: Result } {
  return { keep: result }
}

/**
 * Committed too: a transaction sees what its primary has not brought to the majority yet, and only its commit
 * says that it got there. Without it a deposed primary would answer from what is rolled back later.
 */
export function drop<Result>(result: Result): { readonly drop: Result } {
  return { drop: result }
}

export function undo<Result>(result: Result): { readonly undo: Result } {
  return { undo: result }
}

/**
 * Runs the body until it is committed or dropped. It may run several times and does nothing but reads and
 * writes in its session. Throws `overloaded` (surely not applied) where that takes too long, and
 * `store_unavailable` (may be applied) where a commit stays unanswered.
 */
export type Transact = <Result>(
  lane: string,
  body: (tx: InSession) => Promise<Verdict<Result>>,
) => Promise<Result>

export function createTransact({ client, awaitPrimary }: Connection): Transact {
  const enter = createLanes()
  return async (lane, body) => {
    const deadline = performance.now() + limits.transactionMs
    const leave = await enter(lane, deadline)
    try {
      for (let attempt = 0; ; attempt += 1) {
        if (!(await awaitPrimary(Math.max(1, deadline - performance.now())))) throw busy()
        const session = client.startSession({ causalConsistency: true })
        const outcome = await tryOnce(session, body, deadline)
        if (outcome !== 'again') return resultOf(outcome)
        await pause(attempt)
        if (performance.now() >= deadline) throw busy()
      }
    } finally {
      leave()
    }
  }
}

function resultOf<Result>(verdict: Verdict<Result>): Result {
  if ('keep' in verdict) return verdict.keep
  return 'drop' in verdict ? verdict.drop : verdict.undo
}

async function tryOnce<Result>(
  session: ClientSession,
  body: (tx: InSession) => Promise<Verdict<Result>>,
  deadline: number,
): Promise<Verdict<Result> | 'again'> {
  session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern, readPreference: 'primary' })
  try {
    const verdict = await body({ session, ...bounded })
    if ('undo' in verdict) {
      await session.abortTransaction()
      return verdict
    }
    return (await commit(session, deadline)) === 'again' ? 'again' : verdict
  } catch (error) {
    if (session.inTransaction()) await session.abortTransaction()
    if (isTransient(error) || isDuplicate(error)) return 'again'
    if (error instanceof DomainError || failureOf(error).kind === 'defect') throw error
    throw busy()
  } finally {
    await session.endSession()
  }
}

/** From here on "not applied" can't be said any more, unless the server itself says so. */
async function commit(session: ClientSession, deadline: number): Promise<'committed' | 'again'> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await session.commitTransaction()
      return 'committed'
    } catch (error) {
      if (isTransient(error)) return 'again'
      if (performance.now() >= deadline) throw unavailable()
      if (failureOf(error).kind === 'defect') throw error
      await pause(attempt)
    }
  }
}

/** Longer from attempt to attempt; which transaction wins is up to the server. */
export function pause(attempt: number): Promise<void> {
  const ms = Math.min(limits.retryWaitMaxMs, limits.retryWaitFirstMs * 2 ** attempt)
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** One at a time in a lane, and so many altogether that the pool of connections is never used up. */
function createLanes(): (lane: string, deadline: number) => Promise<() => void> {
  const tails = new Map<string, Promise<void>>()
  const waiting: (() => void)[] = []
  let running = 0

  const takeSlot = async (deadline: number): Promise<void> => {
    if (running < limits.transactionsAtOnce) {
      running += 1
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.push(resolve)
    if (await inTime(promise, deadline)) return
    const place = waiting.indexOf(resolve)
    if (place >= 0) waiting.splice(place, 1)
    else giveSlot()
    throw busy()
  }
  const giveSlot = (): void => {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
  return async (lane, deadline) => {
    const before = tails.get(lane)
    const { promise: mine, resolve: done } = Promise.withResolvers<void>()
    const tail = before ? before.then(() => mine) : mine
    tails.set(lane, tail)
    const leaveLane = (): void => {
      done()
      if (tails.get(lane) === tail) tails.delete(lane)
    }
    try {
      if (before && !(await inTime(before, deadline))) throw busy()
      await takeSlot(deadline)
    } catch (error) {
      leaveLane()
      throw error
    }
    return () => {
      giveSlot()
      leaveLane()
    }
  }
}

/** Whether the promise resolves before the deadline. */
function inTime(promise: Promise<void>, deadline: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), Math.max(0, deadline - performance.now()))
    void promise.then(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}
