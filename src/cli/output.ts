/**
 * What commands print: data on standard output, talk on standard error; tables for people, JSON for
 * programs.
 */

export type OutputForm = 'text' | 'json' | 'ndjson'
export const outputForms: readonly OutputForm[] = ['text', 'json', 'ndjson']

type Value = string | number | boolean | null | readonly string[]
export type Row = Readonly<Record<string, Value>>

export interface Output {
  /** A list: a table, a JSON array, or a JSON object a line. */
  rows(rows: readonly Row[], columns: readonly string[]): void
  /** One thing with named parts. */
  record(record: Row): void
  /** A sentence for people; on standard error, so that data stay data. */
  say(line: string): void
}

export function createOutput(form: OutputForm): Output {
  const print = (text: string) => process.stdout.write(`${text}\n`)
  return {
    rows(rows, columns) {
      if (form === 'json') print(JSON.stringify(rows, null, 2))
      else if (form === 'ndjson') for (const row of rows) print(JSON.stringify(row))
      else for (const line of tableOf(rows, columns)) print(line)
    },
    record(record) {
      if (form === 'json') print(JSON.stringify(record, null, 2))
      else if (form === 'ndjson') print(JSON.stringify(record))
      else for (const [name, value] of Object.entries(record)) print(`${name.padEnd(8)} ${shown(value)}`)
    },
    say: (line) => void process.stderr.write(`${line}\n`),
  }
}

function tableOf(rows: readonly Row[], columns: readonly string[]): string[] {
  const cells = rows.map((row) => columns.map((column) => shown(row[column] ?? null)))
  const widths = columns.map((column, place) =>
    Math.max(column.length, ...cells.map((line) => line[place]?.length ?? 0)),
  )
  const lineOf = (line: readonly string[]) =>
    line
      .map((cell, place) => cell.padEnd(widths[place] ?? 0))
      .join('  ')
      .trimEnd()
  return [lineOf(columns.map((column) => column.toUpperCase())), ...cells.map(lineOf)]
}

function shown(value: Value): string {
  if (Array.isArray(value)) return value.join('; ')
  return value === null ? '-' : String(value)
}
