import type { JsonObject } from '../domain/ports/runtime.ts'
import { linesOf } from './lines.ts'
import { ownRow } from './own-record.ts'
import type { ImportReader } from './reader.ts'
import { isObject, parseObject } from './source-row.ts'

/** Our own export, and the rows that an import has rejected: mended, they are read again as they are. */
export const ndjson: ImportReader = {
  name: 'ndjson',
  summary: 'a user in JSON on each line, as "users export" and --rejects write it',
  async *read(files, options) {
    for (const file of files) {
      for await (const row of linesOf(file)) {
        const place = { file, line: row.line }
        const record = 'text' in row ? parseObject(row.text) : null
        if ('reason' in row) yield { ...place, reason: row.reason }
        else if (record) yield ownRow(place, unwrapped(record), options)
        else yield { ...place, reason: 'The line is not a JSON object.' }
      }
    }
  },
}

function unwrapped(record: JsonObject): JsonObject {
  const inner = record['record']
  return record['email'] === undefined && isObject(inner) ? inner : record
}
