/** The page of the first administrator, and who may see it. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DomainError } from '../../src/domain/errors.ts'
import { lifetimes } from '../../src/domain/limits.ts'
import type { Answer, SignedInBody } from '../support/client.ts'
import { PASSWORD } from '../support/server-users.ts'
import { startVariant } from '../support/server-variant.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { administrators, raceForSetup, setupToken } from '../support/setup-race.ts'

const person = {
  username: 'Keeper',
  email: 'keeper@setup.example.com',
  password: 'nine quiet harbour lamps',
}
const production = {
  UM_MODE: 'production',
  UM_HOST: '127.0.0.1',
  UM_PUBLIC_URL: 'https://accounts.example.com',
  UM_SMTP_URL: 'smtp://localhost:9',
  UM_MAIL_FROM: 'accounts@example.com',
  UM_SHUTDOWN_DELAY: '0',
}

type Fields = Readonly<Record<string, string>>

function open(server: TestServer, token = setupToken(server), headers: Fields = {}): Promise<Answer> {
  return server.client.send('GET', `/setup/${token}`, { headers })
}

function post(server: TestServer, fields: Fields = {}, headers: Fields = {}): Promise<Answer> {
  const form = { token: setupToken(server), ...person, ...fields }
  return server.client.send('POST', '/account/setup', { form, headers })
}

function login({ client }: TestServer, fields: Fields): Promise<Answer> {
  return client.send('POST', '/users/login', { json: fields })
}

function headingOf({ text }: Answer): string {
  return /<h1>\s*([^<]*?)\s*<\/h1>/.exec(text)?.[1] ?? ''
}

/** `field code` of everything that the page says is wrong. */
function wrongFields({ text }: Answer): readonly string[] {
  const lists = [...text.matchAll(/<ul class="wrong" id="(\w+)-errors">([^]*?)<\/ul>/g)]
  return lists.flatMap(([, field, list = '']) =>
    [...list.matchAll(/data-code="(\w+)"/g)].map(([, code]) => `${field} ${code}`),
  )
}

test('the link of the start makes an administrator with every permission, and is dead afterwards', async () => {
  const server = await startTestServer()
  const { app, client, deps, mailbox, port } = server
  const token = setupToken(server)
  assert.equal(app.setupLink, `http://localhost:${port}/setup/${token}`)
  assert.match(token, /^[\w-]{43}$/, '256 bits')
  for (const method of ['GET', 'HEAD', 'GET']) {
    const page = await client.send(method, `/setup/${token}`)
    assert.equal(page.status, 200)
    assert.equal(page.headers['referrer-policy'], 'same-origin')
    if (method === 'GET') assert.match(page.text, new RegExp(`name="token" value="${token}"`))
    assert.doesNotMatch(page.text, /<script|role="alert"/)
  }
  const done = await post(server)
  assert.equal(done.status, 200)
  assert.equal(headingOf(done), 'You are the administrator')
  assert.match(done.text, /href="\/docs"[^]*POST \/users\/login[^]*user-management\.cjs --help/)
  assert.ok(!done.text.includes(person.password))

  const user = await deps.store.findUserByIdentifier({ key: 'u:keeper' })
  assert.deepEqual(
    [user?.username, user?.roles, user?.status, user?.emailVerified],
    ['Keeper', ['admin'], 'active', false],
  )
  const link = await mailbox.token({ to: person.email, kind: 'verify_email' })
  const signedIn = await login(server, { username: 'keeper', password: person.password })
  const { access_token: access } = signedIn.json<SignedInBody>()
  const list = await client.send('GET', '/users', { token: access })
  assert.deepEqual(
    list.json<{ items: { username: string }[] }>().items.map(({ username }) => username),
    ['Keeper'],
  )
  assert.equal((await client.send('POST', `/users/verify-email/${link}`, { token: access })).status, 200)
  const { items } = await deps.store.listAudit({
    userId: user?.id ?? '',
    actorId: null,
    limit: 10,
    from: null,
  })
  const event = items.find(({ action }) => action === 'first-admin')
  assert.deepEqual([event?.actorId, event?.detail], [user?.id, 'setup link'])

  const late = await post(server, { username: 'second', email: 'second@example.com' })
  for (const answer of [late, await open(server)]) {
    assert.equal(answer.status, 400)
    assert.equal(headingOf(answer), 'There is an administrator already')
    assert.doesNotMatch(answer.text, /<form|Keeper|keeper/)
  }
  assert.equal(await deps.store.findUserByIdentifier({ key: 'u:second' }), null)
})

test('whatever is wrong is said at its field, all at once, and leaves the link usable', async () => {
  const server = await startTestServer()
  const holder = await server.newUser()
  const refused = await post(server, { username: 'a<b', email: 'nobody@', password: 'password' })
  assert.equal(refused.status, 422)
  assert.deepEqual(wrongFields(refused), [
    'username username_format',
    'email email_format',
    'password password_too_common',
  ])
  assert.match(refused.text, /<title>Error: [^]*role="alert"/)
  assert.ok(refused.text.includes('value="a&lt;b"') && refused.text.includes('value="nobody@"'))
  assert.ok(!refused.text.includes('value="password"'), 'a password is never sent back')

  const personal = await post(server, { password: 'x keeper' })
  assert.deepEqual(wrongFields(personal), ['password password_contains_personal'])
  const short = await post(server, { password: 'keeper' })
  assert.deepEqual(wrongFields(short), ['password password_too_short', 'password password_contains_personal'])
  const taken = await post(server, { username: holder.username.toUpperCase(), email: holder.email })
  assert.equal(taken.status, 409)
  assert.deepEqual(wrongFields(taken), ['username username_taken', 'email email_taken'])
  const held = await server.deps.store.findUser({ id: holder.id })
  assert.deepEqual([held?.roles, held?.version], [['user'], 1], 'an existing account is never changed')
  assert.equal((await login(server, { email: holder.email, password: PASSWORD })).status, 200)

  const { username: _, ...rest } = person
  const form = { token: setupToken(server), ...rest }
  assert.equal((await server.client.send('POST', '/account/setup', { form })).status, 422)
  assert.equal((await post(server, { roles: 'admin' })).status, 422)
  assert.deepEqual(await administrators(server), [])
  assert.equal((await post(server)).status, 200)
})

test('of a hundred uses of a link at once exactly one makes an administrator (rows 23, 26)', async () => {
  await raceForSetup([await startTestServer()])
})

test('a link lives for 30 minutes, and no other token opens the page', async () => {
  const server = await startTestServer()
  const { client, clock, mailbox, newUser } = server
  const user = await newUser()
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  const reset = await mailbox.token({ to: user.email, kind: 'reset_password' })
  const token = setupToken(server)
  const others = [reset, `${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`, token.slice(1)]
  for (const other of [...others, `${token}A`, token.toLowerCase(), '%20', 'x'.repeat(1000), user.id]) {
    const page = await open(server, other)
    assert.equal(page.status, 400, other)
    assert.equal(headingOf(page), 'This setup link is not valid', other)
    assert.equal((await post(server, { token: decodeURIComponent(other) })).status, 400, other)
  }
  const json = { password: person.password }
  const misused = await client.send('POST', `/users/reset-password/${token}`, { json })
  assert.equal(misused.problem.code, 'reset_token_invalid')

  clock.advance(lifetimes.setupTokenMs - 5000)
  assert.equal((await open(server)).status, 200)
  clock.advance(5001)
  for (const answer of [await open(server), await post(server)]) {
    assert.equal(answer.status, 400)
    assert.equal(headingOf(answer), 'This setup link has expired')
    assert.match(answer.text, /Start the server again/)
  }
  assert.deepEqual(await administrators(server), [])
})

test('a link is dead as soon as somebody is an administrator, whichever way that came to be', async () => {
  const server = await startTestServer()
  await server.newUser({ roles: ['admin'], status: 'disabled' })
  assert.equal((await open(server)).status, 200, 'one who cannot sign in is none')
  await server.newUser({ roles: ['admin'] })
  for (const answer of [await open(server), await post(server)]) {
    assert.equal(answer.status, 400)
    assert.equal(headingOf(answer), 'There is an administrator already')
  }
  assert.equal(await server.deps.store.findUserByIdentifier({ key: 'u:keeper' }), null)
})

for (const [mode, settings] of [
  ['development', {}],
  ['production', production],
] as const) {
  test(`in ${mode} the page is there for a browser on this machine alone`, async () => {
    const server = await startTestServer(settings)
    const local = `localhost:${server.port}`
    assert.equal(server.app.setupLink, `http://${local}/setup/${setupToken(server)}`)
    const elsewhere: readonly Fields[] = [
      { host: 'accounts.example.com' },
      { host: 'attacker.example' },
      { host: 'localhost.attacker.example' },
      { host: '127.0.0.1.nip.io' },
      { host: '10.0.0.1' },
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-for': '203.0.113.9' },
      { 'x-forwarded-host': local },
      { 'x-forwarded-proto': 'https' },
      { forwarded: 'for=127.0.0.1' },
    ]
    for (const headers of elsewhere) {
      for (const answer of [
        await open(server, setupToken(server), headers),
        await post(server, {}, headers),
      ]) {
        assert.equal(answer.status, 404, JSON.stringify(headers))
        assert.match(answer.headers['content-type'] ?? '', /^text\/html/)
        assert.doesNotMatch(answer.text, /administrator/i)
      }
    }
    const foreign: readonly Fields[] = [
      { origin: 'https://attacker.example' },
      { origin: 'null' },
      { origin: `http://${local}`, 'sec-fetch-site': 'cross-site' },
    ]
    for (const headers of foreign) {
      assert.equal((await post(server, {}, headers)).status, 403, JSON.stringify(headers))
    }
    assert.deepEqual(await administrators(server), [])
    for (const host of [local, `127.0.0.1:${server.port}`, '[::1]:1']) {
      assert.equal((await open(server, setupToken(server), { host })).status, 200, host)
    }
    const ours = { host: local, origin: `http://${local}`, 'sec-fetch-site': 'same-origin' }
    assert.equal((await post(server, {}, ours)).status, 200)
    assert.deepEqual(await administrators(server), ['Keeper'])
  })
}

test('no pair of a name and a password that comes with other programs opens a fresh installation', async () => {
  const server = await startTestServer()
  const names = ['admin', 'administrator', 'root', 'user', 'test', 'guest', 'operator', 'superuser', 'sa']
  const passwords = ['admin', 'password', 'root', 'changeme', 'changeit', '123456', '12345678', 'secret', ' ']
  for (const username of names) {
    for (const password of [...passwords, username, `${username}123`]) {
      const { problem } = await login(server, { username, password })
      assert.equal(problem.code, 'invalid_credentials', `${username} ${password}`)
    }
    const email = `${username}@example.com`
    assert.equal((await login(server, { email, password: username })).problem.code, 'invalid_credentials')
  }
})

test('the token is in no log and in no file of the database, only its hash is', async () => {
  const server = await startTestServer()
  const token = setupToken(server)
  await open(server)
  await post(server, { password: 'short' })
  const broken = await startVariant(server)
  broken.fault = () => new TypeError('a defect')
  const failed = await broken.client.send('GET', `/setup/${token}`)
  assert.equal(failed.status, 500)
  assert.ok(server.log.some(({ level }) => level === 'error'))
  assert.ok(!JSON.stringify([server.log, failed.headers, failed.text]).includes(token))

  const hash = server.deps.secrets.hashOneTimeToken(token) ?? assert.fail('no token')
  const { dataDir } = server.app
  const files = readdirSync(dataDir).filter((name) => name.startsWith('users.db'))
  const bytes = Buffer.concat(files.map((name) => readFileSync(join(dataDir, name))))
  assert.ok(bytes.includes(hash))
  for (const form of [token, Buffer.from(token, 'base64url')]) assert.equal(bytes.includes(form), false)
})

test('a server that is too busy to hash says so, and the link stays usable', async () => {
  const server = await startTestServer()
  const busy = await startVariant(server)
  busy.fault = (call) => (call === 'passwords.hash' ? new DomainError('overloaded') : null)
  const form = { token: setupToken(server), ...person }
  const answer = await busy.client.send('POST', '/account/setup', { form })
  assert.equal(answer.status, 503)
  assert.ok(Number(answer.headers['retry-after']) > 0)
  assert.equal((await post(server)).status, 200)
})

test('where only confirmed addresses sign in, the page says to confirm first', async () => {
  const server = await startTestServer({ UM_REQUIRE_VERIFIED_EMAIL: 'on' })
  const done = await post(server)
  assert.match(done.text, /asks for before you can sign in/)
  assert.match(done.text, /href="\/dev\/mail"/)
  const refused = await login(server, { email: person.email, password: person.password })
  assert.equal(refused.problem.code, 'email_not_verified')
})

test('the administrator gets the language of the page, and mail in it', async () => {
  for (const [accepted, locale, subject] of [
    ['de-AT, en;q=0.5', 'de', /^Bestätigen Sie/],
    ['fr', 'en', /^Confirm/],
  ] as const) {
    const server = await startTestServer()
    const done = await post(server, {}, { 'accept-language': accepted })
    assert.match(done.text, new RegExp(`<html lang="${locale}">`))
    const user = await server.deps.store.findUserByIdentifier({ key: 'u:keeper' })
    assert.equal(user?.locale, locale)
    const mail = await server.mailbox.wait({ to: person.email, kind: 'verify_email' })
    assert.match(mail.subject, subject)
  }
})
