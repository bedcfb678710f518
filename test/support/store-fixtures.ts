/** Users, sessions, tokens, mails and events for the store's tests: valid, distinct, and overridable. */
import { hash, randomBytes } from 'node:crypto'
import type { Id, Log, Ms } from '../../src/domain/ports/runtime.ts'
import type { AuditEvent, NewToken, OutgoingMail, Trail } from '../../src/domain/ports/records.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import type { NewSession } from '../../src/domain/session.ts'
import type { NewUser, User } from '../../src/domain/user.ts'

export const release = process.env['UM_TEST_SIZE'] === 'release'

/** So many rounds in a release run; a hundredth of it, but 20 at least, in any other. */
export function rounds(releaseRounds: number): number {
  return release ? releaseRounds : Math.max(20, Math.ceil(releaseRounds / 100))
}

/** The numbers from 0 up to, not including, `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

let sequence = 0

/** A UUIDv7 that sorts after every earlier one of this process. */
export function newId(): Id {
  sequence += 1
  const time = Date.now().toString(16).padStart(12, '0')
  const order = sequence.toString(16).padStart(7, '0')
  const random = randomBytes(6).toString('hex').slice(1)
  const [high, low] = [order.slice(0, 3), order.slice(3, 6)]
  return `${time.slice(0, 8)}-${time.slice(8)}-7${high}-8${low}-${order.slice(6)}${random}`
}

/** What the deletion ledger keeps of an id. */
export function hashOfId(id: Id): Uint8Array {
  return hash('sha256', id, 'buffer')
}

/** A clock that starts at the real time and goes forward only when told to. */
export interface TestClock {
  now(): Ms
  advance(ms: Ms): void
}

export function newTestClock(): TestClock {
  let now = Date.now()
  return {
    now: () => now,
    advance: (ms) => {
      now += ms
    },
  }
}

/** A log that keeps its lines. */
export interface KeptLog extends Log {
  readonly lines: string[]
}

export function newKeptLog(): KeptLog {
  const lines: string[] = []
  const keep = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`)
  }
  return { lines, info: keep, warn: keep, error: keep }
}

export function newUser(overrides: Partial<NewUser> = {}): NewUser {
  const id = newId()
  const name = `user-${id.slice(-18).replaceAll('-', '')}`
  return {
    id,
    username: name,
    email: `${name}@example.com`,
    emailVerified: false,
    passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g',
    roles: ['user'],
    status: 'active',
    locale: 'en',
    profile: {},
    createdAt: Date.now(),
    ...overrides,
  }
}

export function newEvent(userId: Id | null, overrides: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: newId(),
    at: Date.now(),
    action: 'test',
    actorId: userId,
    userId,
    requestId: newId(),
    detail: null,
    ...overrides,
  }
}

export function newTrail(userId: Id | null, mail?: OutgoingMail): Trail {
  return { audit: newEvent(userId), ...(mail && { mail }) }
}

export function newMail(userId: Id | null, overrides: Partial<OutgoingMail> = {}): OutgoingMail {
  const createdAt = overrides.createdAt ?? Date.now()
  return {
    id: newId(),
    userId,
    kind: 'verify_email',
    sealed: new Uint8Array(randomBytes(64)),
    createdAt,
    expiresAt: createdAt + 3_600_000,
    ...overrides,
  }
}

export function newToken(user: User, overrides: Partial<NewToken> = {}): NewToken {
  const createdAt = overrides.createdAt ?? Date.now()
  return {
    hash: new Uint8Array(randomBytes(32)),
    kind: 'reset_password',
    userId: user.id,
    epoch: user.epoch,
    email: user.email,
    createdAt,
    expiresAt: createdAt + 1_800_000,
    ...overrides,
  }
}

export function newSession(user: User, overrides: Partial<NewSession> = {}): NewSession {
  const createdAt = overrides.createdAt ?? Date.now()
  return {
    id: newId(),
    userId: user.id,
    epoch: user.epoch,
    refreshKeyId: 1,
    deviceName: null,
    userAgent: 'test',
    createdAt,
    expiresAt: createdAt + 86_400_000,
    ...overrides,
  }
}

/** Stores a user, and fails where that is refused. */
export async function registered(store: Store, overrides: Partial<NewUser> = {}): Promise<User> {
  const user = newUser(overrides)
  const outcome = await store.createUser({ user }, newTrail(user.id))
  if (outcome.kind !== 'created') throw new Error(`the user was not created: ${outcome.kind}`)
  return outcome.user
}

/** Opens a session, and fails where that is refused. */
export async function signedIn(
  store: Store,
  user: User,
  overrides: Partial<NewSession> = {},
): Promise<NewSession> {
  const session = newSession(user, overrides)
  const outcome = await store.openSession(session, newTrail(user.id))
  if (outcome.kind !== 'opened') throw new Error(`the session was not opened: ${outcome.kind}`)
  return session
}

/** Stores a one-time token with its mail. */
export async function issued(store: Store, user: User, overrides: Partial<NewToken> = {}): Promise<NewToken> {
  const token = newToken(user, overrides)
  await store.putToken(token, newMail(token.userId, { kind: token.kind }))
  return token
}

/** The user as it is now; fails where it is gone. */
export async function current(store: Store, userId: Id): Promise<User> {
  const user = await store.findUser({ id: userId })
  if (!user) throw new Error('the user is gone')
  return user
}

/** How often each outcome occurred. */
export function tally(outcomes: readonly { readonly kind: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** The actions of a user's audit events, oldest first, as an export shows them. */
export async function auditActions(store: Store, userId: Id): Promise<unknown[]> {
  const exported = await store.exportUser({ userId })
  return (exported?.['audit_events'] ?? []).map((event) => event['action'])
}
