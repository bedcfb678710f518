/**
 * The deletion ledger as a file beside the data, so that it can be kept where they are not: a line of JSON
 * for each deletion. The database is the truth; the file follows it, and knows what a lost one knew.
 */
import { existsSync, rmSync } from 'node:fs'
import { open, rename, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DomainError } from '../domain/errors.ts'
import { backup as limits, lifetimes } from '../domain/limits.ts'
import type { Deletion } from '../domain/ports/moving.ts'
import type { Clock, Log } from '../domain/ports/runtime.ts'
import type { Store } from '../domain/ports/store.ts'

const OWNER_ONLY = 0o600
const BEGINNING = '{"hash":"'
const LINE = /^\{"hash":"([0-9a-f]{64})","at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"\}$/

/** The ledger file of a data folder. */
export function ledgerFileIn(dataDir: string): string {
  return join(dataDir, 'deletions.ndjson')
}

export interface LedgerFile {
  /** The same store; a deletion that it answers is in the file, or the log says why not. */
  readonly store: Store
  /**
   * Adds to the database what only the file has, then writes the file anew from the database. `isOlder`:
   * there was something, so that the data are of an older time than the file; so until `replayed` is called.
   */
  settle(): Promise<{ readonly isOlder: boolean }>
  /** Whoever the ledger names has been deleted again. */
  replayed(): Promise<void>
}

/** Keeps the file of a store. Nothing is read or written before a deletion or `settle`. */
export function keepLedgerFile(
  { store, path }: { readonly store: Store; readonly path: string },
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): LedgerFile {
  let waiting: Deletion[] = []
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <Done>(work: () => Promise<Done>): Promise<Done> => {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }
  const append = async (): Promise<void> => {
    const deletions = waiting
    waiting = []
    if (deletions.length === 0) return
    try {
      await appendTo(path, deletions)
    } catch (cause) {
      // The next one takes them along; beyond that the database has them, and writes them with `settle`.
      waiting = [...deletions, ...waiting].slice(0, limits.ledgerPerStep)
      log.error({ event: 'deletion_ledger_behind' }, 'a deletion is not in deletions.ndjson yet', cause)
    }
  }
  return {
    store: {
      ...store,
      deleteUser: async (deletion, trail) => {
        const outcome = await store.deleteUser(deletion, trail)
        if (outcome.kind !== 'deleted') return outcome
        waiting.push({ hash: deletion.idHash, at: deletion.now })
        await inTurn(append)
        return outcome
      },
    },
    settle: () =>
      inTurn(async () => {
        await takeOver({ store, path }, clock)
        await rewrite({ store, path })
        waiting = []
        return { isOlder: existsSync(olderMark(path)) }
      }),
    replayed: async () => rmSync(olderMark(path), { force: true }),
  }
}

/**
 * Reads a ledger file, a stretch at a time. A line that was cut off by a crash is passed over: its deletion
 * is in the database. Throws `start_refused` for a file that can't be read, or that is no such file.
 */
export async function* readLedgerFile(path: string): AsyncGenerator<readonly Deletion[]> {
  let batch: Deletion[] = []
  let number = 0
  for await (const line of linesOf(path)) {
    number += 1
    const [, hash, at] = LINE.exec(line) ?? []
    if (hash !== undefined && at !== undefined) {
      batch.push({ hash: Uint8Array.fromHex(hash), at: Date.parse(at) })
    } else if (line !== '' && !BEGINNING.startsWith(line.slice(0, BEGINNING.length))) {
      throw refused(`Line ${number} of ${path} is none of a deletion ledger: name the right file`)
    }
    if (batch.length < limits.ledgerPerStep) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

async function* linesOf(path: string): AsyncGenerator<string> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    throw refused(`The deletion ledger ${path} cannot be read (${codeOf(cause)}): correct its path or rights`)
  }
  try {
    let rest = ''
    for await (const chunk of file.createReadStream({ encoding: 'latin1', autoClose: false })) {
      const lines = `${rest}${String(chunk)}`.split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > limits.ledgerLineMaxBytes) throw refused(`${path} is no deletion ledger`)
      yield* lines
    }
    if (rest !== '') yield rest
  } finally {
    await file.close()
  }
}

/** Beside the file, from before the database learns what it did not know until the replay is over. */
function olderMark(path: string): string {
  return `${path}.to-replay`
}

/** Adds what the database has not, if it is still to be known. */
async function takeOver(
  { store, path }: { readonly store: Store; readonly path: string },
  clock: Clock,
): Promise<void> {
  if (!existsSync(path)) return
  const since = clock.now() - lifetimes.deletionLedgerMs
  for await (const batch of readLedgerFile(path)) {
    const known = new Set(
      (await store.findDeletions(batch.map(({ hash }) => hash))).map((hash) => hash.toHex()),
    )
    const unknown = batch.filter(({ hash, at }) => at > since && !known.has(hash.toHex()))
    if (unknown.length === 0) continue
    await appendText(olderMark(path), '')
    await store.putDeletions(unknown)
  }
}

/** The whole file from the database, so that it has everything and nothing that is to be forgotten. */
async function rewrite({ store, path }: { readonly store: Store; readonly path: string }): Promise<void> {
  const next = `${path}.new`
  rmSync(next, { force: true })
  const file = await open(next, 'wx', OWNER_ONLY)
  try {
    const limit = limits.ledgerPerStep
    let some = await store.listDeletions({ after: null, limit })
    while (some.length > 0) {
      await file.appendFile(linesFor(some))
      some = await store.listDeletions({ after: some.at(-1)?.hash ?? null, limit })
    }
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
  await syncFolder(dirname(path))
}

function appendTo(path: string, deletions: readonly Deletion[]): Promise<void> {
  return appendText(path, linesFor(deletions))
}

/** Durably, and never behind half a line. */
async function appendText(path: string, text: string): Promise<void> {
  const fresh = !existsSync(path)
  const file = await open(path, 'a+', OWNER_ONLY)
  try {
    const { size } = await file.stat()
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1))
    const isCutOff = size > 0 && buffer.toString() !== '\n'
    await file.appendFile(`${isCutOff ? '\n' : ''}${text}`)
    await file.sync()
  } finally {
    await file.close()
  }
  if (fresh) await syncFolder(dirname(path))
}

function linesFor(deletions: readonly Deletion[]): string {
  return deletions
    .map(({ hash, at }) => `{"hash":"${hash.toHex()}","at":"${new Date(at).toISOString()}"}\n`)
    .join('')
}

/** Makes names in a folder durable; Windows can't open folders. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
}

function refused(sentence: string): DomainError {
  return new DomainError('start_refused', { detail: `${sentence}.` })
}
