import type { JsonObject, JsonValue } from '../domain/ports/runtime.ts'
import { csvRows } from './csv-rows.ts'
import { ownRow } from './own-record.ts'
import { asText, readFlag } from './read-values.ts'
import type { ImportReader } from './reader.ts'
import { parseObject } from './source-row.ts'

/** How the columns that are no texts are written. */
const columns: Readonly<Record<string, (text: string) => JsonValue>> = {
  email_verified: readFlag,
  roles: (text) => text.split(' ').filter((role) => role !== ''),
  profile: parseObject,
}

/** Our own export as CSV, and tables made by hand: the first row names the columns; `email` is needed. */
export const csv: ImportReader = {
  name: 'csv',
  summary: 'a user in each row, with the columns of "users export --csv"; only email is needed',
  async *read(files, options) {
    for (const file of files) {
      for await (const row of csvRows(file, ['email'])) {
        const place = { file, line: row.line }
        const unread = 'fields' in row ? unreadable(row.fields) : null
        if ('reason' in row) yield { ...place, reason: row.reason }
        else if (unread !== null) yield { ...place, reason: `The column ${unread} can't be read.` }
        else yield ownRow(place, valuesOf(row.fields), options)
      }
    }
  },
}

function valuesOf(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, valueOf(name, value)]))
}

function valueOf(name: string, value: JsonValue): JsonValue {
  return Object.hasOwn(columns, name) ? (columns[name]?.(asText(value)) ?? null) : value
}

function unreadable(fields: JsonObject): string | null {
  return (
    Object.keys(columns).find((name) => name in fields && valueOf(name, fields[name] ?? null) === null) ??
    null
  )
}
