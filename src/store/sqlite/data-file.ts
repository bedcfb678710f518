/** Where the database lies, and how its files are made: 0600 before the first byte, in a folder of 0700. */
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DomainError } from '../../domain/errors.ts'

export interface DataFile {
  readonly path: string
  readonly lockPath: string
}

/** Reads `sqlite:<file>`, relative to the data folder. Throws `start_refused` for anything else. */
export function locateFile(url: string, dataDir: string): DataFile {
  const name = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '')
  if (!url.startsWith('sqlite:') || name === '' || name.startsWith(':') || /[?#\0]/.test(name)) {
    throw new DomainError('start_refused', {
      detail: 'UM_DATABASE_URL names no file: write it as sqlite:users.db, relative to the data folder.',
    })
  }
  const path = resolve(dataDir, name)
  return { path, lockPath: join(dirname(path), 'owner.lock.db') }
}

/**
 * Makes the folder, if it is missing, so that only its owner can look into it. SQLite's temporary files,
 * such as the copy that VACUUM writes, go there too and not into a folder that everybody shares.
 */
export function createPrivateFolder(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  process.env['SQLITE_TMPDIR'] ??= dirname(path)
}

/**
 * Makes an empty file that only its owner can read; of an existing one it takes other people's rights. It
 * never opens an existing file: closing it would drop the locks that SQLite holds on it in this process
 * (POSIX advisory locks).
 */
export function createPrivateFile(path: string): void {
  if (existsSync(path)) chmodSync(path, 0o600)
  else closeSync(openSync(path, 'wx', 0o600))
}

/** Makes names in a folder durable; Windows can't open folders. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Whether a write-ahead log with content was left behind, which a clean stop never does. */
export function hasLeftoverLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
}

/** For what only reads: a path that is misspelt is not to become a new file. Throws `start_refused`. */
export function requireFile({ path }: DataFile): void {
  if (existsSync(path)) return
  throw new DomainError('start_refused', { detail: `There is no database file ${path}.` })
}
