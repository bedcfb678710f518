import { pipeline, Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { importing } from '../domain/limits.ts'
import type { JsonObject } from '../domain/ports/runtime.ts'
import { REPLACEMENT, type SourceRow } from './source-row.ts'
import { piecesOf } from './text-file.ts'

/** What the parser says of these has the field in it, which may be anybody's: it is not passed on. */
const PROBLEMS: Readonly<Record<string, string>> = {
  CSV_INVALID_CLOSING_QUOTE: 'text follows a closing quote',
  INVALID_OPENING_QUOTE: 'a quote stands inside of a field that has none at its beginning',
  CSV_QUOTE_NOT_CLOSED: 'a quote is not closed',
  CSV_MAX_RECORD_SIZE: `a row has more than ${importing.recordMaxBytes} bytes, or a quote is not closed,`,
}

/** What the parser gives for a row; `lines` counts up to its last one. */
interface Parsed {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

/**
 * The rows of a CSV file (RFC 4180), by the names in its first one; an empty field is left out. Throws where
 * none of the `needed` columns is there, and where quotes are so broken that nothing more can be told apart.
 */
export async function* csvRows(file: string, needed: readonly string[]): AsyncGenerator<SourceRow> {
  const { recordMaxBytes: max_record_size } = importing
  const parser = parse({ relax_column_count: true, skip_empty_lines: true, info: true, max_record_size })
  // The loop below sees every failure of the pipeline too.
  pipeline(Readable.from(piecesOf(file)), parser, () => {})
  let header: readonly string[] | null = null
  try {
    for await (const parsed of parser) {
      const { record, info }: Parsed = parsed
      if (header) yield { file, line: info.lines, list: null, ...rowOf(record, header) }
      else header = readHeader(record, needed, file)
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = 'lines' in error ? ` near line ${Number(error.lines)}` : ''
    throw new Error(`${file} is not CSV that can be read: ${PROBLEMS[error.code] ?? error.code}${line}.`)
  }
}

function readHeader(names: readonly string[], needed: readonly string[], file: string): readonly string[] {
  const header = names.map((name) => name.trim())
  if (!needed.some((name) => header.includes(name))) {
    throw new Error(`${file} has no column ${needed.join(' or ')} in its first row.`)
  }
  if (header.length > importing.columnsMax)
    throw new Error(`${file} has more than ${importing.columnsMax} columns.`)
  const twice = header.find((name, at) => header.indexOf(name) < at)
  if (twice !== undefined) throw new Error(`${file} has two columns of the name "${twice}".`)
  return header
}

function rowOf(
  record: readonly string[],
  header: readonly string[],
): { readonly fields: JsonObject } | { readonly reason: string } {
  if (record.length !== header.length) {
    return { reason: `The row has ${record.length} fields, the first row has ${header.length}.` }
  }
  if (record.some((field) => field.includes(REPLACEMENT))) return { reason: 'The row is not UTF-8.' }
  const fields = record.flatMap((field, at) => (field === '' ? [] : [[header[at] ?? '', field] as const]))
  return { fields: Object.fromEntries(fields) }
}
