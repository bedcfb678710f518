/** Writes one backup, in a thread and over a connection of its own, so that the server goes on serving. */
import { parentPort, workerData } from 'node:worker_threads'
import { store as limits } from '../../domain/limits.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import { addMark } from './backup-mark.ts'
import { bareDatabase } from './connection.ts'
import { integer, text } from './rows.ts'

export interface BackupData {
  readonly from: string
  /** An empty file. */
  readonly to: string
  /** From before the copy begins. */
  readonly at: Ms
}

/** The one message of the thread. */
export type BackupReply = { readonly bytes: number; readonly users: number } | { readonly reason: string }

function backUp({ from, to, at }: BackupData): BackupReply {
  copy(from, to)
  const db = bareDatabase(to, 'read')
  let users: number
  try {
    const verdict = text(db.get('PRAGMA quick_check(1)') ?? {}, 'quick_check')
    if (verdict !== 'ok') return { reason: 'The copy is damaged, and so may be the database or the disk.' }
    users = integer(db.get('SELECT count(*) AS n FROM users') ?? {}, 'n')
  } finally {
    db.close()
  }
  return { bytes: addMark(to, at), users }
}

/** One transaction that reads: writers go on beside it. */
function copy(from: string, to: string): void {
  const db = bareDatabase(from, 'read')
  try {
    db.exec(`PRAGMA busy_timeout = ${limits.busyTimeoutMs}`)
    db.run('VACUUM INTO :to', { to })
  } finally {
    db.close()
  }
}

function reasonOf(error: unknown): string {
  const sqlite = error instanceof Error && 'errstr' in error ? error.errstr : null
  const code = error instanceof Error && 'code' in error ? error.code : error
  return `The copy could not be written (${String(sqlite ?? code)}).`
}

try {
  parentPort?.postMessage(backUp(workerData))
} catch (error) {
  parentPort?.postMessage({ reason: reasonOf(error) } satisfies BackupReply)
}
