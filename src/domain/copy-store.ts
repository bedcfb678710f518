/**
 * Carries a whole installation from one store to another. It may be cut off anywhere: the target bears a mark
 * until both have been found equal, no server opens it, and the next call goes on at the last place that was
 * kept. What is written twice is the same.
 */
import { copying as limits } from './limits.ts'
import { recordKinds, type CopyingStore, type RecordKind, type RecordPage } from './ports/copying.ts'
import type { Hash } from './ports/records.ts'
import type { Clock } from './ports/runtime.ts'
import { purgedAt } from './record-forms.ts'
import { createRecordSum, type RecordSum, type Sha256 } from './record-sum.ts'

export interface Stores {
  readonly source: CopyingStore
  readonly target: CopyingStore
  /** Names the source, so that another one is not mixed with it. */
  readonly sourceName: Hash
}

export interface CopyDeps {
  readonly clock: Clock
  readonly sha256: Sha256
  /** So many records are done, of about so many; first all are copied, then those of both are checked. */
  reached(phase: 'copy' | 'check', done: number, total: number): void
}

export type CopyOutcome =
  | { readonly kind: 'copied'; readonly records: number; readonly sha256: string }
  | { readonly kind: 'different'; readonly kinds: readonly Difference[] }
  | { readonly kind: 'other_source' | 'not_empty' }

/** A kind of which source and target hold not the same. */
export interface Difference {
  readonly kind: RecordKind
  readonly source: number
  readonly target: number
}

/**
 * Copies, checks, and takes the mark away where all is equal. The source of an earlier attempt may have
 * changed since: where both are found different then, all is copied once more.
 */
export async function copyStore(stores: Stores, deps: CopyDeps): Promise<CopyOutcome> {
  const { source, target, sourceName } = stores
  const begun = await target.beginCopy({ source: sourceName })
  if (!('place' in begun)) return begun
  for (let from = begun.place; ; from = null) {
    await copyRecords(stores, from, deps)
    const [here, there] = await sumBoth([source, target], deps)
    const kinds = differences(here, there)
    if (kinds.length === 0) {
      await target.endCopy()
      return copied(here, deps.sha256)
    }
    if (from === null) return { kind: 'different', kinds }
  }
}

function copied(sums: Sums, sha256: Sha256): CopyOutcome {
  const totals = sums.map(({ kind, total }) => ({ kind, ...total() }))
  const lines = totals.map(({ kind, count, sum }) => `${kind} ${count} ${sum}\n`).join('')
  return {
    kind: 'copied',
    records: totals.reduce((all, { count }) => all + count, 0),
    sha256: hexOf(sha256(lines)),
  }
}

/** A page of records, and where the walk goes on behind it. */
interface Step extends Pick<RecordPage, 'records'> {
  readonly kind: RecordKind
  readonly place: string
}

async function copyRecords({ source, target }: Stores, from: string | null, deps: CopyDeps): Promise<void> {
  const total = (await source.countRecords()) - (from === null ? 0 : await target.countRecords())
  let done = 0
  const steps = walk(source, from)
  let coming = steps.next()
  for (let step = await coming; !step.done; step = await coming) {
    // Read while the one before is written. Where the write fails, nobody waits for it any more.
    coming = steps.next()
    coming.catch(() => undefined)
    await target.writeRecords(step.value)
    done += step.value.records.length
    deps.reached('copy', done, Math.max(total, done))
  }
}

/** Every record from a place on, kind after kind, page after page. */
async function* walk(store: CopyingStore, from: string | null): AsyncGenerator<Step, void> {
  let place = placeAt(from)
  while (place) {
    const { kind, after } = place
    const page = await store.readRecords({ kind, after, limit: limits.recordsPerPage })
    place = page.next === null ? following(kind) : { kind, after: page.next }
    yield { kind, records: page.records, place: place ? placeText(place) : END }
  }
}

interface Place {
  readonly kind: RecordKind
  readonly after: string | null
}

/** Behind the last record. */
const END = 'end'

function placeText({ kind, after }: Place): string {
  return after === null ? kind : `${kind} ${after}`
}

function placeAt(text: string | null): Place | null {
  const [first] = recordKinds
  if (text === null) return { kind: first, after: null }
  const [name, after] = text.split(/ (.*)/s)
  const kind = recordKinds.find((each) => each === name)
  return kind ? { kind, after: after ?? null } : null
}

function following(kind: RecordKind): Place | null {
  const next = recordKinds[recordKinds.indexOf(kind) + 1]
  return next === undefined ? null : { kind: next, after: null }
}

type Sums = readonly RecordSum[]

/**
 * The sums of both, of what neither engine may have erased by itself meanwhile. Where that took longer than
 * was thought, once more.
 */
async function sumBoth(stores: readonly [CopyingStore, CopyingStore], deps: CopyDeps): Promise<[Sums, Sums]> {
  const total = (await stores[0].countRecords()) * 2
  for (let marginMs = limits.checkMarginMs; ; marginMs *= 2) {
    const horizon = deps.clock.now() + marginMs
    let done = 0
    const count = (records: number): void => {
      done += records
      deps.reached('check', done, Math.max(total, done))
    }
    const [source, target] = stores
    const sums = await Promise.all([
      sumsOf(source, { horizon, count, sha256: deps.sha256 }),
      sumsOf(target, { horizon, count, sha256: deps.sha256 }),
    ])
    if (deps.clock.now() < horizon) return sums
  }
}

async function sumsOf(
  store: CopyingStore,
  { horizon, count, sha256 }: { horizon: number; count: (records: number) => void; sha256: Sha256 },
): Promise<Sums> {
  const sums = new Map(recordKinds.map((kind) => [kind, createRecordSum(kind, sha256)]))
  for await (const { kind, records } of walk(store, null)) {
    for (const record of records) {
      if ((purgedAt(kind, record) ?? Infinity) > horizon) sums.get(kind)?.add(record)
    }
    count(records.length)
  }
  return [...sums.values()]
}

function differences(source: Sums, target: Sums): readonly Difference[] {
  return source.flatMap(({ kind, total }, at) => {
    const [here, there] = [total(), target[at]?.total()]
    if (here.count === there?.count && here.sum === there.sum) return []
    return [{ kind, source: here.count, target: there?.count ?? 0 }]
  })
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
