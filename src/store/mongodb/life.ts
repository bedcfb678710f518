/**
 * From the first contact with the database to the end: what is checked before anything else is sent, what
 * happens while the database is away, and the guard around every step.
 */
import { DomainError } from '../../domain/errors.ts'
import { mongodb as limits } from '../../domain/limits.ts'
import type { Clock, Log } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import { writeConcern, type Connection } from './connection.ts'
import { refuseUnfinishedCopy } from './copies.ts'
import { failureOf, portError, unavailable, type Failure } from './failures.ts'
import { requireSchema, upgradeSchema } from './schema-upgrade.ts'
import {
  hintOf,
  isRouter,
  refusedMembers,
  refuseClock,
  refuseStandalone,
  warnOfArbiter,
  warnOfVersion,
} from './topology.ts'

/**
 * Puts a step behind the guard: refused while the database is away or the store closed, ended in time, its
 * errors those of the port.
 */
export type Guard = <Input extends readonly unknown[], Result>(
  step: (...input: Input) => Promise<Result>,
  bound?: { readonly ms: number },
) => (...input: Input) => Promise<Result>

export interface Life {
  readonly write: Guard
  /** As `write`, but never throws `overloaded`: nothing that only reads is answered so. */
  readonly read: Guard
  health(ms: number): ReturnType<Store['health']>
  /** Waits for the steps that are on their way, then ends every connection. */
  close(): Promise<void>
}

interface Surroundings {
  readonly clock: Clock
  readonly log: Log
  readonly onIncompatible?: ((error: DomainError) => void) | undefined
  /** See `StoreOptions`. */
  readonly use?: 'copy-from' | 'copy-to' | undefined
}

interface State {
  phase: 'away' | 'ready' | 'refused' | 'closed'
  /** Steps on their way; the last one to end calls `rest`. */
  running: number
  rest: (() => void) | null
  timer: NodeJS.Timeout | undefined
}

/** Meets the database. Where it is away, goes on trying and returns; where it can't be used, throws. */
export async function startLife(connection: Connection, surroundings: Surroundings): Promise<Life> {
  const { client } = connection
  const { log, onIncompatible } = surroundings
  const state: State = { phase: 'away', running: 0, rest: null, timer: undefined }

  const tryContact = async (): Promise<void> => {
    await meet(connection, surroundings)
    if (state.phase === 'away') state.phase = 'ready'
  }
  const tryLater = (): void => {
    if (state.phase !== 'away') return
    state.timer = setTimeout(() => void again(), limits.contactMs)
  }
  const again = async (): Promise<void> => {
    try {
      await tryContact()
      if (state.phase === 'ready') log.info({}, 'MongoDB has been reached')
    } catch (error) {
      const refusal = refusalOf(error)
      if (!refusal) {
        tryLater()
        return
      }
      state.phase = 'refused'
      log.error({}, refusal.message)
      onIncompatible?.(refusal)
    }
  }
  try {
    await tryContact()
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal) {
      await client.close()
      throw refusal
    }
    log.warn(
      { reason: failureOf(error).detail, hint: hintOf(error) },
      'MongoDB cannot be reached; trying again',
    )
    tryLater()
  }
  return {
    write: guardOf(connection, { state, log, portError, ms: limits.verbMs }),
    read: guardOf(connection, { state, log, portError: readError, ms: limits.readMs }),
    health: (ms) => health(connection, state, ms),
    close: () => close(connection, state),
  }
}

const noPrimary: Failure = { kind: 'busy', detail: 'no primary' }

/** The checks that nothing is served without. A failure of the network is thrown as it is. */
async function meet(connection: Connection, { clock, log, use }: Surroundings): Promise<void> {
  await connection.client.connect()
  const askedAt = clock.now()
  const hello = await connection.db.admin().command({ hello: 1 })
  refuseStandalone(hello)
  refuseClock(hello, clock, askedAt)
  warnOfArbiter(hello, log)
  warnOfVersion(await connection.db.admin().command({ buildInfo: 1 }), log)
  const { db, collections } = connection
  if (use === 'copy-from') await requireSchema(collections)
  await upgradeSchema({ db, collections, sharded: isRouter(hello) })
  if (use !== 'copy-to') await refuseUnfinishedCopy(collections)
}

/** The refusal that an error is; null for what time may mend. */
function refusalOf(error: unknown): DomainError | null {
  if (error instanceof DomainError) return error.code === 'store_unavailable' ? null : error
  const foreign = refusedMembers(error)
  if (foreign) return foreign
  const { kind, detail } = failureOf(error)
  if (/code (?:13|18)$/.test(detail)) {
    return new DomainError('store_incompatible', {
      detail:
        'MongoDB refuses the user of UM_DATABASE_URL: check its name and password, and give it the ' +
        'roles readWrite and dbAdmin on the database that the URL names.',
    })
  }
  return kind === 'defect' ? new DomainError('store_incompatible', { detail: defect(detail) }) : null
}

function defect(detail: string): string {
  return `The database cannot be prepared (${detail}): look into the log of MongoDB, then start again.`
}

interface Watch {
  readonly state: State
  readonly log: Log
  readonly portError: (failure: Failure) => Error
  /** The time that a step has, unless it brings its own bound; waiting for a primary included. */
  readonly ms: number
}

function readError(failure: Failure): Error {
  return failure.kind === 'busy' ? unavailable() : portError(failure)
}

function guardOf({ awaitPrimary }: Connection, watch: Watch): Guard {
  const { state, log, portError: asPortError } = watch
  return (step, { ms } = watch) =>
    async (...input) => {
      if (state.phase !== 'ready') throw unavailable()
      state.running += 1
      try {
        const began = performance.now()
        const patienceMs = Math.min(ms, limits.serverSelectionTimeoutMs)
        if (!(await awaitPrimary(patienceMs))) throw asPortError(noPrimary)
        return await inTime(step(...input), ms - (performance.now() - began))
      } catch (error) {
        if (error instanceof DomainError) throw error
        const failure = failureOf(error)
        log.warn({ ...failure }, 'A step of the store failed')
        throw asPortError(failure)
      } finally {
        state.running -= 1
        if (state.running === 0) state.rest?.()
      }
    }
}

/** The result, or `store_unavailable` when the time is up: what was sent may still be applied. */
async function inTime<Result>(result: Promise<Result>, ms: number): Promise<Result> {
  if (ms === Infinity) return result
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable()), ms)
  })
  return Promise.race([result, late]).finally(() => clearTimeout(timer))
}

/** A real write that changes nothing of anybody's: the only way to know that one would be taken. */
async function health(
  { collections, awaitPrimary }: Connection,
  state: State,
  ms: number,
): ReturnType<Store['health']> {
  const no = (detail: string): { writable: boolean; detail: string } => ({ writable: false, detail })
  if (state.phase === 'closed') return no('The store is closed.')
  if (state.phase === 'refused') return no('This MongoDB cannot be used; the log says why.')
  if (state.phase === 'away') return no('MongoDB cannot be reached; check UM_DATABASE_URL and the servers.')
  if (!(await awaitPrimary(ms))) return no('MongoDB has no primary that answers.')
  const options = { upsert: true, maxTimeMS: ms, writeConcern: { ...writeConcern, wtimeoutMS: ms } }
  try {
    await inTime(collections.meta.updateOne({ _id: 'health' }, { $inc: { n: 1 } }, options), ms)
    return { writable: true, detail: 'MongoDB takes writes.' }
  } catch (error) {
    return no(`MongoDB takes no writes (${failureOf(error).detail}).`)
  }
}

async function close({ client }: Connection, state: State): Promise<void> {
  if (state.phase === 'closed') return
  state.phase = 'closed'
  clearTimeout(state.timer)
  if (state.running > 0) await new Promise<void>((resolve) => (state.rest = resolve))
  await client.close()
}
