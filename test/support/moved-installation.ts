/** An installation with something of everything, made over HTTP, and what has to work wherever it has been moved to. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientOf, mailTo, type Answer, type Body, type Client } from './process-client.ts'
import { fixedPort, startCommand, startServer, temporaryFolder, type Ended } from './process.ts'

const password = 'seven green kettles hum'
/** Nothing answers there: mails wait. */
const deadMailServer = { UM_SMTP_URL: 'smtp://127.0.0.1:9', UM_MAIL_FROM: 'um@moved.example' }

export interface Installation {
  readonly dataDir: string
  readonly keyFile: string
  /** Runs a server on this database until the work is done. */
  serve(databaseUrl: string, work: (call: Client) => Promise<void>, how?: How): Promise<void>
  copy(from: string, to: string, settings?: Readonly<Record<string, string>>): Promise<Ended>
  command(databaseUrl: string, line: string): Promise<Ended>
}

interface How {
  /** Mails wait, and the server is killed, as in a crash. */
  readonly crashes?: true
}

/** Every server has the same address and the same key. */
export async function newInstallation(): Promise<Installation> {
  const folder = temporaryFolder()
  const dataDir = join(folder, 'data')
  const keyFile = join(folder, 'master.key')
  writeFileSync(keyFile, randomBytes(32).toString('hex'), { mode: 0o600 })
  const port = await fixedPort()
  const common = {
    UM_PORT: String(port),
    UM_PUBLIC_URL: `http://localhost:${port}`,
    UM_MASTER_KEY_FILE: keyFile,
  }
  return {
    dataDir,
    keyFile,
    async serve(databaseUrl, work, { crashes } = {}) {
      const settings = { ...common, ...(crashes && deadMailServer), UM_DATABASE_URL: databaseUrl }
      const server = await startServer({ dataDir, settings, how: 'directly' })
      try {
        await work(clientOf(server.url))
      } finally {
        await server.end(crashes ? 'SIGKILL' : 'SIGTERM')
      }
    },
    copy: (from, to, settings) =>
      startCommand({
        dataDir,
        settings: { ...common, ...settings },
        words: ['copy-store', '--from', from, '--to', to, '--output', 'json'],
      }).ended,
    command: (databaseUrl, line) =>
      startCommand({
        dataDir,
        settings: { ...common, UM_DATABASE_URL: databaseUrl },
        words: line.split(' '),
        input: `${password}\n`,
      }).ended,
  }
}

/** What was given out before a move, and is to be good for something after it. */
export interface Handed {
  readonly ada: Body
  readonly adasKey: string
  /** Of the link that bob was mailed. */
  readonly bobsToken: string
  /** When carol's mail was asked for, none of hers had arrived. */
  readonly carol: string
}

export async function populate(installation: Installation, databaseUrl: string): Promise<Handed> {
  const adasKey = 'moved-installation-1'
  const handed: { ada?: Body; bobsToken?: string } = {}
  await installation.serve(databaseUrl, async (call) => {
    const admin = await installation.command(
      databaseUrl,
      'users create grace grace@moved.example --role admin --verified --password-stdin',
    )
    assert.equal(admin.code, 0, admin.stderr)
    await register(call, 'ada', { 'idempotency-key': adasKey })
    for (const name of ['bob', 'carol', 'dora']) await register(call, name)
    const first = good(await login(call, 'ada'))
    const profile = { profile: { display_name: 'Ada L.', bio: 'Ünïcödé' } }
    good(await call('PUT /users/profile', { token: first.access_token, body: profile }))
    await register(call, 'eve')
    const body = { refresh_token: first.refresh_token }
    handed.ada = good(await call('POST /users/token/refresh', { body }))
    good(await call('POST /users/reset-password', { body: { email: 'bob@moved.example' } }))
    handed.bobsToken = await tokenTo(call, 'bob')
    const wrong = await call('POST /users/login', {
      body: { username: 'carol', password: 'no such password' },
    })
    assert.equal(wrong.status, 401)
    const doras = good(await login(call, 'dora'))
    good(await call('DELETE /users/delete', { token: doras.access_token, body: { password } }))
  })
  await installation.serve(
    databaseUrl,
    async (call) => {
      good(await call('POST /users/reset-password', { body: { email: 'carol@moved.example' } }))
    },
    { crashes: true },
  )
  const { ada, bobsToken } = handed
  assert.ok(ada && bobsToken)
  return { ada, adasKey, bobsToken, carol: 'carol@moved.example' }
}

/** Signs in, rotates, redeems and refuses as the server did before the move; the tokens of ada as they are now. */
export async function assertMoved(call: Client, handed: Handed): Promise<Handed> {
  const { ada, adasKey, bobsToken } = handed
  const profile = good(await call('GET /users/profile', { token: ada.access_token }))
  assert.deepEqual(profile.profile, { display_name: 'Ada L.', bio: 'Ünïcödé' })
  const rotated = good(
    await call('POST /users/token/refresh', { body: { refresh_token: ada.refresh_token } }),
  )
  assert.equal(rotated.session_id, ada.session_id)
  const repeated = await register(call, 'ada', { 'idempotency-key': adasKey })
  assert.equal(repeated.id, profile.id)
  const taken = await call('POST /users/register', { body: person('ADA') })
  assert.deepEqual(taken.body.errors.map(({ code }) => code).toSorted(), ['email_taken', 'username_taken'])

  const changed = { password: 'eleven blue sparrows sing' }
  good(await call(`POST /users/reset-password/${bobsToken}`, { body: changed }))
  const again = await call(`POST /users/reset-password/${bobsToken}`, { body: changed })
  assert.deepEqual([again.status, again.body.code], [400, 'reset_token_used'])
  good(await call('POST /users/login', { body: { username: 'bob', ...changed } }))
  good(await call(`POST /users/reset-password/${await tokenTo(call, 'carol')}`, { body: changed }))

  assert.equal((await login(call, 'dora')).status, 401)
  const grace = good(await login(call, 'grace'))
  const last = await call(`DELETE /users/${grace.user.id}`, { token: grace.access_token })
  assert.deepEqual([last.status, last.body.code], [409, 'last_admin'])
  const users = good(await call('GET /users?sort=username', { token: grace.access_token }))
  assert.deepEqual(
    users.items.map(({ username }) => username),
    ['ada', 'bob', 'carol', 'eve', 'grace'],
  )
  const events = good(await call('GET /audit?limit=100', { token: grace.access_token }))
  for (const action of ['register', 'delete-account', 'login'])
    assert.ok(
      events.items.some((event) => event.action === action),
      action,
    )
  return { ...handed, ada: rotated }
}

/** The link in the newest mail to one of them. */
export async function tokenTo(call: Client, name: string): Promise<string> {
  const { tokens } = await mailTo(call, `${name}@moved.example`, 'reset_password')
  return tokens[0] ?? assert.fail('the mail has no token')
}

function login(call: Client, username: string): Promise<Answer> {
  return call('POST /users/login', { body: { username, password } })
}

export function good({ status, body, text }: Answer): Body {
  assert.ok(status < 300, `${status} ${text}`)
  return body
}

function person(username: string): object {
  return { username, email: `${username}@moved.example`, password }
}

async function register(
  call: Client,
  username: string,
  headers?: Readonly<Record<string, string>>,
): Promise<Body> {
  return good(await call('POST /users/register', { body: person(username), ...(headers && { headers }) }))
}

/** What a copy says that both stores hold; fails where it was not made. */
export function sha256Of({ code, stdout, stderr }: Ended): string {
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout).sha256
}
