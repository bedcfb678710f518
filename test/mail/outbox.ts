/** A real store in a temporary folder with users and queued mails, for the tests of delivery. */
import { randomUUIDv7 } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecrets } from '../../src/crypto/secrets.ts'
import { readEmail } from '../../src/domain/keys.ts'
import { lifetimes } from '../../src/domain/limits.ts'
import { sealMail } from '../../src/domain/mail.ts'
import type { MailContent } from '../../src/domain/mail.ts'
import type { Secrets } from '../../src/domain/ports/crypto.ts'
import type { MailKind } from '../../src/domain/ports/mailer.ts'
import type { Clock, Id, Log, LogFields, Ms } from '../../src/domain/ports/runtime.ts'
import type { AuditEvent, OutgoingMail } from '../../src/domain/ports/records.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import type { NewUser } from '../../src/domain/user.ts'
import { openStore } from '../../src/store/open-store.ts'

export const publicUrl = 'https://accounts.example.org'
export const token = 'T0kenT0kenT0kenT0kenT0kenT0kenT0kenT0kenT0k'

let lastId: Id = ''

/** Ids that sort in the order of their making, within a millisecond too. */
export const ids = {
  next(): Id {
    const before = lastId
    while (lastId <= before) lastId = randomUUIDv7()
    return lastId
  },
}

/** Begins now and goes forward when it is told to. */
export interface TestClock extends Clock {
  advance(ms: Ms): void
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

export interface Outbox {
  readonly store: Store
  readonly secrets: Secrets
  readonly clock: TestClock
  readonly log: Log
  readonly lines: readonly LogLine[]
  addUser(email: string, status?: 'active' | 'disabled', locale?: string): Promise<Id>
  /** Queues a mail to the user, or a decoy, with a link where the kind has one; `content` overrides. */
  queue(
    userId: Id | null,
    kind: MailKind,
    content?: Partial<MailContent>,
    lifetimeMs?: Ms,
  ): Promise<OutgoingMail>
  close(): Promise<void>
}

export async function openOutbox(): Promise<Outbox> {
  const dataDir = mkdtempSync(join(tmpdir(), 'um-mail-'))
  const clock = testClock()
  const { log, lines } = testLog()
  const store = await openStore({ url: 'sqlite:users.db', dataDir, clock, log })
  const secrets = createSecrets(new Uint8Array(32).fill(7))
  const event = (action: string, userId: Id | null): AuditEvent => {
    return {
      id: ids.next(),
      at: clock.now(),
      action,
      actorId: null,
      userId,
      requestId: ids.next(),
      detail: null,
    }
  }
  return {
    store,
    secrets,
    clock,
    log,
    lines,
    async addUser(email, status = 'active', locale = 'en') {
      const user = { ...newUser(email, status, clock.now()), locale }
      const { kind } = await store.createUser({ user }, { audit: event('register', user.id) })
      if (kind !== 'created') throw new Error(`the user was not created: ${kind}`)
      return user.id
    },
    async queue(userId, kind, content, lifetimeMs = lifetimes.resetTokenMs) {
      const createdAt = clock.now()
      const expiresAt = createdAt + lifetimeMs
      const full = { to: null, link: linkOf(kind), params: {}, audit: null, ...content }
      const mail = sealMail({ secrets, ids }, { userId, kind, content: full, createdAt, expiresAt })
      const { hash } = secrets.newOneTimeToken()
      await store.putToken(
        { hash, kind: 'reset_password', userId, epoch: 1, email: 'any@example.com', createdAt, expiresAt },
        mail,
      )
      return mail
    },
    async close() {
      await store.close()
      rmSync(dataDir, { recursive: true })
    },
  }
}

export function testClock(): TestClock {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    advance(ms) {
      ahead += ms
    },
  }
}

function testLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const writer =
    (level: LogLine['level']) =>
    (fields: LogFields, message: string): void => {
      lines.push({ level, fields, message })
    }
  return { log: { info: writer('info'), warn: writer('warn'), error: writer('error') }, lines }
}

function linkOf(kind: MailKind): string | null {
  if (kind === 'verify_email' || kind === 'change_email') return `${publicUrl}/users/verify-email/${token}`
  return kind === 'reset_password' || kind === 'set_password'
    ? `${publicUrl}/users/reset-password/${token}`
    : null
}

function newUser(email: string, status: 'active' | 'disabled', createdAt: Ms): NewUser {
  const address = readEmail(email)?.address
  if (address === undefined) throw new Error(`no address: ${email}`)
  const id = ids.next()
  return {
    id,
    username: `u${id.replaceAll('-', '').slice(-24)}`,
    email: address,
    emailVerified: true,
    passwordHash: null,
    roles: ['user'],
    status,
    locale: 'en',
    profile: {},
    createdAt,
  }
}
