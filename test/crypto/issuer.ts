/** An issuer of access tokens on a keyring in memory, with a clock that the test moves. */
import { sign, type KeyObject } from 'node:crypto'

import { createAccessTokens } from '../../src/crypto/access-tokens.ts'
import { type Keyring, type KeyringOptions, openKeyring } from '../../src/crypto/keyring.ts'
import { createSecrets } from '../../src/crypto/secrets.ts'
import type { SigningAlgorithm } from '../../src/crypto/signing-key.ts'
import { DomainError } from '../../src/domain/errors.ts'
import type { AccessTokens, NewAccessToken } from '../../src/domain/ports/crypto.ts'
import type { Log } from '../../src/domain/ports/runtime.ts'
import type { AuditEvent, StoredKey } from '../../src/domain/ports/records.ts'

export const ISSUER = 'https://users.example.com'
export const AUDIENCE = 'https://api.example.com'
export const START_MS = Date.UTC(2026, 10, 24, 12)

export const grant: NewAccessToken = {
  userId: '019a0b0c-1111-7222-8333-444455556666',
  sessionId: '019a0b0c-1111-7222-8333-777788889999',
  authTime: START_MS - 90_500,
  roles: ['user'],
  scope: 'users:read',
}

export interface TestClock {
  now(): number
  set(ms: number): void
  forward(ms: number): void
}

export function testClock(start = START_MS): TestClock {
  let now = start
  return { now: () => now, set: (ms) => (now = ms), forward: (ms) => (now += ms) }
}

/** A log that keeps what it is told. */
export function listeningLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const line = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`)
  return { lines, info: line('info'), warn: line('warn'), error: line('error') }
}

/** The two methods of the store that the keyring needs, and what a test wants to know of them. */
export interface KeyShelf {
  readonly store: KeyringOptions['store']
  readonly events: AuditEvent[]
  loads(): number
  keys(): readonly StoredKey[]
  /** As another node would do it. */
  replace(keys: readonly StoredKey[]): void
  /** While set, both methods reject. */
  fail(away: boolean): void
}

export function keyShelf(): KeyShelf {
  let shelf: { version: number; keys: readonly StoredKey[] } = { version: 0, keys: [] }
  let loads = 0
  let away = false
  const events: AuditEvent[] = []
  const reach = (): void => {
    if (away) throw new DomainError('store_unavailable')
  }
  const store: KeyringOptions['store'] = {
    async loadKeys() {
      loads++
      reach()
      return shelf
    },
    async swapKeys({ expectVersion, keys }, trail) {
      reach()
      if (expectVersion !== shelf.version) return { kind: 'stale' }
      shelf = { version: shelf.version + 1, keys }
      events.push(trail.audit)
      return { kind: 'swapped' }
    },
  }
  return {
    store,
    events,
    loads: () => loads,
    keys: () => shelf.keys,
    replace: (keys) => (shelf = { version: shelf.version + 1, keys }),
    fail: (value) => (away = value),
  }
}

export interface Issuer {
  readonly tokens: AccessTokens
  readonly keyring: Keyring
  readonly clock: TestClock
  readonly shelf: KeyShelf
  readonly log: ReturnType<typeof listeningLog>
}

const secrets = createSecrets(Buffer.alloc(32, 7))

export function ringOptions(algorithm: SigningAlgorithm, shelf: KeyShelf, clock: TestClock): KeyringOptions {
  let serial = 0
  const ids = { next: () => `019a0b0c-0000-7000-8000-${String(serial++).padStart(12, '0')}` }
  return { store: shelf.store, secrets, clock, ids, log: listeningLog(), algorithm }
}

export async function newIssuer(
  algorithm: SigningAlgorithm = 'ES256',
  shelf: KeyShelf = keyShelf(),
  clock: TestClock = testClock(),
): Promise<Issuer> {
  const log = listeningLog()
  const keyring = await openKeyring({ ...ringOptions(algorithm, shelf, clock), log })
  const tokens = createAccessTokens({ keyring, clock, issuer: ISSUER, audience: AUDIENCE })
  return { tokens, keyring, clock, shelf, log }
}

export async function newToken({ tokens }: Issuer, change: Partial<NewAccessToken> = {}): Promise<string> {
  return (await tokens.issue({ ...grant, ...change })).token
}

/** The code with which the token is refused, or null where it is accepted. */
export async function refusal(issuer: Pick<Issuer, 'tokens'>, token: string): Promise<string | null> {
  try {
    await issuer.tokens.verify(token)
    return null
  } catch (cause) {
    if (cause instanceof DomainError) return cause.code
    throw cause
  }
}

export function part(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return Buffer.from(text).toString('base64url')
}

export function parts(token: string): [header: string, payload: string, signature: string] {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return [header, payload, signature]
}

export function decoded(encoded: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
}

/** A token with any header and claims, rightly signed by the active key of the ring. */
export async function signedByUs(issuer: Issuer, header: unknown, claims: unknown): Promise<string> {
  const { privateKey } = issuer.keyring.signingKey()
  const text = `${part(header)}.${part(claims)}`
  const how = { name: privateKey.algorithm.name, hash: 'SHA-256' }
  const signature = await crypto.subtle.sign(how, privateKey, Buffer.from(text))
  return `${text}.${Buffer.from(signature).toString('base64url')}`
}

/** The same by a key of somebody else, with ES256. */
export function signedBy(privateKey: KeyObject, header: unknown, claims: unknown): string {
  const text = `${part(header)}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}
