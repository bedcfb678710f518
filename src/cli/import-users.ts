import { existsSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { loadConfig, type Config } from '../config.ts'
import { moving } from '../domain/limits.ts'
import type { JsonObject } from '../domain/ports/runtime.ts'
import type { ImportReader, ReaderOptions } from '../import/reader.ts'
import { environmentWith } from './environment.ts'
import { commandError } from './exit-codes.ts'
import { runImport, sendTo, type Send, type Sinks, type Verdict } from './import-run.ts'
import { noState, openState, type ImportState } from './import-state.ts'
import { isOn, valueOf, valuesOf, type Invocation } from './invocation.ts'
import { openPrivateFile, type PrivateFile } from './private-file.ts'
import { createProgress } from './progress.ts'
import { openAsk, withControl } from './with-control.ts'

const STANDARD_INPUT = '-'

/** Takes users in from files, step by step, and says what became of each. */
export async function importUsers(invocation: Invocation): Promise<void> {
  const { args: files, output } = invocation
  const config = loadConfig(environmentWith(invocation.options.envFile))
  const reader = await readerFor(invocation)
  refuseMissing(files)
  const dryRun = isOn(invocation, 'dryRun')
  const createdAt = Math.floor(Math.max(0, ...files.map(changedAt)))
  const how = { createdAt, withoutUnknownHashes: isOn(invocation, 'withoutUnknownHashes'), dryRun }
  const state = stateFor(invocation, { config, reader })
  const { begin } = state
  const rejects = openBeside(invocation, 'rejects', begin.rejectsBytes)
  const idMap = openBeside(invocation, 'idMap', begin.idMapBytes)
  const progress = createProgress({ of: 'users', total: await totalOf(reader, files), before: begin.rows })
  let shown = 0
  const onRejected = (line: string) => {
    shown += 1
    if (!rejects && shown <= moving.rejectsShown) output.say(`rejected ${line}`)
  }
  const sinks: Sinks = { state, rejects, idMap, progress, onRejected }
  const rows = reader.read(files, readerOptions(invocation, createdAt))
  const end = await withControl(
    invocation,
    async (ask) => {
      const send = sendTo(ask, how)
      return dryRun
        ? rehearse(send, config, (both) => runImport(rows, both, sinks))
        : runImport(rows, send, sinks)
    },
    { mayCreate: true },
  ).finally(() => {
    progress.end()
    rejects?.close()
    idMap?.close()
  })
  state.remove()
  report(invocation, end)
}

function report({ output, options }: Invocation, { counts }: ImportState): void {
  const { imported, repeated, rejected, withoutPassword, rejectedBy, leftBehind } = counts
  output.record({
    imported,
    repeated,
    rejected,
    without_password: withoutPassword,
    rejected_by: rejectedBy,
    left_behind: leftBehind,
  })
  if (options['dryRun'] === true) output.say('This was a trial: nothing was written.')
  if (rejected === 0) return
  const where =
    options['rejects'] === undefined ? 'add --rejects <file> to keep them' : 'see the file of --rejects'
  throw commandError(
    imported + repeated > 0 ? 'partly' : 'failed',
    `${rejected} rows were rejected; ${where}.`,
  )
}

/** By its name, else by the ending of the files. */
async function readerFor(invocation: Invocation): Promise<ImportReader> {
  const { args: files } = invocation
  const endings = new Set(
    files.map((file) => extname(file).slice(1).toLowerCase().replace('jsonl', 'ndjson')),
  )
  const name = valueOf(invocation, 'from') ?? (endings.size === 1 ? [...endings][0] : undefined)
  const { readers } = await import('../import/readers.ts')
  const reader = readers.find((each) => each.name === name)
  if (!reader)
    throw commandError('usage', `error: add --from: the format of ${files.join(', ')} does not show.`)
  if (files.includes(STANDARD_INPUT) && !isByLine(reader))
    throw commandError('usage', `error: ${reader.name} is read from files, not from standard input.`)
  return reader
}

function isByLine({ name }: ImportReader): boolean {
  return name === 'ndjson' || name === 'csv'
}

function refuseMissing(files: readonly string[]): void {
  for (const file of files) {
    if (file !== STANDARD_INPUT && !statSync(file, { throwIfNoEntry: false })?.isFile())
      throw commandError('failed', `There is no file ${file}.`)
  }
}

/** The same in every run, so that users without a time of creation get the same ids. */
function changedAt(file: string): number {
  return file === STANDARD_INPUT ? performance.timeOrigin : statSync(file).mtimeMs
}

async function totalOf(reader: ImportReader, files: readonly string[]): Promise<number | null> {
  if (!isByLine(reader) || files.includes(STANDARD_INPUT)) return null
  const { countLines } = await import('../import/count-lines.ts')
  return countLines(files)
}

function stateFor(
  invocation: Invocation,
  { config, reader }: { readonly config: Config; readonly reader: ImportReader },
) {
  const { args: files } = invocation
  const resume = isOn(invocation, 'resume')
  const kept = !isOn(invocation, 'dryRun') && !files.includes(STANDARD_INPUT)
  if (resume && !kept)
    throw commandError('usage', 'error: --resume is for files; standard input is read anew.')
  return kept ? openState(files, { resume, format: reader.name, config }) : noState()
}

/** A file to write beside; never one that is read. */
function openBeside(invocation: Invocation, option: 'rejects' | 'idMap', from: number): PrivateFile | null {
  const path = valueOf(invocation, option)
  if (path === null) return null
  const read = invocation.args.filter((file) => file !== STANDARD_INPUT).map((file) => realpathSync(file))
  if (existsSync(path) && read.includes(realpathSync(path)))
    throw commandError('usage', `error: ${path} is read by this very command; write to another file.`)
  return openPrivateFile(path, from)
}

function readerOptions(invocation: Invocation, now: number): ReaderOptions {
  const fields = pairsOf(invocation, 'profileField').map(([name, path]) => [path, name])
  return {
    profileFields: Object.fromEntries(fields),
    roles: Object.fromEntries(pairsOf(invocation, 'role')),
    table: valueOf(invocation, 'table'),
    now,
  }
}

/** `name=value` */
function pairsOf(invocation: Invocation, option: string): readonly (readonly [string, string])[] {
  return valuesOf(invocation, option).map((text) => {
    const [name = '', ...rest] = text.split('=')
    const value = rest.join('=')
    if (name === '' || value === '')
      throw commandError('usage', `error: ${text} is not of the form name=value.`)
    return [name, value] as const
  })
}

/**
 * Has an empty store of its own, for the time of a trial, take what the real one would take: so users of the
 * files meet each other too, however many there are. It gets no password hash and no profile.
 */
async function rehearse(
  send: Send,
  config: Config,
  run: (both: Send) => Promise<ImportState>,
): Promise<ImportState> {
  const dataDir = mkdtempSync(join(tmpdir(), 'um-import-trial-'))
  try {
    const trial = { ...config, dataDir, databaseUrl: 'sqlite:users.db', masterKeyFile: null }
    const { ask, close } = await openAsk(trial, { mayCreate: true })
    const sendToTrial = sendTo(ask, { createdAt: 0, withoutUnknownHashes: true, dryRun: false })
    let last: Promise<unknown> = Promise.resolve()
    const both: Send = async (records) => {
      const before = last
      const verdicts = send(records)
      const second = Promise.all([verdicts, before]).then(([first]) => inTrial(records, first, sendToTrial))
      last = second.catch(() => undefined)
      return second
    }
    try {
      return await run(both)
    } finally {
      await close()
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function inTrial(
  records: readonly JsonObject[],
  verdicts: readonly Verdict[],
  send: Send,
): Promise<readonly Verdict[]> {
  const taken = verdicts.flatMap(({ kind, id }, place) => (kind === 'imported' ? [{ place, id }] : []))
  const again = await send(
    taken.map(({ place, id }) => ({
      id,
      username: records[place]?.['username'] ?? null,
      email: records[place]?.['email'] ?? null,
    })),
  )
  const second = new Map(taken.map(({ place }, index) => [place, again[index]]))
  return verdicts.map((verdict, place) => {
    const met = second.get(place)
    return met ? { ...met, hashLeftOut: verdict.hashLeftOut } : verdict
  })
}
