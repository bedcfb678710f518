/**
 * Runs the tests: `npm test`, `npm test -- login rules/` (files whose path has one of these), `npm test -- --size
 * release`. Each file runs in a process of its own. One line a file; what a file prints shows only when it fails.
 * The last lines say what the run covered; the very last one is `N passed, N failed`.
 */
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { inspect, parseArgs, styleText } from 'node:util'
import { observedPairs } from '../test/support/openapi-check-pairs.ts'
import { settingsThatDiffered } from '../test/support/settings-that-differ.ts'
import { contractsAgree } from '../test/support/contract-line.ts'
import { chromiumPath, mongodbSource } from '../test/support/settings-of-the-run.ts'
import { addSummary } from '../test/support/summary.ts'

const ROOT = join(import.meta.dirname, '..')
const FILE_LIMIT_MS = { normal: 120_000, release: 3_600_000 }
/** What the README says of two cores. */
const WHOLE_RUN_LIMIT_SECONDS = { alone: 180, withMongodb: 480 }
/** These begin first, since they take longest: one that began last would have the machine to itself. */
const LONGEST = ['test/docs/pages.', 'test/e2e/', 'test/store-', 'test/move/', 'test/backup/', 'test/bench/']
/** A file whose tests are over, but whose process never ends, must not hold the run for ever. */
const RUN_ABORT_MS = { normal: 900_000, release: 14_400_000 }

interface Plan {
  readonly files: readonly string[]
  readonly filters: readonly string[]
  readonly size: 'normal' | 'release'
  readonly chromium: string | null
  /** Whether there is a MongoDB to run its tests on. */
  readonly mongodb: boolean
}

interface Totals {
  passed: number
  /** Failed and cancelled tests, files that end badly or hold no test, and skipped tests, which the rules forbid. */
  failed: number
  readonly failures: string[]
}

type Colour = 'red' | 'green' | 'yellow' | 'dim'
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const paint = (colour: Colour, text: string): string => styleText(colour, text, { stream: process.stdout })
const short = (path: string): string => relative(ROOT, path).replaceAll('\\', '/')

function plan(): Plan {
  const { values, positionals } = parseArgs({ options: { size: { type: 'string' } }, allowPositionals: true })
  const size = values.size ?? 'normal'
  if (size !== 'normal' && size !== 'release') throw new Error(`--size is normal or release, not ${size}`)
  const chromium = chromiumPath()
  const mongodb = mongodbSource() !== null
  const files = globSync('test/**/*.test.ts', { cwd: ROOT })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => positionals.length === 0 || positionals.some((filter) => file.includes(filter)))
    .filter((file) => chromium !== null || !isBrowserTest(file))
    .filter((file) => mongodb || !isMongodbTest(file))
    .toSorted()
    .toSorted((one, other) => turnOf(one) - turnOf(other))
  return { files, filters: positionals, size, chromium, mongodb }
}

function turnOf(file: string): number {
  const found = LONGEST.findIndex((start) => file.startsWith(start))
  return found === -1 ? LONGEST.length : found
}

function isBrowserTest(file: string): boolean {
  return file.endsWith('.browser.test.ts')
}

function isMongodbTest(file: string): boolean {
  return /(?:\/store-mongodb|\/mongodb[\w-]*\.engine|\.mongodb)\.test\.ts$/.test(file)
}

/** Settings of the developer's own server must not steer the tests. */
function prepareEnvironment({ size, chromium }: Plan, summaryFile: string): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('UM_') && !name.startsWith('UM_TEST_')) delete process.env[name]
  }
  process.env['UM_TEST_SIZE'] = size
  // Each file is a process that loads the same modules.
  process.env['NODE_COMPILE_CACHE'] = join(ROOT, 'node_modules', '.cache', 'compile')
  process.env['UM_TEST_SUMMARY'] = summaryFile
  if (chromium) process.env['CHROMIUM_PATH'] = chromium
}

async function runFiles({ files, size }: Plan): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0, failures: [] }
  const output = new Map<string, string>()
  const failed = new Map<string, string[]>()
  const fail = (file: string, title: string, error: unknown): void => {
    failed.set(file, [...(failed.get(file) ?? []), `${paint('red', `✖ ${title}`)}\n${explain(error)}`])
    totals.failures.push(`${file}: ${title}`)
    totals.failed += 1
  }
  const keep = (event: { file?: string | undefined; message: string }): void => {
    const file = short(event.file ?? '')
    output.set(file, (output.get(file) ?? '') + event.message)
  }
  const report = (file: string, tests: number, ms: number): void => {
    const bad = failed.get(file)
    const mark = bad ? paint('red', '✖') : paint('green', '✔')
    print(`${mark} ${file} ${paint('dim', `${tests} tests, ${(ms / 1000).toFixed(1)} s`)}`)
    if (bad) print([...bad, output.get(file) ?? ''].join('\n'))
  }

  const stream = run({
    files: files.map((file) => join(ROOT, file)),
    cwd: ROOT,
    // Files wait now and then: for a process that starts, a time that passes.
    concurrency: availableParallelism() + 2,
    timeout: FILE_LIMIT_MS[size],
    signal: AbortSignal.timeout(RUN_ABORT_MS[size]),
  })
  stream.on('test:stdout', keep).on('test:stderr', keep)
  stream.on('test:pass', (event) => {
    const file = short(event.file ?? '')
    if (event.skip !== undefined || event.todo !== undefined)
      fail(file, event.name, 'skip and todo are not allowed')
    else if (event.name === event.file) fail(file, 'the file', 'holds no test')
    else if (event.details.type !== 'suite') totals.passed += 1
    if (event.name === event.file) report(file, 0, event.details.duration_ms)
  })
  stream.on('test:fail', (event) => {
    const file = short(event.file ?? '')
    const { error, duration_ms: ms } = event.details
    const itself = event.name === event.file
    if (itself) fail(file, 'the file', 'did not end well, or not in time; what it printed follows')
    else if (!('failureType' in error) || error.failureType !== 'subtestsFailed') {
      fail(file, `${event.name} (line ${event.line})`, error.cause ?? error)
    }
    if (itself) report(file, 0, ms)
  })
  stream.on('test:summary', (event) => {
    if (event.file) report(short(event.file), event.counts.tests, event.duration_ms)
  })
  await finished(stream.resume())
  return totals
}

/** The error without the frames of Node itself. */
function explain(error: unknown): string {
  const asserted = error instanceof Error && 'code' in error && error.code === 'ERR_ASSERTION'
  const text = typeof error === 'string' ? error : asserted ? (error.stack ?? error.message) : inspect(error)
  return text.replaceAll(/^ +at .*\bnode:internal.*\n/gm, '')
}

/** On which stores the contract suite ran; an engine that this version has must say so when it did not run. */
function storesLine({ files, mongodb }: Plan): string {
  const engines = { sqlite: 'sqlite (file, WAL, synchronous=FULL)', mongodb: 'mongodb (replica set)' }
  const lines = Object.entries(engines).map(([name, description]) => {
    if (!existsSync(join(ROOT, 'src', 'store', name))) return `${name}: not in this version`
    if (name === 'mongodb' && !mongodb) {
      const remedy = 'set MONGOMS_SYSTEM_BINARY or UM_TEST_MONGODB_URL'
      return paint('yellow', `mongodb: DID NOT RUN, no MongoDB here (${remedy})`)
    }
    return files.some((file) => file.endsWith(`/store-${name}.test.ts`))
      ? description
      : `${name}: not in this run`
  })
  return `stores: ${lines.join('; ')}`
}

function browserLine({ files, filters, chromium }: Plan): string {
  const count = files.filter(isBrowserTest).length
  if (!chromium) return paint('yellow', 'browser tests: DID NOT RUN, no Chromium here (set CHROMIUM_PATH)')
  if (count === 0) return `browser tests: none in this ${filters.length > 0 ? 'run' : 'version'}`
  return `browser tests: ran (${count} ${count === 1 ? 'file' : 'files'}, ${chromium})`
}

function summaryLines(file: string): string[] {
  if (!existsSync(file)) return []
  return [...new Set(readFileSync(file, 'utf8').split('\n'))].filter((line) => line !== '').toSorted()
}

/** What keeps a run without a failed test from being a good one. */
function objections(
  { files, filters, chromium, mongodb }: Plan,
  totals: Totals & { readonly unseenPairs: number; readonly lines: readonly string[] },
): string[] {
  const found: string[] = []
  if (files.length === 0 || totals.passed + totals.failed === 0) found.push('no test ran')
  if (filters.length === 0 && totals.unseenPairs > 0)
    found.push('every error code that an operation declares has to be seen in a whole run')
  if (!contractsAgree(totals.lines)) found.push('every engine has to pass the same number of contract tests')
  if (!chromium && process.env['CI'] === 'true') found.push('in CI the browser tests have to run')
  if (!mongodb && process.env['CI'] === 'true') found.push('in CI the tests on MongoDB have to run')
  return found
}

async function main(): Promise<void> {
  const began = performance.now()
  const planned = plan()
  const folder = mkdtempSync(join(tmpdir(), 'um-test-run-'))
  const summaryFile = join(folder, 'summary')
  prepareEnvironment(planned, summaryFile)
  const totals = await runFiles(planned)
  const pairs = observedPairs()
  if (pairs) addSummary(pairs.line)
  const differed = settingsThatDiffered()
  if (differed) addSummary(differed)
  const lines = summaryLines(summaryFile)
  rmSync(folder, { recursive: true, force: true })

  if (totals.failures.length > 0) print(`\nfailed:\n  ${totals.failures.join('\n  ')}`)
  print('')
  for (const line of lines) print(line)
  print(storesLine(planned))
  print(browserLine(planned))
  const against = objections(planned, { ...totals, unseenPairs: pairs?.unseen ?? 0, lines })
  for (const line of against) print(paint('red', line))
  const seconds = (performance.now() - began) / 1000
  const limit = WHOLE_RUN_LIMIT_SECONDS[planned.mongodb ? 'withMongodb' : 'alone']
  const late = planned.size === 'normal' && seconds > limit ? `, LONGER THAN ${limit} SECONDS` : ''
  print(`size ${planned.size}, ${planned.files.length} files, ${seconds.toFixed(0)} s${late}`)
  print(`${totals.passed} passed, ${totals.failed + against.length} failed`)
  process.exitCode = totals.failed + against.length > 0 ? 1 : 0
}

await main()
