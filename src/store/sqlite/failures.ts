/** What the driver's errors mean to a caller. None of them crosses the port. */
import { DomainError } from '../../domain/errors.ts'
import { http } from '../../domain/limits.ts'

/**
 * `busy` is surely not applied; `away` is a full disk, a read-only or broken file; a `defect` is our own
 * fault.
 */
export type Failure = { readonly kind: 'busy' | 'away' | 'defect'; readonly detail: string }

const SQLITE_ERROR = 1
const busyCodes = new Set([5, 6])
const defectCodes = new Set([SQLITE_ERROR, 18, 19, 20, 21, 25])

/** Reads an error by its SQLite result code (the low byte of the extended one). */
export function failureOf(error: unknown): Failure {
  const code = errcode(error)
  if (code === null) return { kind: 'defect', detail: error instanceof Error ? error.message : String(error) }
  const primary = code & 0xff
  if (busyCodes.has(primary)) return { kind: 'busy', detail: `SQLite code ${code}` }
  return { kind: defectCodes.has(primary) ? 'defect' : 'away', detail: `SQLite code ${code}` }
}

/**
 * The error that the port promises for a failure; a defect is a plain error, which the edge answers with a
 * 500.
 */
export function portError({ kind, detail }: Failure): Error {
  const retryAfterSeconds = http.retryAfterSeconds
  switch (kind) {
    case 'busy':
      return new DomainError('overloaded', { retryAfterSeconds })
    case 'away':
      return new DomainError('store_unavailable', { retryAfterSeconds })
    case 'defect':
      return new Error(`The store failed: ${detail}`)
  }
}

/** The error of a store that is closed or whose writer is gone. */
export function unavailable(): DomainError {
  return new DomainError('store_unavailable', { retryAfterSeconds: http.retryAfterSeconds })
}

/** Whether the file that was read is no SQLite file at all (SQLITE_NOTADB). */
export function isNotADatabase(error: unknown): boolean {
  return errcode(error) === 26
}

function errcode(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return null
  return typeof error.errcode === 'number' ? error.errcode : null
}
