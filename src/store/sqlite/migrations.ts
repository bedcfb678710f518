/**
 * Brings a file to this version before anything else opens it. Each step is one transaction together with the
 * bump of `user_version`, so that a killed migration goes on where it stopped.
 */
import { readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DomainError } from '../../domain/errors.ts'
import { bareDatabase, openDatabase, type Database } from './connection.ts'
import { createPrivateFile, hasLeftoverLog } from './data-file.ts'
import { isNotADatabase } from './failures.ts'
import { readFact, writeFact } from './meta.ts'
import { integer, text } from './rows.ts'
import { applicationId, type Migration } from './schema.ts'

/**
 * Checks and migrates an existing (perhaps empty) file that nobody else has open. A copy is made before an
 * older file changes, and erased once the migrated one passes `quick_check`. Throws `store_incompatible` for
 * a file of another program, of a newer version, or a damaged one.
 */
export function prepareFile(path: string, steps: readonly Migration[]): void {
  const interrupted = hasLeftoverLog(path)
  const newest = steps.at(-1)?.version ?? 0
  const found = inspect(path, newest)
  const db = openDatabase(path, 'write')
  try {
    if (found > 0 && (interrupted || !stoppedCleanly(db))) requireSound(db, 'stopped without closing it')
    if (found > 0 && found < newest) copyTo(db, copyPath(path, found))
    for (const step of steps) if (step.version > found) apply(db, step)
    if (found > 0 && found < newest) requireSound(db, 'migrated it')
    eraseCopies(path)
    writeFact(db, 'clean_stop', 0)
  } finally {
    db.close()
  }
}

/** The schema version of a file, found without changing it: a file that is not for us stays as it is. */
function inspect(path: string, newest: number): number {
  const db = bareDatabase(path, 'write')
  try {
    const found = integer(db.get('PRAGMA user_version') ?? {}, 'user_version')
    const application = integer(db.get('PRAGMA application_id') ?? {}, 'application_id')
    const tables = integer(db.get('SELECT count(*) AS n FROM sqlite_schema') ?? {}, 'n')
    const empty = tables === 0 && found === 0 && application === 0
    if (application !== applicationId && !empty) throw foreign()
    if (found > newest) throw tooNew(found, newest)
    return found
  } catch (error) {
    if (isNotADatabase(error)) throw foreign()
    throw error
  } finally {
    db.close()
  }
}

function foreign(): DomainError {
  return new DomainError('store_incompatible', {
    detail:
      'The file that UM_DATABASE_URL names is no database of this program: ' +
      'name another file, or move this one away.',
  })
}

function tooNew(found: number, newest: number): DomainError {
  return new DomainError('store_incompatible', {
    detail:
      'A newer version of this program has written the database ' +
      `(schema ${found}, this one knows ${newest}): start that version, ` +
      'or restore a backup that was made before the upgrade.',
  })
}

function apply(db: Database, step: Migration): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(step.sql)
    db.exec(`PRAGMA application_id = ${applicationId}`)
    db.exec(`PRAGMA user_version = ${step.version}`)
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

/** Before the first migration there is no table of facts; such a file is empty and was never stopped. */
function stoppedCleanly(db: Database): boolean {
  return readFact(db, 'clean_stop') === 1
}

function requireSound(db: Database, event: string): void {
  const verdict = text(db.get('PRAGMA quick_check(1)') ?? {}, 'quick_check')
  if (verdict === 'ok') return
  throw new DomainError('store_incompatible', {
    detail:
      `The database is damaged (found after the program ${event}): restore the newest backup, ` +
      'and keep the damaged file for a look at it.',
  })
}

function copyPath(path: string, version: number): string {
  return `${path}.before-schema-${version + 1}`
}

/** A copy of the same version that an interrupted attempt left is made anew. */
function copyTo(db: Database, copy: string): void {
  rmSync(copy, { force: true })
  createPrivateFile(copy)
  db.run('VACUUM INTO :copy', { copy })
}

function eraseCopies(path: string): void {
  const prefix = `${basename(path)}.before-schema-`
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(prefix)) rmSync(join(dirname(path), name), { force: true })
  }
}
