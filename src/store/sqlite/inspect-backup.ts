/** What a file that is said to be a backup holds, and what is wrong with it; nothing is written. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { StoredKey } from '../../domain/ports/records.ts'
import type { Ms } from '../../domain/ports/runtime.ts'
import { readMark } from './backup-mark.ts'
import { bareDatabase, type Database } from './connection.ts'
import { failureOf } from './failures.ts'
import { loadKeys } from './keys.ts'
import { integer, text } from './rows.ts'
import { applicationId, migrations } from './schema.ts'
import { verify } from './verification.ts'

/** Nothing is known of what is in a backup with problems. */
export type Inspection =
  | { readonly kind: 'unsound'; readonly problems: readonly string[] }
  | {
      readonly kind: 'sound'
      readonly at: Ms
      readonly users: number
      readonly keys: readonly StoredKey[]
    }

const MAGIC = 'SQLite format 3\0'
const HEADER_BYTES = 100
const VERSION_AT = 60
const APPLICATION_AT = 68
const problemsShown = 10

/** Looks at all of it: bytes against their mark, the database against itself, the data against our rules. */
export function inspectBackup(path: string): Inspection {
  const strange = strangeness(path)
  if (strange !== null) return unsound(strange)
  const mark = readMark(path)
  switch (mark.kind) {
    case 'none':
      return unsound('It does not end as a backup does: it is cut off, or was not made by "backup create".')
    case 'changed':
      return unsound('It is damaged: its bytes are others than when it was made.')
    case 'whole':
      return inspectDatabase(path, mark.at)
  }
}

/** Why this is no file of ours at all, as far as its first bytes tell; null where it may be one. */
export function strangeness(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return `There is no file ${path}.`
  if (!stat.isFile()) return `${path} is no file.`
  if (stat.size === 0) return 'The file is empty.'
  const header = Buffer.alloc(HEADER_BYTES)
  const file = openSync(path, 'r')
  try {
    readSync(file, header, 0, HEADER_BYTES, 0)
  } finally {
    closeSync(file)
  }
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) return 'It is no database.'
  if (header.readUInt32BE(APPLICATION_AT) !== applicationId) return 'It is a database of another program.'
  const newest = migrations.at(-1)?.version ?? 0
  const found = header.readUInt32BE(VERSION_AT)
  if (found <= newest) return null
  return `A newer version of this program has made it (schema ${found}, this one knows ${newest}).`
}

function inspectDatabase(path: string, at: Ms): Inspection {
  const db = bareDatabase(path, 'read')
  try {
    const problems = problemsOf(db)
    if (problems.length > 0) return unsound(...problems)
    const users = integer(db.get('SELECT count(*) AS n FROM users') ?? {}, 'n')
    return { kind: 'sound', at, users, keys: loadKeys(db).keys }
  } catch (error) {
    return unsound(`The database in it cannot be read (${failureOf(error).detail}).`)
  } finally {
    db.close()
  }
}

function problemsOf(db: Database): readonly string[] {
  const damage = db
    .all(`PRAGMA integrity_check(${problemsShown})`)
    .map((row) => text(row, 'integrity_check'))
    .filter((line) => line !== 'ok')
  if (damage.length > 0) return damage.map((line) => `The database in it is damaged: ${line}.`)
  const orphans = db.all('PRAGMA foreign_key_check').slice(0, problemsShown)
  if (orphans.length > 0) {
    return orphans.map((row) => `A row of ${text(row, 'table')} belongs to nobody.`)
  }
  // An older schema is checked once it has been brought to this one.
  const version = integer(db.get('PRAGMA user_version') ?? {}, 'user_version')
  return version === migrations.at(-1)?.version ? findingsOf(db) : []
}

function findingsOf(db: Database): readonly string[] {
  const problems: string[] = []
  let cursor: string | null = null
  do {
    const step: ReturnType<typeof verify> = verify(db, { cursor })
    for (const { kind, where, id } of step.findings) {
      problems.push(`${kind.replaceAll('_', ' ')}: ${id} in ${where}.`)
      if (problems.length === problemsShown) return problems
    }
    cursor = step.cursor
  } while (cursor !== null)
  return problems
}

function unsound(...problems: readonly string[]): Inspection {
  return { kind: 'unsound', problems }
}
