/**
 * The one place that touches `node:sqlite` (a release candidate still): connections, their pragmas set and
 * read back, statements prepared once. Only `exec`, `prepare`, `get`, `all` and `run` are used: closing a
 * database inside a user-defined function, and sessions after close, crash the process (nodejs/node issues
 * 63180, 63796).
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { DomainError } from '../../domain/errors.ts'
import { store as limits } from '../../domain/limits.ts'
import type { Row } from './rows.ts'

export type Values = Record<string, SQLInputValue>

/**
 * An open connection. Statements are prepared on first use and kept: their texts are constants of this
 * folder.
 */
export interface Database {
  get(sql: string, values?: Values): Row | undefined
  all(sql: string, values?: Values): readonly Row[]
  /** Says how many rows it changed. Values by their place are bound faster than by their name. */
  run(sql: string, values?: Values | readonly SQLInputValue[]): number
  exec(sql: string): void
  close(): void
}

const oldestSqlite = [3, 51, 3] as const

const pragmas = {
  journal_mode: 'wal',
  synchronous: 2,
  secure_delete: 1,
  foreign_keys: 1,
  trusted_schema: 0,
  busy_timeout: limits.busyTimeoutMs,
  wal_autocheckpoint: limits.walAutocheckpointPages,
  journal_size_limit: limits.journalSizeLimitBytes,
} as const

const pragmasFor = {
  read: { query_only: 1 },
  write: { query_only: 0, cache_size: -limits.writerCacheKib },
} as const

/**
 * Opens a file that exists with every pragma set and read back. A reader can't write and takes the journal
 * mode as it finds it. Throws `store_incompatible` where a pragma does not hold.
 */
export function openDatabase(path: string, mode: 'read' | 'write'): Database {
  const connection = bareDatabase(path, mode)
  try {
    for (const [name, wanted] of Object.entries({ ...pragmas, ...pragmasFor[mode] })) {
      if (mode === 'write' || name !== 'journal_mode') connection.exec(`PRAGMA ${name} = ${wanted}`)
      const actual = Object.values(connection.get(`PRAGMA ${name}`) ?? {})[0]
      if (actual !== wanted) throw refusedPragma(name, String(actual))
    }
  } catch (error) {
    connection.close()
    throw error
  }
  return connection
}

/** A connection without pragmas, for the owner lock and for a first look at a file of unknown origin. */
export function bareDatabase(path: string, mode: 'read' | 'write'): Database {
  const connection = new DatabaseSync(path, { readOnly: mode === 'read', timeout: 0 })
  connection.enableDefensive(true)
  const prepared = new Map<string, StatementSync>()
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql)
    if (known) return known
    const fresh = connection.prepare(sql)
    prepared.set(sql, fresh)
    return fresh
  }
  return {
    get: (sql, values) => (values ? statement(sql).get(values) : statement(sql).get()),
    all: (sql, values) => (values ? statement(sql).all(values) : statement(sql).all()),
    run: (sql, values) => Number(runWith(statement(sql), values).changes),
    exec: (sql) => connection.exec(sql),
    close: () => {
      prepared.clear()
      connection.close()
    },
  }
}

function runWith(statement: StatementSync, values?: Values | readonly SQLInputValue[]) {
  if (values === undefined) return statement.run()
  return isList(values) ? statement.run(...values) : statement.run(values)
}

function isList(values: Values | readonly SQLInputValue[]): values is readonly SQLInputValue[] {
  return Array.isArray(values)
}

/** Reads several statements from one snapshot; for a reading connection. */
export function atOnce<Result>(db: Database, read: () => Result): Result {
  db.exec('BEGIN')
  try {
    return read()
  } finally {
    db.exec('COMMIT')
  }
}

/**
 * Refuses SQLite older than 3.51.3: before it, two connections that write or checkpoint at the same moment
 * can damage a WAL file (the WAL-reset bug).
 */
export function refuseOldSqlite(version: string = process.versions['sqlite'] ?? '0'): void {
  const parts = version.split('.').map(Number)
  const difference = oldestSqlite.map((least, place) => (parts[place] ?? 0) - least).find((by) => by !== 0)
  if ((difference ?? 0) >= 0) return
  throw new DomainError('store_incompatible', {
    detail:
      `This Node.js comes with SQLite ${version}, which can damage a database file; ` +
      `${oldestSqlite.join('.')} or newer is needed: start the program with a newer Node.js.`,
  })
}

function refusedPragma(name: string, actual: string): DomainError {
  return new DomainError('store_incompatible', {
    detail:
      `The database setting ${name} stays at ${actual}: move the data folder to a local disk ` +
      'that allows locking, then start again.',
  })
}
