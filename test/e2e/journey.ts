/**
 * One account from registration to deletion, on the spawned server, and everything that the server says meanwhile: the
 * same journey on every engine. A file travels it once, since it keeps where the traveller is.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { clientOf, mailTo, type Client } from '../support/process-client.ts'
import { startServer, temporaryFolder, until, type ServerProcess } from '../support/process.ts'
import { addSummary } from '../support/summary.ts'

/** The engine that the journey runs on. */
export interface Place {
  readonly engine: string
  /** Settings of a server on this engine; asked for at each start. */
  settings(): Promise<Readonly<Record<string, string>>>
  /** What the first start says about where the data lies. */
  readonly data: RegExp
}

export const dataDir = join(temporaryFolder(), 'data')
const person = {
  username: 'Grace.Hopper',
  email: 'grace.hopper@navy.example',
  password: 'nanoseconds of copper wire',
  profile: { display_name: 'Amazing Grace', bio: 'Found the moth.' },
}
const newPassword = 'ahead-of-its time compiler'
const newEmail = 'rear.admiral@navy.example'

/** Whatever must never be printed; the journey adds its tokens. */
const secrets = new Set<string>([
  'Grace',
  'grace',
  'navy.example',
  'Amazing',
  'moth',
  'rear.admiral',
  person.password,
  newPassword,
  'journey-device',
  'journey-agent',
])

let place: Place
/** All that were started, the first and the second. */
const servers: ServerProcess[] = []
let server: ServerProcess
let call: Client
let access = ''
let refresh = ''

/** Registers the tests of the journey; they run in this order and rely on each other. */
export function journey(on: Place): void {
  place = on
  before(async () => {
    server = await startServer({
      dataDir,
      settings: { UM_LOG_LEVEL: 'debug', ...(await place.settings()) },
    })
    servers.push(server)
    call = clientOf(server.url)
  })
  after(() => Promise.all(servers.map((started) => started.end('SIGKILL'))))
  beginning()
  account()
  recovery()
  farewell()
  whatWasSaid()
}

/** Signs in and keeps the tokens, as those that must not be printed too. */
async function signIn(password: string): Promise<void> {
  const { status, body } = await call('POST /users/login', {
    body: { email: person.email, password, device_name: 'journey-device' },
    headers: { 'user-agent': 'journey-agent/1.0' },
  })
  assert.equal(status, 200)
  assert.equal(body.token_type, 'Bearer')
  assert.equal(body.user.username, person.username)
  keep(body)
}

function keep(body: { readonly access_token: string; readonly refresh_token: string }): void {
  access = body.access_token
  refresh = body.refresh_token
  for (const token of [access, refresh]) secrets.add(token)
}

async function linkOf(to: string, kind: string): Promise<{ token: string; link: string }> {
  const mail = await mailTo(call, to, kind)
  const [token = ''] = mail.tokens
  const [link = ''] = mail.links
  assert.ok(token.length >= 43 && link.startsWith(`${server.url}/users/`), mail.text)
  secrets.add(token)
  return { token, link }
}

function beginning(): void {
  test('the first start says in at most 14 lines where everything is, and ready in the last one', () => {
    assert.ok(server.banner.length <= 14, server.banner.join('\n'))
    assert.match(server.banner.at(-1) ?? '', /^ready http:\/\/localhost:\d+$/)
    assert.match(server.banner.join('\n'), /\/docs\b[^]*\/dev\/mail\b/)
    assert.match(server.banner.join('\n'), place.data)
    addSummary(
      `cold start on ${place.engine}, first run: ${server.startMs.toFixed(0)} ms to ready (beside the other tests)`,
    )
  })

  test('somebody registers, and a second one with the same name and address is refused for both', async () => {
    const registered = await call('POST /users/register', { body: person })
    assert.equal(registered.status, 201)
    assert.equal(registered.headers.get('location'), `/users/${registered.body.id}`)
    assert.equal(registered.body.email_verified, false)
    assert.ok(!registered.text.includes('password'))

    const again = await call('POST /users/register', { body: { ...person, username: 'grace.HOPPER' } })
    assert.equal(again.status, 409)
    assert.deepEqual(
      again.body.errors.map((error) => error.code),
      ['email_taken', 'username_taken'],
    )
  })

  test('signing in works with JSON and with the OAuth form, and with nothing but the right password', async () => {
    const wrong = await call('POST /users/login', { body: { email: person.email, password: newPassword } })
    assert.deepEqual([wrong.status, wrong.body.code], [401, 'invalid_credentials'])

    const form = { grant_type: 'password', username: person.username, password: person.password }
    const oauth = await call('POST /users/login', { form })
    assert.equal(oauth.status, 200)
    secrets.add(oauth.body.access_token).add(oauth.body.refresh_token)

    await signIn(person.password)
    const rotated = await call('POST /users/token/refresh', { body: { refresh_token: refresh } })
    assert.equal(rotated.status, 200)
    assert.notEqual(rotated.body.refresh_token, refresh)
    keep(rotated.body)
  })
}

function account(): void {
  test('the profile is read and changed key by key', async () => {
    const read = await call('GET /users/profile', { token: access })
    assert.equal(read.status, 200)
    assert.deepEqual(read.body.profile, person.profile)

    const body = { profile: { display_name: 'Amazing Grace II', bio: null } }
    const headers = { 'if-match': read.headers.get('etag') ?? '' }
    const changed = await call('PUT /users/profile', { token: access, body, headers })
    assert.equal(changed.status, 200)
    assert.deepEqual(changed.body.profile, { display_name: 'Amazing Grace II' })

    const late = await call('PUT /users/profile', { token: access, body, headers })
    assert.deepEqual([late.status, late.body.code], [412, 'profile_changed'])
  })

  test('an address is confirmed with its link and the password, and a change counts only once confirmed', async () => {
    const { token } = await linkOf(person.email, 'verify_email')
    const opened = await call(`GET /users/verify-email/${token}`)
    assert.equal(opened.status, 200)
    const unconfirmed = await call('GET /users/profile', { token: access })
    assert.equal(unconfirmed.body.email_verified, false)

    const { status, body } = await call(`POST /users/verify-email/${token}`, {
      body: { password: person.password },
    })
    assert.deepEqual([status, body.email_verified], [200, true])

    const asked = await call('PUT /users/profile', { token: access, body: { email: newEmail } })
    assert.deepEqual(
      [asked.status, asked.body.email, asked.body.pending_email],
      [200, person.email, newEmail],
    )
    const stillOld = await call('GET /users/profile', { token: access })
    assert.equal(stillOld.body.email, person.email)
    await linkOf(newEmail, 'change_email')
  })
}

function recovery(): void {
  test('the password is reset through the mail, and everything of before is refused', async () => {
    const stranger = await call('POST /users/reset-password', { body: { email: 'nobody@navy.example' } })
    const asked = await call('POST /users/reset-password', { body: { email: person.email } })
    assert.equal(asked.status, 202)
    assert.equal(stranger.text, asked.text)

    const { token, link } = await linkOf(person.email, 'reset_password')
    assert.equal(link, `${server.url}/users/reset-password/${token}`)
    const refused = await call(`POST /users/reset-password/${token}`, { body: { password: 'password1' } })
    assert.deepEqual([refused.status, refused.body.errors[0]?.code], [422, 'password_too_common'])
    const done = await call(`POST /users/reset-password/${token}`, { body: { password: newPassword } })
    assert.deepEqual([done.status, done.body.status], [200, 'password_changed'])
    assert.equal(done.body.sessions_revoked, 2)

    const twice = await call(`POST /users/reset-password/${token}`, { body: { password: person.password } })
    assert.deepEqual([twice.status, twice.body.code], [400, 'reset_token_used'])
    const old = await call('GET /users/profile', { token: access })
    assert.deepEqual([old.status, old.body.code], [401, 'session_revoked'])
    const oldRefresh = await call('POST /users/token/refresh', { body: { refresh_token: refresh } })
    assert.equal(oldRefresh.status, 401)
    const login = await call('POST /users/login', {
      body: { email: person.email, password: person.password },
    })
    assert.equal(login.status, 401)
    await signIn(newPassword)
    await mailTo(call, person.email, 'password_changed')
  })
}

function farewell(): void {
  test('the account is deleted: nothing of it is left, and its name and address are free', async () => {
    const deleted = await call('DELETE /users/delete', { token: access, body: { password: newPassword } })
    assert.equal(deleted.status, 200)
    assert.ok((deleted.body.erased['sessions'] ?? 0) >= 1, deleted.text)
    assert.ok((deleted.body.erased['inbox_messages'] ?? 0) >= 4, deleted.text)
    assert.ok(deleted.body.retained.length > 0, 'what is left is named')

    const old = await call('GET /users/profile', { token: access })
    assert.deepEqual([old.status, old.body.code], [401, 'session_revoked'])
    const oldRefresh = await call('POST /users/token/refresh', { body: { refresh_token: refresh } })
    assert.equal(oldRefresh.status, 401)
    const login = await call('POST /users/login', { body: { email: person.email, password: newPassword } })
    assert.deepEqual([login.status, login.body.code], [401, 'invalid_credentials'])
    const inbox = await call('GET /dev/mail/messages')
    assert.deepEqual(inbox.body.messages, [])
    assert.equal((await call('POST /users/register', { body: person })).status, 201)
  })
}

function whatWasSaid(): void {
  test('the server prints mails by kind only, and nothing personal or secret in the whole journey', async () => {
    await linkOf(person.email, 'verify_email')
    await until(
      () => (server.stdout().split('mail verify_email').length === 3 ? true : null),
      'the mail line',
    )
    const spoken = server.stdout().split('\n').slice(server.banner.length, -1)
    const kinds = spoken.map((line) => {
      assert.ok(line.endsWith(` → ${server.url}/dev/mail`), line)
      return /^mail (\w+) → \S+$/.exec(line)?.[1] ?? line
    })
    const links = ['change_email', 'reset_password', 'verify_email', 'verify_email']
    // Of the second sign-in, which bears no token of a device and no user agent; the others are within the hour.
    const expected = [...links, 'new_device', 'password_changed'].toSorted()
    assert.deepEqual(kinds.toSorted(), expected)
    const example = /'\{"username":"ada".*\}'/
    const printed = (server.stdout() + server.stderr()).replace(example, '')
    assert.ok(printed.length > 200)
    assert.deepEqual(
      [...secrets].filter((secret) => printed.includes(secret)),
      [],
    )
  })

  test('a second start stops where the first one left off, and says less', async () => {
    const { code, signal } = await server.end('SIGTERM')
    assert.deepEqual([code, signal], [0, null])
    const first = server
    server = await startServer({ dataDir, settings: await place.settings() })
    servers.push(server)
    call = clientOf(server.url)
    assert.ok(server.banner.length < first.banner.length)
    assert.match(server.banner.at(-1) ?? '', /^ready http:\/\/localhost:\d+$/)
    addSummary(
      `cold start on ${place.engine}, second run: ${server.startMs.toFixed(0)} ms to ready (beside the other tests)`,
    )
    await signIn(person.password)
  })
}
