/** Stores in files of their own, named by their URLs, and what lies in them past the adapter. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Store } from '../../src/domain/ports/store.ts'
import { openStore } from '../../src/store/open-store.ts'
import { temporaryFolder } from './process.ts'
import { newKeptLog, newTestClock, registered } from './store-fixtures.ts'

/** The URL of a file that is not there yet, in a folder that goes with this process. */
export function newFile(): string {
  return `sqlite:${join(temporaryFolder(), 'users.db')}`
}

export function openAt(url: string): Promise<Store> {
  return openStore({ url, dataDir: '/', clock: newTestClock(), log: newKeptLog() })
}

/** Makes it, with one user. */
export async function fill(url: string): Promise<void> {
  const store = await openAt(url)
  await registered(store)
  await store.close()
}

export function pathOf(url: string): string {
  return url.replace('sqlite:', '')
}

/** Every row of every table but what belongs to the file itself, as SQLite gives it. */
export function rowsIn(url: string): Readonly<Record<string, readonly object[]>> {
  const db = new DatabaseSync(pathOf(url), { readOnly: true, timeout: 1000 })
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  const rows = tables.map(({ name }): [string, readonly object[]] => {
    const columns = db.prepare(`SELECT name FROM pragma_table_info('${String(name)}')`).all()
    const kept = columns.map((column) => String(column['name'])).filter((column) => column !== 'due_at')
    const own = name === 'meta' ? "WHERE key = 'keyring_version'" : ''
    return [
      String(name),
      db.prepare(`SELECT ${kept.join(', ')} FROM ${String(name)} ${own} ORDER BY 1, 2`).all(),
    ]
  })
  db.close()
  return Object.fromEntries(rows)
}
