/**
 * Backups of the embedded database: what one is worth, and how one comes back. The new database is made
 * beside the present one, brought in line with the deletion ledger, and takes its place as the last step:
 * whatever cuts a restoration off, the same command finishes it. Part of the composition root.
 */
import { randomUUIDv7 } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from './config.ts'
import { answers, controlPath } from './control-listener.ts'
import { loadMasterKey } from './crypto/master-key.ts'
import { secretsOf } from './crypto/secrets.ts'
import { endRestoration, replayAllDeletions, type ReplayDeps } from './domain/deletion-ledger.ts'
import { DomainError } from './domain/errors.ts'
import { lifetimes } from './domain/limits.ts'
import { operator } from './domain/policy.ts'
import type { Clock, Log, Ms } from './domain/ports/runtime.ts'
import type { Store } from './domain/ports/store.ts'
import { keepLedgerFile, ledgerFileIn, readLedgerFile, type LedgerFile } from './store/ledger-file.ts'
import { createPrivateFolder, locateFile } from './store/sqlite/data-file.ts'
import { inspectBackup } from './store/sqlite/inspect-backup.ts'
import { takeOwnerLock, type OwnerLock } from './store/sqlite/owner-lock.ts'
import {
  copyBackup,
  putInPlace,
  readPresentLedger,
  removeDatabase,
  restoringPath,
} from './store/sqlite/restoration.ts'
import { openSqliteStore } from './store/sqlite/sqlite-store.ts'

/** What a backup is worth: all that is wrong with it, or what it holds. */
export type BackupReport =
  | { readonly kind: 'unsound'; readonly problems: readonly string[] }
  | {
      readonly kind: 'sound'
      readonly at: Ms
      readonly users: number
      /** Whether the key file of these settings is there; where it is, it opens the signing keys. */
      readonly keyFile: 'opens' | 'absent'
    }

export interface RestoreOptions {
  readonly backup: string
  /** Ledger files from elsewhere. */
  readonly ledgers: readonly string[]
  readonly clock: Clock
  readonly log: Log
  /** Told what begins now. */
  readonly onStep: (step: string) => void
}

export interface Restored {
  readonly at: Ms
  readonly deletedAgain: number
  readonly hasAdmin: boolean
  /** The name of what was there before. */
  readonly kept: string | null
  readonly warnings: readonly string[]
}

/** Where the master key of these settings lies; a backup is worth nothing without it. */
export function keyFileOf(config: Config): string {
  return config.masterKeyFile ?? join(resolve(config.dataDir), 'master.key')
}

/** Checks a backup, first byte to last. Throws `start_refused` for a key file that can't be read. */
export function checkBackup(backup: string, config: Config, now: Ms): BackupReport {
  const found = inspectBackup(backup)
  if (found.kind === 'unsound') return found
  const { at, users, keys } = found
  if (now - at > lifetimes.deletionLedgerMs) return unsound(tooOld(at))
  const file = keyFileOf(config)
  if (!existsSync(file)) return { kind: 'sound', at, users, keyFile: 'absent' }
  const secrets = secretsOf(loadMasterKey({ file, create: false }))
  const shut = keys.find(({ kid, sealedPrivate }) => secrets.open('keys', kid, sealedPrivate) === null)
  if (shut) return unsound(`The master key file ${file} is not the one that it was made with.`)
  return { kind: 'sound', at, users, keyFile: 'opens' }
}

function unsound(problem: string): BackupReport {
  return { kind: 'unsound', problems: [problem] }
}

function tooOld(at: Ms): string {
  const days = Math.round(lifetimes.deletionLedgerMs / 86_400_000)
  return (
    `It is of ${new Date(at).toISOString()}, and the deletion ledger goes back ${days} days: nobody could ` +
    'tell any more who was deleted since.'
  )
}

/**
 * Brings a backup back, on a stopped instance. Throws `start_refused` or `store_incompatible` with a plain
 * sentence; nothing has been replaced then.
 */
export async function restore(config: Config, options: RestoreOptions): Promise<Restored> {
  const { backup, clock } = options
  const dataDir = resolve(config.dataDir)
  requireEmbedded(config)
  if (await answers(controlPath(dataDir)))
    throw refused('The server is running: stop it, then run this again.')
  const report = checkBackup(backup, config, clock.now())
  if (report.kind === 'unsound') throw refused(`${backup} is not restored. ${report.problems.join('\n')}`)
  if (report.keyFile === 'absent') {
    throw refused(
      `There is no master key file ${keyFileOf(config)}, without which a backup is worth nothing: ` +
        'put the one there that this backup was made with.',
    )
  }
  const file = locateFile(config.databaseUrl, dataDir)
  createPrivateFolder(file.path)
  const lock = await takeOwnerLock(file.lockPath)
  try {
    return await replace({ path: file.path, dataDir, at: report.at, lock }, config, options)
  } finally {
    lock.release()
  }
}

interface Place {
  readonly path: string
  readonly dataDir: string
  /** From when the backup is. */
  readonly at: Ms
  readonly lock: OwnerLock
}

async function replace(place: Place, config: Config, options: RestoreOptions): Promise<Restored> {
  const { path, dataDir, at, lock } = place
  const { clock, log, onStep } = options
  const fresh = restoringPath(path)
  onStep('Copying the backup')
  copyOrRefuse(options.backup, fresh)
  const store = await openSqliteStore({ url: `sqlite:${fresh}`, dataDir, clock, log, lock })
  let done: Omit<Restored, 'kept' | 'at'>
  try {
    const secrets = secretsOf(loadMasterKey({ file: keyFileOf(config), create: false }))
    const deps = { store, secrets, clock, ids: { next: () => randomUUIDv7() } }
    onStep('Reading the deletion ledgers')
    const ledgerFile = keepLedgerFile({ store, path: ledgerFileIn(dataDir) }, { clock, log })
    const warnings = await gatherLedgers(place, ledgerFile, options)
    done = { ...(await bringInLine(at, deps, onStep)), warnings }
    await ledgerFile.replayed()
  } finally {
    await store.close()
  }
  onStep('Putting the database in place')
  const kept = putInPlace(path, clock.now())
  return { ...done, at, kept }
}

function copyOrRefuse(backup: string, to: string): void {
  try {
    copyBackup(backup, to)
  } catch (cause) {
    removeDatabase(to)
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw refused(
      `The backup cannot be copied to ${to} (${code}): see to rights and free space there.`,
      cause,
    )
  }
}

/** Everything that is known of deletions goes into the new database, and from there into the ledger file. */
async function gatherLedgers(
  { path, dataDir, at }: Place,
  { store, settle }: LedgerFile,
  { ledgers }: RestoreOptions,
): Promise<readonly string[]> {
  const ownFile = ledgerFileIn(dataDir)
  const hadFile = existsSync(ownFile)
  const present = await readPresentLedger(path, (deletions) => store.putDeletions(deletions))
  for (const ledger of ledgers) {
    for await (const deletions of readLedgerFile(ledger)) await store.putDeletions(deletions)
  }
  await settle()
  if (present === 'read') return []
  const known = [...(hadFile ? [ownFile] : []), ...ledgers]
  const what = present === 'none' ? 'There was no database here' : 'The database that was here cannot be read'
  if (known.length > 0) return [`${what}: who was deleted since is known from ${known.join(' and ')} only.`]
  return [
    `${what}, and there was no deletion ledger: whoever was deleted after ${new Date(at).toISOString()} is ` +
      'there again. Run this again with --ledger if you have that file elsewhere.',
  ]
}

/** Deletes again who was deleted since, ends what is of an older time, and checks what came of it. */
async function bringInLine(
  at: Ms,
  deps: ReplayDeps,
  onStep: (step: string) => void,
): Promise<Pick<Restored, 'deletedAgain' | 'hasAdmin'>> {
  const caller = { requestId: `cli:${deps.ids.next()}`, userAgent: null }
  onStep('Deleting again who was deleted since')
  const deletedAgain = await replayAllDeletions(operator, caller, deps)
  onStep('Ending sessions and links')
  const detail = `backup of ${new Date(at).toISOString()}, ${deletedAgain} deleted again`
  const { hasAdmin } = await endRestoration({ actor: operator, detail }, caller, deps)
  onStep('Rewriting free space')
  await deps.store.scrub()
  onStep('Checking the data')
  await requireSound(deps.store)
  return { deletedAgain, hasAdmin }
}

async function requireSound(store: Store): Promise<void> {
  let cursor: string | null = null
  do {
    const step: Awaited<ReturnType<Store['verify']>> = await store.verify({ cursor })
    const [finding] = step.findings
    if (finding) throw refused(`The data in it are not as they should be: ${finding.kind} ${finding.id}.`)
    cursor = step.cursor
  } while (cursor !== null)
}

function requireEmbedded(config: Config): void {
  if (config.databaseUrl.startsWith('sqlite:')) return
  throw refused(
    'MongoDB is restored with its own mongorestore, and then with "user-management deletions replay": ' +
      'the guide docs/guide/back-up.md has the commands.',
  )
}

function refused(detail: string, cause?: unknown): DomainError {
  return new DomainError('start_refused', { detail, cause })
}
