/** From the settings to everything that the rules run on; part of the composition root (see `app.ts`). */
import { randomUUIDv7 } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from './config.ts'
import { createAccessTokens } from './crypto/access-tokens.ts'
import { openLateKeyring, type LateKeyring } from './crypto/late-keyring.ts'
import { loadMasterKey } from './crypto/master-key.ts'
import { openPasswordList } from './crypto/password-list.ts'
import { createPasswords, type PasswordExtras, type PasswordService } from './crypto/passwords.ts'
import { loadPeppers } from './crypto/pepper.ts'
import { createMasterKey } from './crypto/rotate-master-key.ts'
import { secretsOf } from './crypto/secrets.ts'
import { createSigningKeys } from './crypto/signing-keys.ts'
import type { Deps } from './domain/deps.ts'
import type { DomainError } from './domain/errors.ts'
import type { MasterKey } from './domain/ports/crypto.ts'
import type { Clock, Log } from './domain/ports/runtime.ts'
import { createProfileRules } from './http/profile-rules.ts'
import { createBreachedPasswords, noBreachedPasswords } from './net/breached-passwords.ts'
import type { Metrics } from './observe/metrics.ts'
import { keepLedgerFile, ledgerFileIn, type LedgerFile } from './store/ledger-file.ts'
import { openStore } from './store/open-store.ts'

export interface Assembled {
  readonly deps: Deps
  readonly dataDir: string
  readonly keyring: LateKeyring
  readonly masterKey: MasterKey
  readonly ledgerFile: LedgerFile
  /** Ends what has been started: the hash threads, then the store. */
  close(): Promise<void>
}

export interface AssemblyOptions {
  /** No slash at the end. */
  readonly publicUrl: string
  /** A store that was away at the start turns out to be one that this server can't use. */
  readonly onIncompatible?: ((error: DomainError) => void) | undefined
  readonly log: Log
  readonly clock: Clock
  /** Without it nothing is measured. */
  readonly metrics?: Metrics | null
}

/** Opens keys and store. Throws `start_refused` or `store_incompatible` with a plain sentence. */
export async function assemble(config: Config, options: AssemblyOptions): Promise<Assembled> {
  const { publicUrl, log, clock, onIncompatible, metrics } = options
  const rules = rulesOf(config, publicUrl)
  const dataDir = resolve(config.dataDir)
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = config.masterKeyFile ?? join(dataDir, 'master.key')
  const secrets = secretsOf(loadMasterKey({ file, create: config.masterKeyFile === null }))
  const extras = extrasOf(config)
  const opened = await openStore({ url: config.databaseUrl, dataDir, clock, log, onIncompatible })
  const ledgerFile = keepLedgerFile({ store: opened, path: ledgerFileIn(dataDir) }, { clock, log })
  const store = metrics ? metrics.timed(ledgerFile.store) : ledgerFile.store
  try {
    const ids = { next: () => randomUUIDv7() }
    const algorithm = config.signingAlgorithm
    const keys = { store, secrets, clock, ids, log, algorithm }
    const keyring = await openLateKeyring(keys, (error) => onIncompatible?.(error))
    const audience = config.audience ?? publicUrl
    const accessTokens = createAccessTokens({ keyring, clock, issuer: publicUrl, audience })
    const signingKeys = createSigningKeys(keys, keyring)
    const masterKey = createMasterKey({ ...keys, file, alone: config.databaseUrl.startsWith('sqlite:') })
    const passwords = createPasswords({ log, onStarted: metrics?.onHashStarted, extras })
    metrics?.read({ store: opened, passwords, clock })
    const { rates, passwordRangeUrl: url } = config
    const breached = url === null ? noBreachedPasswords : createBreachedPasswords({ url, log })
    const own = { clock, ids, log, rules, rates }
    const deps = { store, passwords, breached, accessTokens, signingKeys, secrets, ...own }
    return { deps, dataDir, keyring, masterKey, ledgerFile, close: () => close(keyring, passwords, store) }
  } catch (error) {
    await store.close()
    throw error
  }
}

function rulesOf(config: Config, publicUrl: string): Deps['rules'] {
  const { registration, disclosure, requireVerifiedEmail, passwordPolicy, roles, profileSchema } = config
  const profile = createProfileRules(profileSchema)
  return { publicUrl, registration, disclosure, requireVerifiedEmail, passwordPolicy, roles, profile }
}

function extrasOf({ passwordListFile, passwordPepperFile }: Config): PasswordExtras {
  const peppers = passwordPepperFile === null ? [] : loadPeppers(passwordPepperFile)
  return { peppers, list: passwordListFile === null ? null : openPasswordList(passwordListFile) }
}

async function close(keyring: LateKeyring, passwords: PasswordService, store: Deps['store']): Promise<void> {
  keyring.stop()
  await passwords.close()
  await store.close()
}
