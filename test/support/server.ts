/** The real server, in this process, on a free port, with a data folder of its own. Ends with the tests of the file. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { startApp, type App } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { Deps } from '../../src/domain/deps.ts'
import { DomainError } from '../../src/domain/errors.ts'
import type { Log, LogFields } from '../../src/domain/ports/runtime.ts'
import { createClient, type Answer, type Client, type SignedInBody } from './client.ts'
import { createMailbox, type Mailbox } from './mailbox.ts'
import { recordSettings } from './settings-that-differ.ts'
import { createUsers, PASSWORD, type TestUser, type UserMaker } from './server-users.ts'

/** Starts at the real time and only goes forward. */
export interface TestClock {
  now(): number
  advance(ms: number): void
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

export interface TestServer {
  readonly app: App
  /** The same objects that the server runs on. */
  readonly deps: Deps
  readonly port: number
  readonly clock: TestClock
  readonly log: readonly LogLine[]
  readonly client: Client
  readonly mailbox: Mailbox
  /** A new user, made in the store without a hash of its own. */
  readonly newUser: UserMaker
  /** Signs in over HTTP; fails where that is refused. */
  signIn(user: TestUser, more?: Readonly<Record<string, unknown>>): Promise<SignedInBody>
  /** A `GET /users/profile` with this token. */
  profile(accessToken: string): Promise<Answer>
}

const START_ATTEMPTS = 3

export async function startTestServer(settings: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'um-http-test-'))
  recordSettings(settings)
  const clock = createTestClock()
  const { log, lines } = createTestLog()
  const { app, port } = await started({ UM_DATA_DIR: folder, ...settings }, { clock, log })
  after(async () => {
    await app.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const client = await createClient({ port, publicUrl: app.publicUrl })
  return {
    app,
    deps: app.deps,
    port,
    clock,
    log: lines,
    client,
    mailbox: createMailbox(client),
    newUser: createUsers(app.deps),
    async signIn({ username }, more = {}) {
      const json = { username, password: PASSWORD, ...more }
      const answer = await client.send('POST', '/users/login', { json })
      assert.equal(answer.status, 200, answer.text)
      return answer.json<SignedInBody>()
    },
    profile: (token) => client.send('GET', '/users/profile', { token }),
  }
}

/** Another program may take the port between asking for a free one and listening. */
async function started(
  settings: Readonly<Record<string, string>>,
  options: { readonly clock: TestClock; readonly log: Log },
): Promise<{ readonly app: App; readonly port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    try {
      return { app: await startApp(loadConfig({ UM_PORT: String(port), ...settings }), options), port }
    } catch (error) {
      if (!(error instanceof DomainError) || attempt === START_ATTEMPTS) throw error
    }
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((done) => void probe.listen(0, 'localhost', done))
  const address = probe.address()
  await new Promise((done) => void probe.close(done))
  return typeof address === 'object' && address ? address.port : 0
}

function createTestClock(): TestClock {
  let aheadMs = 0
  return {
    now: () => Date.now() + aheadMs,
    advance: (ms) => {
      assert.ok(ms >= 0)
      aheadMs += ms
    },
  }
}

function createTestLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = []
  const add = (level: LogLine['level']) => (fields: LogFields, message: string) =>
    void lines.push({ level, fields, message })
  return { log: { info: add('info'), warn: add('warn'), error: add('error') }, lines }
}
