/** Both stores of a copy, and the key that has to open what they hold; part of the composition root. */
import { hash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { systemClock } from './app.ts'
import type { Config } from './config.ts'
import { loadMasterKey } from './crypto/master-key.ts'
import { secretsOf } from './crypto/secrets.ts'
import { openSigningKey } from './crypto/signing-key.ts'
import { copyStore, type CopyDeps, type CopyOutcome } from './domain/copy-store.ts'
import { DomainError } from './domain/errors.ts'
import type { Store } from './domain/ports/store.ts'
import { createLog } from './observe/log.ts'
import { openStore } from './store/open-store.ts'

export interface CopyRequest {
  readonly from: string
  readonly to: string
  readonly reached: CopyDeps['reached']
}

/**
 * Copies an installation from the store of one URL to that of another. Throws `start_refused` and
 * `store_incompatible` for what can't be copied, `store_unavailable` where one of them is away; nothing is
 * written then.
 */
export async function copyBetween(config: Config, { from, to, reached }: CopyRequest): Promise<CopyOutcome> {
  const dataDir = resolve(config.dataDir)
  const file = config.masterKeyFile ?? join(dataDir, 'master.key')
  const secrets = secretsOf(loadMasterKey({ file, create: false }))
  const sourceName = nameOf(from, dataDir)
  requireTwo(sourceName, nameOf(to, dataDir))
  const source = await opened('from', () =>
    openStore({ ...surroundings(dataDir), url: from, use: 'copy-from' }),
  )
  try {
    const { keys } = await source.loadKeys()
    await Promise.all(keys.map((key) => openSigningKey(key, secrets)))
    if (await source.isEmpty()) throw refused('There is nothing in the store of --from.')
    const target = await opened('to', () => openStore({ ...surroundings(dataDir), url: to, use: 'copy-to' }))
    try {
      const stores = { source, target, sourceName: sha256(sourceName) }
      return await copyStore(stores, { clock: systemClock, sha256, reached })
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

function surroundings(dataDir: string) {
  return { dataDir, clock: systemClock, log: createLog('error') }
}

/** Opens one side and sees to it that it takes writes. What is wrong is said with the option in front. */
async function opened(side: 'from' | 'to', open: () => Promise<Store>): Promise<Store> {
  try {
    const store = await open()
    const { writable, detail } = await store.health()
    if (writable) return store
    await store.close()
    throw new DomainError('store_unavailable', { detail })
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    throw new DomainError(error.code, { detail: `--${side}: ${error.message}`, cause: error })
  }
}

/**
 * Names a store without what is secret in its URL: a file by its whole path, a database by its servers and
 * its name.
 */
function nameOf(url: string, dataDir: string): string {
  const mongodb = /^mongodb(?:\+srv)?:\/\/(?:[^/]*@)?([^/?]+)\/?([^?]*)/.exec(url)
  if (mongodb) {
    const hosts = (mongodb[1] ?? '').toLowerCase().split(',').toSorted()
    return `mongodb://${hosts.join(',')}/${mongodb[2] ?? ''}`
  }
  const path = resolve(dataDir, url.replace(/^sqlite:(?:\/\/(?=\/))?/, ''))
  const folder = existsSync(dirname(path)) ? realpathSync(dirname(path)) : dirname(path)
  return `sqlite:${join(folder, basename(path))}`
}

/** One process at a time owns a folder with a file of ours, and so it would lock itself out. */
function requireTwo(from: string, to: string): void {
  if (from === to) throw refused('--from and --to name the same store.')
  if (!from.startsWith('sqlite:') || !to.startsWith('sqlite:') || dirname(from) !== dirname(to)) return
  throw refused('--from and --to are files of one folder: give the new one a folder of its own.')
}

function refused(detail: string): DomainError {
  return new DomainError('start_refused', { detail })
}

function sha256(text: string): Uint8Array {
  return hash('sha256', text, 'buffer')
}
