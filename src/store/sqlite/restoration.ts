/** Files of a restoration: the new one is made beside the present one, and takes its place in the end. */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { backup as limits } from '../../domain/limits.ts'
import type { Deletion } from '../../domain/ports/moving.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import { markBytes } from './backup-mark.ts'
import { openDatabase } from './connection.ts'
import { hasLeftoverLog, syncFolder } from './data-file.ts'
import { listDeletions } from './deletion-ledger.ts'
import { strangeness } from './inspect-backup.ts'

const parts = ['', '-wal', '-shm', '-journal']

/** Where the new database grows. */
export function restoringPath(path: string): string {
  return `${path}.restoring`
}

/** Copies a backup, without its mark, into a file that only its owner can read; what an attempt left goes. */
export function copyBackup(backup: string, to: string): void {
  removeDatabase(to)
  const source = openSync(backup, 'r')
  const target = openSync(to, 'wx', 0o600)
  try {
    const end = fstatSync(source).size - markBytes
    const chunk = Buffer.alloc(limits.readBytes)
    for (let place = 0; place < end;) {
      const read = readSync(source, chunk, 0, Math.min(chunk.length, end - place), place)
      if (read === 0) break
      place += writeSync(target, chunk, 0, read, place)
    }
    fsyncSync(target)
  } finally {
    closeSync(target)
    closeSync(source)
  }
}

/** Erases a database with everything that SQLite keeps beside it. */
export function removeDatabase(path: string): void {
  for (const part of parts) rmSync(`${path}${part}`, { force: true })
}

/**
 * Empties the log of the present database and hands on its deletion ledger, a stretch at a time.
 * `unreadable`: it is damaged, or none of ours, and what it knew has to come from elsewhere.
 */
export async function readPresentLedger(
  path: string,
  take: (deletions: readonly Deletion[]) => Promise<void>,
): Promise<'read' | 'none' | 'unreadable'> {
  if (!existsSync(path)) return 'none'
  // SQLite would take the log of what is no database away.
  if (strangeness(path) !== null) return 'unreadable'
  try {
    const db = openDatabase(path, 'write')
    try {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      const limit = limits.ledgerPerStep
      let some = listDeletions(db, { after: null, limit })
      while (some.length > 0) {
        await take(some)
        some = listDeletions(db, { after: some.at(-1)?.hash ?? null, limit })
      }
      return 'read'
    } finally {
      db.close()
    }
  } catch {
    return 'unreadable'
  }
}

/**
 * Puts the new database in the place of the present one, which stays beside it; says under which name, null
 * where there was none. There is no moment without a database, where the file system can link.
 */
export function putInPlace(path: string, now: Ms): string | null {
  const fresh = restoringPath(path)
  if (hasLeftoverLog(fresh)) throw new Error('the restored database was not closed in order')
  const kept = existsSync(path) ? keep(path, now) : null
  renameSync(fresh, path)
  syncFolder(dirname(path))
  return kept
}

/** Under its second name a database that can't be opened has its log with it. */
function keep(path: string, now: Ms): string {
  const prefix = `${path}.before-restore-`
  removeLinks(path, prefix)
  const kept = `${prefix}${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`
  for (const part of parts.slice(1)) {
    if (existsSync(`${path}${part}`)) renameSync(`${path}${part}`, `${kept}${part}`)
  }
  try {
    linkSync(path, kept)
  } catch {
    renameSync(path, kept)
  }
  return kept
}

/** An attempt that was cut off has left a second name of the present database. */
function removeLinks(path: string, prefix: string): void {
  const { ino } = statSync(path)
  for (const name of readdirSync(dirname(path))) {
    const other = join(dirname(path), name)
    if (name.startsWith(basename(prefix)) && statSync(other).ino === ino) rmSync(other)
  }
}
