import { importing } from '../domain/limits.ts'
import type { JsonObject } from '../domain/ports/runtime.ts'
import { blocksOf, type Line } from './lines.ts'
import { ownRow } from './own-record.ts'
import type { ImportReader, ImportRow, ReaderOptions } from './reader.ts'
import { isObject, parseObject, repeatedKey } from './source-row.ts'

/** Our own export, and the rows that an import has rejected: mended, they are read again as they are. */
export const ndjson: ImportReader = {
  name: 'ndjson',
  summary: 'a user in JSON on each line, as "users export" and --rejects write it',
  async *read(files, options) {
    for (const file of files) {
      for await (const block of blocksOf(file)) for (const line of block) yield rowOf(file, line, options)
    }
  },
}

function rowOf(file: string, line: Line, options: ReaderOptions): ImportRow {
  const place = { file, line: line.line }
  if ('reason' in line) return { ...place, reason: line.reason }
  const record = parseObject(line.text)
  if (!record) return { ...place, reason: 'The line is not a JSON object.' }
  const twice = repeatedKey(line.text, record)
  if (twice !== null) return { ...place, reason: `The line has the key ${shortened(twice)} twice.` }
  return { ...ownRow(place, unwrapped(record), options), size: line.text.length }
}

function shortened(key: string): string {
  return key.slice(0, importing.leftBehindMaxLength)
}

function unwrapped(record: JsonObject): JsonObject {
  const inner = record['record']
  return record['email'] === undefined && isObject(inner) ? inner : record
}
