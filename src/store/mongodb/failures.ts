/**
 * What the driver's errors mean to a caller. None of them crosses the port: their texts may hold addresses.
 */
import {
  MongoAPIError,
  MongoBulkWriteError,
  MongoError,
  MongoServerError,
  MongoWriteConcernError,
} from 'mongodb'
import { DomainError } from '../../domain/errors.ts'
import { http } from '../../domain/limits.ts'

/** `busy` is surely not applied; `away` may be applied; a `defect` is our own fault. */
export type Failure = { readonly kind: 'busy' | 'away' | 'defect'; readonly detail: string }

const DUPLICATE_KEY = 11000

/** Refused before anything was written: not the primary, locks, too many transactions (9.0). */
const busyCodes = new Set([24, 46, 112, 10107, 13435])
const busyNames = new Set(['TooManyOpenTransactions', 'IngressRequestRateLimitExceeded'])
/**
 * Time limits, shutdown, step-down, write concern, missing rights, a full disk: the state of the server, not
 * of the command.
 */
const awayCodes = new Set([
  6, 7, 11, 13, 18, 50, 64, 79, 89, 91, 100, 136, 189, 202, 262, 317, 358, 11600, 11602, 13388, 14031,
])
/** The pool's own words for "no connection has become free", which therefore sent nothing. */
const unsentNames = new Set(['MongoWaitQueueTimeoutError'])

/** Reads an error by its class, label and code. */
export function failureOf(error: unknown): Failure {
  if (error instanceof MongoBulkWriteError) return bulkFailure(error)
  if (error instanceof MongoWriteConcernError) return { kind: 'away', detail: 'the majority did not answer' }
  if (error instanceof MongoServerError) return serverFailure(error)
  if (!(error instanceof MongoError)) {
    // The name of a host that can't be resolved, before the driver has a server at all.
    if (error instanceof Error && 'syscall' in error) return { kind: 'away', detail: 'no answer of DNS' }
    return { kind: 'defect', detail: error instanceof Error ? error.message : String(error) }
  }
  if (unsentNames.has(error.name)) return { kind: 'busy', detail: error.name }
  if (error instanceof MongoAPIError && !isEnd(error)) return { kind: 'defect', detail: error.name }
  return { kind: 'away', detail: error.name }
}

function serverFailure(error: MongoServerError): Failure {
  const code = codeOf(error) ?? 0
  const detail = `MongoDB code ${code}`
  if (busyCodes.has(code) || busyNames.has(String(error.codeName))) return { kind: 'busy', detail }
  const away = awayCodes.has(code) || error.hasErrorLabel('RetryableWriteError')
  return { kind: away ? 'away' : 'defect', detail }
}

/**
 * What a group failed of as a whole; what single items failed of is read by `itemErrors`. The driver wraps
 * its own errors (no connection, no server) too, and they lose their class and have no code. Of a group
 * some items may be applied whatever the code says, so that it is never `busy`.
 */
function bulkFailure(error: MongoBulkWriteError): Failure {
  if (typeof error.code !== 'number') return { kind: 'away', detail: 'no answer to a group' }
  const unanswered = error.result.getWriteConcernError() !== undefined
  const away = unanswered || serverFailure(error).kind !== 'defect'
  return { kind: away ? 'away' : 'defect', detail: `MongoDB code ${error.code} in a group` }
}

/** A closed client says so by errors of the API. */
function isEnd(error: MongoError): boolean {
  return /Closed|NotConnected|ExpiredSession/.test(error.name)
}

/**
 * The error codes of single items of a group, by their place in it; null where the group failed as a whole.
 */
export function itemErrors(error: unknown): ReadonlyMap<number, number> | null {
  if (!(error instanceof MongoBulkWriteError) || bulkFailure(error).kind === 'away') return null
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors]
  return errors.length === 0 ? null : new Map(errors.map(({ index, code }) => [index, code]))
}

/** Whether a code is that of a key that is there already. */
export function isDuplicateCode(code: number): boolean {
  return code === DUPLICATE_KEY
}

export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === DUPLICATE_KEY
}

/** Whether a transaction has lost against another one, or its server, and may be tried again. */
export function isTransient(error: unknown): boolean {
  return error instanceof MongoError && error.hasErrorLabel('TransientTransactionError')
}

/** The error that the port promises; a defect is a plain one, which the edge answers with 500. */
export function portError({ kind, detail }: Failure): Error {
  switch (kind) {
    case 'busy':
      return busy()
    case 'away':
      return unavailable()
    case 'defect':
      return new Error(`The store failed: ${detail}`)
  }
}

/** Surely not applied. */
export function busy(): DomainError {
  return new DomainError('overloaded', { retryAfterSeconds: http.retryAfterSeconds })
}

/** May be applied; also the error of a store that is closed or has not met its database yet. */
export function unavailable(): DomainError {
  return new DomainError('store_unavailable', { retryAfterSeconds: http.retryAfterSeconds })
}

/** The code that MongoDB itself gave; null for any other error. */
export function codeOf(error: unknown): number | null {
  return error instanceof MongoServerError && typeof error.code === 'number' ? error.code : null
}
