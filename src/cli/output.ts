/**
 * What commands print: data on standard output, talk on standard error; tables for people, JSON for
 * programs.
 */

import { exitCodes } from './exit-codes.ts'

export type OutputForm = 'text' | 'json' | 'ndjson'
export const outputForms: readonly OutputForm[] = ['text', 'json', 'ndjson']

export type Row = Readonly<Record<string, unknown>>

/** A list that is printed as it comes. */
export interface List {
  add(rows: readonly Row[]): void
  end(): void
}

export interface Output {
  /** A list: a table with these columns, a JSON array, or a JSON object a line. */
  list(columns: readonly string[]): List
  /** The same for rows that are all there. */
  rows(rows: readonly Row[], columns: readonly string[]): void
  /** One thing with named parts. */
  record(record: Row): void
  /** JSON in every form: it is meant for programs. */
  document(value: object): void
  /** A sentence for people; on standard error, so that data stay data. */
  say(line: string): void
  /** Nobody reads the data any more (`| head`). */
  gone(): boolean
}

interface Streams {
  readonly data: NodeJS.WritableStream
  readonly talk: NodeJS.WritableStream
}
const standard: Streams = { data: process.stdout, talk: process.stderr }

/** Terminals obey these wherever they come from: a display name could move the cursor, or hide a row. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu

/**
 * Whoever reads may go (`| head`, a collector that restarts): that fails no command, a full disk does.
 */
export function createOutput(form: OutputForm, { data, talk }: Streams = standard): Output {
  let gone = false
  data.on('error', (error: NodeJS.ErrnoException) => {
    gone = true
    if (error.code !== 'EPIPE') process.exitCode = exitCodes.failed.code
  })
  talk.on('error', () => undefined)
  const print = (text: string) => {
    if (!gone) data.write(`${text}\n`)
  }
  const list = (columns: readonly string[]) => {
    if (form === 'text') return tableOf(columns, print)
    return form === 'json' ? arrayOf(print) : linesOf(print)
  }
  return {
    list,
    rows(rows, columns) {
      const all = list(columns)
      all.add(rows)
      all.end()
    },
    record(record) {
      if (form === 'json') return print(jsonOf(record, 2))
      if (form === 'ndjson') return print(jsonOf(record))
      const entries = Object.entries(record)
      const width = Math.max(8, ...entries.map(([name]) => name.length))
      for (const [name, value] of entries) print(`${name.padEnd(width)} ${shown(value)}`)
    },
    document: (value) => print(jsonOf(value, form === 'ndjson' ? undefined : 2)),
    say: (line) => void talk.write(`${printable(line)}\n`),
    gone: () => gone,
  }
}

/** The text without what a terminal would obey. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '\uFFFD')
}

/** A head, then each part in columns that never get narrower. */
function tableOf(columns: readonly string[], print: (line: string) => void): List {
  let widths = columns.map((column) => column.length)
  const printLine = (line: readonly string[]) =>
    print(
      line
        .map((cell, place) => cell.padEnd(widths[place] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  let headed = false
  const add = (rows: readonly Row[]) => {
    const cells = rows.map((row) => columns.map((column) => shown(row[column])))
    widths = widths.map((width, place) => Math.max(width, ...cells.map((line) => line[place]?.length ?? 0)))
    if (!headed) printLine(columns.map((column) => column.toUpperCase()))
    headed = true
    cells.forEach(printLine)
  }
  return { add, end: () => (headed ? undefined : add([])) }
}

/** An array with an item a line. */
function arrayOf(print: (line: string) => void): List {
  let last: string | null = null
  const next = (text: string | null) => {
    if (last !== null) print(text === null ? last : `${last},`)
    last = text
  }
  print('[')
  return {
    add: (rows) => rows.forEach((row) => next(jsonOf(row))),
    end: () => {
      next(null)
      print(']')
    },
  }
}

function linesOf(print: (line: string) => void): List {
  return { add: (rows) => rows.forEach((row) => print(jsonOf(row))), end: () => undefined }
}

/** Escapes the control characters too that JSON does not ask to. */
function jsonOf(value: unknown, indent?: number): string {
  const escaped = (character: string) => `\\u00${character.charCodeAt(0).toString(16)}`
  return JSON.stringify(value, null, indent).replaceAll(/[\u007F-\u009F]/g, escaped)
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'string') return printable(value)
  return printable(Array.isArray(value) ? value.map(String).join('; ') : JSON.stringify(value))
}
