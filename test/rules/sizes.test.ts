/** Sizes: the caps of the house rules, measured by the linter's parser, and our medians against the models'. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { addSummary } from '../support/summary.ts'
import { assertNone, ROOT, sources } from './source.ts'

const CAPS = { linesPerFunction: 60, parameters: 3, linesPerFile: 300, columns: 110 }

/** Tables: one entry after the other, read by looking one up. */
const TABLES = ['src/domain/errors.ts', 'src/domain/limits.ts', 'src/config.ts']
/** A language is one file. */
const LANGUAGES = /^src\/texts\/[a-z]{2,3}(?:-[a-z]+)?\.ts$/
/** A row of the error table has four cells. */
const WIDER = new Map([['src/domain/errors.ts', 4]])

interface Measure {
  readonly path: string
  readonly line: number
  /** Null for an arrow function or method without a name of its own. */
  readonly name: string | null
  readonly value: number
}

interface Diagnostic {
  readonly code: string
  readonly message: string
  readonly filename: string
  readonly labels: readonly { readonly span: { readonly line: number } }[]
}

const all = sources('src/**/*.ts').filter(({ generated }) => !generated)
const diagnostics = lint({
  'eslint/max-lines-per-function': ['warn', { max: 0 }],
  'eslint/max-params': ['warn', { max: 0 }],
})

/** Has the linter report every function, whatever its size, with a configuration of this test's own. */
function lint(rules: Readonly<Record<string, unknown>>): readonly Diagnostic[] {
  const folder = mkdtempSync(join(tmpdir(), 'um-sizes-'))
  const config = join(folder, 'config.json')
  writeFileSync(config, JSON.stringify({ plugins: [], categories: { correctness: 'off' }, rules }))
  try {
    const args = [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '--config', config, '--format', 'json', 'src']
    const output = execFileSync(process.execPath, args, {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    })
    const report: { diagnostics: readonly Diagnostic[] } = JSON.parse(output)
    return report.diagnostics
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function measured(rule: string): readonly Measure[] {
  const known = new Set(all.map(({ path }) => path))
  return diagnostics
    .filter(({ code }) => code === `eslint(${rule})`)
    .map(({ message, filename, labels }) => ({
      path: filename.replaceAll('\\', '/'),
      line: labels[0]?.span.line ?? 0,
      name: /[`'](.+?)[`']/.exec(message)?.[1] ?? null,
      value: Number(/\((\d+)\)/.exec(message)?.[1] ?? Number.NaN),
    }))
    .filter(({ path }) => known.has(path))
}

const place = ({ path, line, name, value }: Measure): string =>
  `${path}:${line} ${name ?? 'a function'}: ${value}`
const linesOf = (text: string): readonly string[] => text.replace(/\n$/, '').split('\n')

/** The smallest value that this share of the values does not exceed. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

test('no function in src/ has more than 60 lines', () => {
  const functions = measured('max-lines-per-function')
  assert.ok(functions.length >= all.length, 'the linter has measured hardly anything')
  assert.ok(functions.every(({ value }) => value > 0))
  assertNone(functions.filter(({ value }) => value > CAPS.linesPerFunction).map(place))
})

test('no function in src/ has more than 3 parameters', () => {
  const functions = measured('max-params')
  assert.ok(functions.length > 0)
  const over = functions.filter(({ path, value }) => value > (WIDER.get(path) ?? CAPS.parameters))
  assertNone(over.map(place))
})

test('no file in src/ has more than 300 lines, the tables excepted', () => {
  const over = all.filter(
    ({ path, text }) =>
      !TABLES.includes(path) && !LANGUAGES.test(path) && linesOf(text).length > CAPS.linesPerFile,
  )
  assertNone(over.map(({ path, text }) => `${path}: ${linesOf(text).length}`))
})

test('no line in src/ is longer than 110 columns', () => {
  const over = all.flatMap(({ path, text }) =>
    linesOf(text)
      .map((line, index) => ({ where: `${path}:${index + 1}`, columns: line.length }))
      .filter(({ columns }) => columns > CAPS.columns)
      .map(({ where, columns }) => `${where}: ${columns}`),
  )
  assertNone(over)
})

test('the run says how long our files and functions are', () => {
  const files = all.map(({ text }) => linesOf(text).length)
  const functions = measured('max-lines-per-function').filter(({ name }) => name !== null)
  const lengths = functions.map(({ value }) => value)
  const both = (values: readonly number[]): string =>
    `${percentile(values, 0.5)} / ${percentile(values, 0.9)}`
  addSummary(
    `sizes (p50 / p90): ${both(files)} lines a file (${files.length}), ` +
      `${both(lengths)} lines a named function (${lengths.length})`,
  )
  assert.ok(percentile(files, 0.5) > 0 && percentile(lengths, 0.5) > 0)
})
