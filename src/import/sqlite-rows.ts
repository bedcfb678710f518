import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { importing } from '../domain/limits.ts'
import type { JsonObject, JsonValue } from '../domain/ports/runtime.ts'
import { REPLACEMENT, type SourceRow } from './source-row.ts'

const UUID_BYTES = 16

/**
 * The rows of those of the tables that a SQLite file has, in the order in which they are stored. The file is
 * not written to. Throws where it has none of them, or is damaged.
 */
export function* sqliteRows(file: string, tables: readonly string[]): Generator<SourceRow> {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const present = tables.filter((table) => hasTable(database, table))
    if (present.length === 0) throw new Error(`${file} has no table ${tables.join(' or ')}.`)
    for (const list of present) {
      const rows = database.prepare(`SELECT * FROM "${list.replaceAll('"', '""')}"`)
      rows.setReadBigInts(true)
      let line = 0
      for (const row of rows.iterate()) yield { file, line: (line += 1), list, ...readRow(row) }
    }
  } catch (error) {
    throw damaged(file, error)
  } finally {
    database.close()
  }
}

/** Asks a SQLite file of another program, so that nothing in it changes. */
export function withDatabase<Answer>(file: string, ask: (database: DatabaseSync) => Answer): Answer {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return ask(database)
  } catch (error) {
    throw damaged(file, error)
  } finally {
    database.close()
  }
}

/**
 * Our own sentences are kept. SQLite's may have pieces of the file in them; the name of the failure has not.
 */
function damaged(file: string, error: unknown): Error {
  if (error instanceof Error && error.message.startsWith(file)) return error
  const failure = error instanceof Error && 'errstr' in error ? String(error.errstr) : 'it is damaged'
  return new Error(`${file} can't be read as a SQLite file: ${failure}.`)
}

export function hasTable(database: DatabaseSync, table: string): boolean {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
  return found.get(table) !== undefined
}

function readRow(
  row: Record<string, SQLOutputValue>,
): { readonly fields: JsonObject } | { readonly reason: string } {
  const entries = Object.entries(row).map(([name, value]) => [name, readValue(value)] as const)
  const texts = entries.flatMap(([, value]) => (typeof value === 'string' ? [value] : []))
  const size = texts.reduce((sum, text) => sum + text.length, 0)
  if (size > importing.recordMaxBytes)
    return { reason: `The row is larger than ${importing.recordMaxBytes} bytes.` }
  if (texts.some((text) => text.includes(REPLACEMENT))) return { reason: 'The row is not UTF-8.' }
  return { fields: Object.fromEntries(entries) }
}

/**
 * Whole numbers that JavaScript can't hold become texts; bytes become a UUID where they can be one, else
 * base64.
 */
function readValue(value: SQLOutputValue): JsonValue {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (!(value instanceof Uint8Array)) return value
  const bytes = Buffer.from(value)
  return bytes.length === UUID_BYTES ? uuidText(bytes.toString('hex')) : bytes.toString('base64')
}

/** 32 hexadecimal digits as a UUID is written. */
export function uuidText(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5').toLowerCase()
}
