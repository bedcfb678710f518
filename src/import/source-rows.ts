import { importing } from '../domain/limits.ts'
import { csvRows } from './csv-rows.ts'
import { jsonElements } from './json-elements.ts'
import { linesOf } from './lines.ts'
import { parseObject, type SourceRow } from './source-row.ts'
import { sqliteRows } from './sqlite-rows.ts'
import { beginningOf } from './text-file.ts'

/** Where the rows of a program stand in the files that it, or its database, exports. */
export interface Shape {
  /** Tables of a SQLite file. */
  readonly tables: readonly string[]
  /** Lists of a JSON document; none where no such document is known. */
  readonly lists: readonly string[]
  /** Columns of which a CSV file has at least one. */
  readonly columns: readonly string[]
}

/** How a SQLite file begins. */
const SQLITE = 'SQLite format 3\0'

/**
 * The rows of a file, which may be a SQLite file, a JSON list or document, NDJSON or CSV: what it is shows in
 * how it begins. Throws where it is none of them.
 */
export async function* sourceRows(file: string, shape: Shape): AsyncGenerator<SourceRow> {
  const beginning = (await beginningOf(file, importing.recordMaxBytes)).toString('utf8')
  const isSqliteFile = beginning.startsWith(SQLITE)
  if (isSqliteFile && shape.tables.length === 0) throw new Error(`${file} is a SQLite file, not an export.`)
  if (isSqliteFile) yield* sqliteRows(file, shape.tables)
  else yield* textRows(file, shape, beginning.trimStart())
}

function textRows(file: string, shape: Shape, beginning: string): AsyncGenerator<SourceRow> {
  if (beginning.startsWith('[')) return jsonElements(file, [])
  if (!beginning.startsWith('{')) return csvRows(file, shape.columns)
  const newline = beginning.indexOf('\n')
  const first = parseObject(newline < 0 ? beginning : beginning.slice(0, newline))
  if (first && !shape.lists.some((list) => Array.isArray(first[list]))) return objectLines(file)
  if (shape.lists.length > 0) return jsonElements(file, shape.lists)
  throw new Error(`${file} is neither a JSON list nor NDJSON: its first line is no JSON object.`)
}

/** NDJSON: an object a line. */
async function* objectLines(file: string): AsyncGenerator<SourceRow> {
  for await (const row of linesOf(file)) {
    const place = { file, line: row.line, list: null }
    const fields = 'text' in row ? parseObject(row.text) : null
    if ('reason' in row) yield { ...place, reason: row.reason }
    else yield { ...place, ...(fields ? { fields } : { reason: 'The line is not a JSON object.' }) }
  }
}

export async function isSqlite(file: string): Promise<boolean> {
  return (await beginningOf(file, SQLITE.length)).toString('latin1') === SQLITE
}
