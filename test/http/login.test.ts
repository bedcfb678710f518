import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'
import type { Answer, Sent, SignedInBody } from '../support/client.ts'
import { PASSWORD } from '../support/server-users.ts'
import { startVariant } from '../support/server-variant.ts'

const server = await startTestServer()
const { client, deps, newUser } = server
const user = await newUser()
const disabled = await newUser({ status: 'disabled' })

function login(sent: Sent) {
  return client.send('POST', '/users/login', sent)
}

/** What a stranger sees of an answer, without what is different in every answer. */
function visible({ status, headers, text }: Answer): string {
  const { 'x-request-id': id = '', date: _, ...rest } = headers
  // What is left of the network's rate goes down from one attempt to the next, whoever is asked for.
  const ratelimit = rest['ratelimit']?.replace(/r=\d+;t=\d+/, 'r=R;t=T')
  return JSON.stringify({ status, rest: { ...rest, ratelimit }, text: text.replaceAll(id, 'ID') })
}

test('signing in with an address or a username gives tokens of a new session each time (row 37)', async () => {
  const byName = await login({ json: { username: user.username.toUpperCase(), password: PASSWORD } })
  const byAddress = await login({ json: { email: user.email.toUpperCase(), password: PASSWORD } })
  const addressAsName = await login({ json: { username: user.email, password: PASSWORD } })
  const sessions = [byName, byAddress, addressAsName].map((answer) => {
    assert.equal(answer.status, 200, answer.text)
    const signedIn = answer.json<SignedInBody>()
    assert.equal(signedIn.token_type, 'Bearer')
    assert.equal(signedIn.expires_in, 600)
    assert.ok(Math.abs(signedIn.refresh_expires_in - 14 * 24 * 3600) < 60)
    assert.equal(signedIn.user.id, user.id)
    assert.ok(signedIn.user.last_sign_in_at)
    return signedIn.session_id
  })
  assert.equal(new Set(sessions).size, 3)
})

test('a stranger, a malformed identifier, a wrong password and a disabled account get one answer', async () => {
  const attempts = [
    { username: user.username, password: 'wrong password here' },
    { username: 'nobody-at-all', password: PASSWORD },
    { email: 'nobody@example.com', password: PASSWORD },
    { email: 'this is no address', password: PASSWORD },
    { email: '@', password: PASSWORD },
    { username: 'ü', password: PASSWORD },
    { username: 'x'.repeat(320), password: PASSWORD },
    { username: 'BEL\u0007', password: PASSWORD },
    { email: user.username, password: PASSWORD },
    { username: disabled.username, password: 'wrong password here' },
    { email: user.email, password: `${PASSWORD} ` },
    { email: user.email, password: PASSWORD.toUpperCase() },
  ]
  const answers: string[] = []
  for (const json of attempts) {
    const answer = await login({ json })
    assert.equal(answer.problem.code, 'invalid_credentials', JSON.stringify(json))
    assert.equal(answer.headers['www-authenticate'], 'Bearer')
    answers.push(visible(answer))
  }
  assert.deepEqual([...new Set(answers)], [answers[0]])
})

test('every path of signing in costs exactly one password hash (rows 11, 64)', async () => {
  const counted = await startVariant(server)
  const attempts: readonly (readonly [number, object])[] = [
    [200, { username: user.username, password: PASSWORD }],
    [401, { username: user.username, password: 'wrong password here' }],
    [401, { username: 'nobody-at-all', password: PASSWORD }],
    [401, { email: 'this is no address', password: PASSWORD }],
    [403, { username: disabled.username, password: PASSWORD }],
    [401, { username: disabled.username, password: 'wrong password here' }],
  ]
  for (const [status, json] of attempts) {
    counted.calls.length = 0
    const answer = await counted.client.send('POST', '/users/login', { json })
    assert.equal(answer.status, status, answer.text)
    const hashes = counted.calls.filter((call) => /^passwords\.(?:hash|verify)$/.test(call))
    assert.deepEqual(hashes, ['passwords.verify'], JSON.stringify(json))
  }
})

test('only a right password tells that an account is disabled', async () => {
  const answer = await login({ json: { username: disabled.username, password: PASSWORD } })
  assert.equal(answer.problem.code, 'account_disabled')
  assert.deepEqual(await deps.store.listSessions({ userId: disabled.id, now: deps.clock.now() }), [])
})

test('an unconfirmed address signs in, unless the server asks for confirmed ones', async () => {
  const strict = await startTestServer({ UM_REQUIRE_VERIFIED_EMAIL: 'on' })
  const fresh = await strict.newUser({ emailVerified: false })
  const send = (password: string) =>
    strict.client.send('POST', '/users/login', { json: { email: fresh.email, password } })
  assert.equal((await send(PASSWORD)).problem.code, 'email_not_verified')
  assert.equal((await send('wrong password here')).problem.code, 'invalid_credentials')
  const lenient = await newUser({ emailVerified: false })
  assert.equal((await login({ json: { email: lenient.email, password: PASSWORD } })).status, 200)
})

test('exactly one of email and username is asked for', async () => {
  const both = await login({ json: { email: user.email, username: user.username, password: PASSWORD } })
  assert.equal(both.problem.code, 'validation_failed')
  const neither = await login({ json: { password: PASSWORD } })
  assert.equal(neither.problem.code, 'validation_failed')
  assert.deepEqual(neither.fieldErrors, ['/email field_required'])
})

test('an identifier of 1 to 320 characters is taken, and no other', async () => {
  const empty = await login({ json: { username: '', password: PASSWORD } })
  assert.deepEqual(empty.fieldErrors, ['/username field_too_short'])
  const long = await login({ json: { email: 'x'.repeat(321), password: PASSWORD } })
  assert.deepEqual(long.fieldErrors, ['/email field_too_long'])
})

test('the form of OAuth 2 signs in, and its other fields and client credentials are ignored', async () => {
  const form = {
    grant_type: 'password',
    username: user.email,
    password: PASSWORD,
    scope: 'a b',
    client_id: 'x',
    client_secret: 'y',
  }
  const answer = await login({ form, headers: { authorization: 'Basic eDp5' } })
  assert.equal(answer.status, 200, answer.text)
  const { access_token: token } = answer.json<SignedInBody>()
  assert.equal((await server.profile(token)).status, 200)
})

test('a form with an unknown field, a field twice or no UTF-8 is refused', async () => {
  const unknown = await login({ form: { username: user.username, password: PASSWORD, role: 'admin' } })
  assert.deepEqual(unknown.fieldErrors, ['/role unknown_field'])
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const twice = await login({ body: `username=${user.username}&password=x&password=y`, headers })
  assert.equal(twice.problem.code, 'request_invalid')
  const bytes = await login({ body: new Uint8Array([0x75, 0x3d, 0xff, 0xfe]), headers })
  assert.equal(bytes.status, 400)
})

test('a form from another site is refused before anything is looked up', async () => {
  const form = { username: user.username, password: PASSWORD }
  const foreign: readonly Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site', origin: deps.rules.publicUrl },
    { origin: 'https://attacker.example' },
    { origin: 'https://localhost.attacker.example' },
    { origin: 'http://localhost.attacker.example:8080' },
    { origin: 'http://127.0.0.1.attacker.example' },
    { origin: 'null' },
    { origin: 'null', 'sec-fetch-site': 'same-site' },
    { origin: '' },
    { origin: 'http://localhost/path' },
    { origin: 'file://' },
  ]
  for (const headers of foreign) {
    const answer = await login({ form, headers })
    assert.equal(answer.problem.code, 'cross_site_request', JSON.stringify(headers))
  }
})

test('a form from a page of this server or of a loopback origin signs in', async () => {
  const form = { username: user.username, password: PASSWORD }
  const ours: readonly Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'same-origin', origin: deps.rules.publicUrl },
    { 'sec-fetch-site': 'same-origin', origin: 'null' },
    { 'sec-fetch-site': 'none' },
    { origin: 'http://127.0.0.1:5173' },
    { origin: 'http://[::1]:3000' },
  ]
  for (const headers of ours)
    assert.equal((await login({ form, headers })).status, 200, JSON.stringify(headers))
})

test('JSON is taken from any site, since no page can send it without asking first', async () => {
  const json = { username: user.username, password: PASSWORD }
  const answer = await login({
    json,
    headers: { origin: 'https://attacker.example', 'sec-fetch-site': 'cross-site' },
  })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['access-control-allow-origin'], undefined)
})

test('a password typed in another Unicode form is the same password', async () => {
  const password = 'grüne Bäume am Fluß'
  const json = { username: 'composed', email: 'composed@example.com', password: password.normalize('NFC') }
  assert.equal((await client.send('POST', '/users/register', { json })).status, 201)
  const answer = await login({ json: { username: 'composed', password: password.normalize('NFD') } })
  assert.equal(answer.status, 200)
})

test('the name of the device is kept with the session, and a bad one is refused', async () => {
  const named = await server.signIn(user, { device_name: 'Kitchen 📱' })
  const list = await client.send('GET', '/users/sessions', { token: named.access_token })
  const items = list.json<{ items: { id: string; device_name: string | null }[] }>().items
  assert.equal(items.find(({ id }) => id === named.session_id)?.device_name, 'Kitchen 📱')
  for (const name of ['', 'x'.repeat(101), 'line\nbreak']) {
    const answer = await login({ json: { username: user.username, password: PASSWORD, device_name: name } })
    assert.equal(answer.status, 422)
  }
})

test('neither log nor answers of sign-ins hold passwords, addresses or names', () => {
  assert.doesNotMatch(JSON.stringify(server.log), /example\.com|person-|four plain|nobody|Kitchen/)
})
