/** Rows to the store and what becomes of them to the operator, in steps of which several are under way. */
import { moving } from '../domain/limits.ts'
import type { JsonObject } from '../domain/ports/runtime.ts'
import type { ImportRow } from '../import/reader.ts'
import type { ImportState, StateFile } from './import-state.ts'
import type { PrivateFile } from './private-file.ts'
import type { Progress } from './progress.ts'
import { rowOf, rowsOf, type Ask } from './with-control.ts'

/** What a run writes to besides the store. */
export interface Sinks {
  readonly state: StateFile
  readonly rejects: PrivateFile | null
  readonly idMap: PrivateFile | null
  readonly progress: Progress
  /** A rejected row in a sentence, where no file takes it. */
  readonly onRejected: (line: string) => void
}

/** How a step is put to the store. */
export type Send = (records: readonly JsonObject[]) => Promise<readonly Verdict[]>

/** The wire form of `ImportVerdict`. */
export interface Verdict {
  readonly kind: string
  readonly id: string
  readonly hashLeftOut: boolean
  readonly errors: readonly { readonly code: string; readonly message: string }[]
}

/** Sends steps of the rows, and deals with the verdicts in the order of the rows. */
export async function runImport(
  rows: AsyncIterable<ImportRow>,
  send: Send,
  sinks: Sinks,
): Promise<ImportState> {
  const tally = createTally(sinks)
  const underWay: { readonly step: readonly ImportRow[]; readonly verdicts: Promise<readonly Verdict[]> }[] =
    []
  const settleFirst = async () => {
    const first = underWay.shift()
    if (first) tally.settle(first.step, await first.verdicts)
  }
  for await (const step of stepsOf(rows, sinks.state.begin.rows)) {
    const verdicts = send(step.flatMap((row) => ('record' in row ? [row.record] : [])))
    // The first that fails ends the run; the others are not to end the process before it.
    verdicts.catch(() => undefined)
    underWay.push({ step, verdicts })
    if (underWay.length >= moving.stepsAtOnce) await settleFirst()
  }
  while (underWay.length > 0) await settleFirst()
  return tally.state()
}

/** Puts steps to the route, with the default time of creation. */
export function sendTo(
  ask: Ask,
  how: { readonly createdAt: number; readonly withoutUnknownHashes: boolean; readonly dryRun: boolean },
): Send {
  const { createdAt: created_at, withoutUnknownHashes: without_unknown_hashes, dryRun: dry_run } = how
  return async (records) => {
    if (records.length === 0) return []
    const body = { records, created_at, without_unknown_hashes, dry_run }
    const { verdicts } = rowOf(await ask('POST', '/control/users/import', body))
    return Array.isArray(verdicts) ? verdicts.map(verdictOf) : []
  }
}

function verdictOf(json: unknown): Verdict {
  const { kind, id, hash_left_out: hashLeftOut, errors } = rowOf(json)
  return {
    kind: String(kind),
    id: String(id),
    hashLeftOut: hashLeftOut === true,
    errors: rowsOf(errors).map(({ code, message }) => ({ code: String(code), message: String(message) })),
  }
}

/** A step ends with so many rows, or bytes of them. Those at the beginning have been dealt with before. */
async function* stepsOf(rows: AsyncIterable<ImportRow>, done: number): AsyncGenerator<readonly ImportRow[]> {
  let step: ImportRow[] = []
  let bytes = 0
  let passed = 0
  for await (const row of rows) {
    passed += 1
    if (passed <= done) continue
    const size = sizeOf(row)
    step.push(size > moving.recordMaxBytes ? tooLong(row, size) : row)
    bytes += Math.min(size, moving.recordMaxBytes)
    if (step.length < moving.rowsPerStep && bytes < moving.stepMaxBytes) continue
    yield step
    step = []
    bytes = 0
  }
  if (step.length > 0) yield step
}

/** Characters of JSON, or somewhat more as long as it is not too long. */
function sizeOf(row: ImportRow): number {
  if (!('record' in row)) return 0
  const { record, size } = row
  return size !== undefined && size <= moving.recordMaxBytes ? size : JSON.stringify(record).length
}

function tooLong({ file, line }: ImportRow, size: number): ImportRow {
  return {
    file,
    line,
    reason: `The record has ${size} characters; at most ${moving.recordMaxBytes} are taken.`,
  }
}

function createTally(sinks: Sinks) {
  const { state, rejects, idMap, progress } = sinks
  const { counts } = state.begin
  let done = state.begin.rows
  let savedAt = Number.NEGATIVE_INFINITY
  const present = (): ImportState => ({
    rows: done,
    counts,
    rejectsBytes: rejects?.size() ?? 0,
    idMapBytes: idMap?.size() ?? 0,
  })
  const count = (names: Record<string, number>, name: string) => {
    const known = Object.hasOwn(names, name) || Object.keys(names).length < moving.leftBehindNames
    const counted = known ? name : 'others'
    names[counted] = (names[counted] ?? 0) + 1
  }
  const refuse = (row: ImportRow, errors: Verdict['errors']) => {
    counts.rejected += 1
    const code = errors[0]?.code ?? ''
    count(counts.rejectedBy, code)
    const reason = errors.map(({ message }) => message).join(' ')
    sinks.onRejected(`${row.file}:${row.line} ${code}: ${reason}`)
    const { file, line } = row
    return `${JSON.stringify({ file, line, code, reason, ...('record' in row && { record: row.record }) })}\n`
  }
  const accept = (verdict: Verdict, row: Extract<ImportRow, { record: JsonObject }>) => {
    if (verdict.kind === 'imported') counts.imported += 1
    else counts.repeated += 1
    if (verdict.kind === 'imported' && verdict.hashLeftOut) counts.withoutPassword += 1
    for (const name of row.leftBehind) count(counts.leftBehind, name)
    const source = idMap ? row.record['id'] : null
    return source === undefined || source === null ? '' : `${JSON.stringify({ source, id: verdict.id })}\n`
  }
  return {
    state: present,
    settle(step: readonly ImportRow[], verdicts: readonly Verdict[]) {
      let [refused, mapped, next] = ['', '', 0]
      for (const row of step) {
        if (!('record' in row)) {
          refused += refuse(row, [{ code: 'unreadable', message: row.reason }])
          continue
        }
        const verdict = verdicts[next]
        next += 1
        if (!verdict) throw new Error('The server gave too few verdicts.')
        if (verdict.kind === 'rejected') refused += refuse(row, verdict.errors)
        else mapped += accept(verdict, row)
      }
      if (refused !== '') rejects?.write(refused)
      if (mapped !== '') idMap?.write(mapped)
      done += step.length
      progress.reached(done)
      if (performance.now() - savedAt < moving.stateEveryMs) return
      savedAt = performance.now()
      state.save(present())
    },
  }
}
