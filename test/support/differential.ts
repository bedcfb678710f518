/** One of two worlds that get the same requests: the use cases on a store, with ids and tokens that repeat exactly. */
import { createHash, hash } from 'node:crypto'
import { createSecrets } from '../../src/crypto/secrets.ts'
import { authenticate } from '../../src/domain/authenticate.ts'
import type { Deps, Rules } from '../../src/domain/deps.ts'
import { DomainError } from '../../src/domain/errors.ts'
import { lifetimes } from '../../src/domain/limits.ts'
import { builtInRoles, type Actor } from '../../src/domain/policy.ts'
import type { AccessTokens, Passwords, Secrets, SigningKeys } from '../../src/domain/ports/crypto.ts'
import type { Inbox } from '../../src/domain/ports/inbox.ts'
import type { MailTransport } from '../../src/domain/ports/mailer.ts'
import type { Clock, Id } from '../../src/domain/ports/runtime.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import { createProfileRules } from '../../src/http/profile-rules.ts'
import { createInbox } from '../../src/mail/inbox.ts'
import { newKeptLog } from './store-fixtures.ts'

export interface Side {
  readonly deps: Deps
  readonly inbox: MailTransport & Inbox
  /** Every one-time token so far, whoever it was mailed to. */
  readonly links: readonly string[]
  /** Every id so far, of users and of anything else. */
  readonly ids: readonly Id[]
  /** What each device has been given: the newest access token, and all refresh tokens. */
  readonly devices: Map<number, { access: string; readonly refresh: string[] }>
  readonly users: Set<Id>
}

const publicUrl = 'http://localhost:8080'
const masterKey = new Uint8Array(32).fill(7)

/** Two sides with the same clock make the same ids and tokens as long as they are asked for the same. */
export function newSide(store: Store, clock: Clock): Side {
  const links: string[] = []
  const ids: Id[] = []
  const secrets: Secrets = {
    ...createSecrets(masterKey),
    newOneTimeToken: () => {
      const bytes = createHash('sha256').update(`link ${links.length}`).digest()
      const token = bytes.toString('base64url')
      links.push(token)
      return { token, hash: hash('sha256', bytes, 'buffer') }
    },
  }
  const next = (): Id => {
    const time = clock.now().toString(16).padStart(12, '0')
    const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${ids.length.toString(16).padStart(12, '0')}`
    ids.push(id)
    return id
  }
  const deps: Deps = {
    store,
    passwords,
    breached: { has: async () => false },
    accessTokens: plainTokens(clock),
    secrets,
    signingKeys,
    clock,
    ids: { next },
    log: newKeptLog(),
    rules,
    rates: null,
  }
  const inbox = createInbox({ store, secrets, clock, publicUrl })
  return { deps, inbox, links, ids, devices: new Map(), users: new Set() }
}

const rules: Rules = {
  publicUrl,
  registration: 'open',
  disclosure: 'friendly',
  requireVerifiedEmail: false,
  passwordPolicy: 'standard',
  roles: builtInRoles,
  profile: createProfileRules(null),
}

/** No sequence asks for these. */
const signingKeys: SigningKeys = {
  list: async () => [],
  rotate: () => Promise.reject(new Error('there are no signing keys here')),
  drop: () => Promise.reject(new Error('there are no signing keys here')),
}

/** This compares stores: nothing is hashed. */
const passwords: Passwords = {
  hash: async (password) => `plain ${password}`,
  verify: async (password, phc) => phc === `plain ${password}`,
  isOutdated: () => false,
  importable: () => null,
  requireRoom: () => undefined,
  isCommon: () => false,
}

/** Nor is anything signed. */
function plainTokens(clock: Clock): AccessTokens {
  const seconds = (): number => Math.floor(clock.now() / 1000)
  return {
    algorithm: 'ES256',
    jwks: async () => ({ keys: [] }),
    issue: async ({ userId, sessionId, authTime }) => ({
      token: [userId, sessionId, Math.floor(authTime / 1000), seconds()].join(' '),
      expiresInSeconds: lifetimes.accessTokenSeconds,
    }),
    verify: async (token) => {
      const [userId = '', sessionId = '', authTime, issuedAt] = token.split(' ')
      const issuedAtSeconds = Number(issuedAt)
      const expiresAtSeconds = issuedAtSeconds + lifetimes.accessTokenSeconds
      if (sessionId === '') throw new DomainError('token_invalid')
      if (expiresAtSeconds <= seconds()) throw new DomainError('token_expired')
      return { userId, sessionId, authTimeSeconds: Number(authTime), issuedAtSeconds, expiresAtSeconds }
    },
  }
}

export async function actorOn({ deps, devices }: Side, device: number): Promise<Actor> {
  return authenticate(devices.get(device)?.access ?? '', deps)
}

/** What came of a call, in a form that is the same whatever an engine makes its values of. */
export async function answerOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return { answer: plain(await call()) }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return { refused: error.code, errors: plain(error.errors) }
  }
}

function plain(value: unknown): unknown {
  if (value === undefined) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
}

/** The rows of an export have no order. */
export function sorted(entries: Readonly<Record<string, readonly object[]>>): unknown {
  const inOrder = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row, keysInOrder)).toSorted()
  return Object.fromEntries(Object.entries(entries).map(([name, rows]) => [name, inOrder(rows)]))
}

/** Every object with its keys in one order, and nothing of what a random nonce makes different. */
function keysInOrder(key: string, value: unknown): unknown {
  if (key === 'sealed') return 'sealed'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

const kinds = ['verify_email', 'change_email', 'reset_password', 'set_password'] as const

/** Everything that the port tells about everybody: it is the same on both sides, or they have parted. */
export async function stateOf(side: Side, keys: readonly string[]): Promise<unknown> {
  const { deps, inbox, links, users } = side
  const { store, clock, secrets } = deps
  const now = clock.now()
  const people = [...users].map(async (id) => {
    const exported = await store.exportUser({ userId: id })
    return {
      user: await store.findUser({ id }),
      sessions: await store.listSessions({ userId: id, now }),
      exported: exported && sorted(exported),
    }
  })
  const claims = keys.map(async (key) => [key, (await store.findUserByIdentifier({ key }))?.id ?? null])
  const tokens = links.map(async (token) => {
    const hashed = secrets.hashOneTimeToken(token)
    return hashed && (await store.peekToken({ hash: hashed, kinds, now }))
  })
  return plain({
    people: await Promise.all(people),
    claims: await Promise.all(claims),
    tokens: await Promise.all(tokens),
    inbox: await inbox.list({}),
  })
}
