import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import { startTestServer } from '../support/server.ts'
import type { UserBody } from '../support/client.ts'

const { client, clock, deps, log, mailbox, newUser } = await startTestServer()
const password = 'a violin in the orchard'

function register(json: unknown, headers: Readonly<Record<string, string>> = {}) {
  return client.send('POST', '/users/register', { json, headers })
}

test('registering answers 201 with the address and the whole user, and no secret', async () => {
  const profile = { display_name: 'Ada Lovelace', bio: 'First\nprogrammer 💡' }
  const answer = await register({
    username: 'Ada',
    email: 'Ada@Example.com',
    password,
    profile,
    locale: 'en-GB',
  })
  assert.equal(answer.status, 201)
  const user = answer.json<UserBody>()
  assert.equal(answer.headers['location'], `/users/${user.id}`)
  const { id, created_at: createdAt, updated_at: updatedAt, ...rest } = user
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/)
  assert.equal(createdAt, updatedAt)
  assert.deepEqual(rest, {
    username: 'Ada',
    email: 'Ada@example.com',
    email_verified: false,
    pending_email: null,
    roles: ['user'],
    status: 'active',
    locale: 'en-GB',
    profile,
    last_sign_in_at: null,
  })
  assert.doesNotMatch(answer.text, /password|hash|argon2|epoch|version/)
})

test('profile is empty and the locale en where they are not given', async () => {
  const { profile, locale } = (
    await register({ username: 'bare', email: 'b@example.com', password })
  ).json<UserBody>()
  assert.deepEqual({ profile, locale }, { profile: {}, locale: 'en' })
})

test('a registration mails one link that begins with the public URL', async () => {
  await register({ username: 'mailed', email: 'Post@Example.com', password })
  const mail = await mailbox.wait({ to: 'post@example.com' })
  assert.equal(mail.kind, 'verify_email')
  assert.equal(mail.to, 'Post@example.com')
  assert.deepEqual(
    mail.links.filter((link) => link.includes('/verify-email/')),
    [`${deps.rules.publicUrl}/users/verify-email/${mail.tokens[0]}`],
  )
})

test('every broken rule of every field is named in one answer', async () => {
  const answer = await register({
    username: 'a!',
    email: 'nobody',
    password: 'short',
    profile: { display_name: '', website: 'http://example.com', shoe_size: 42, bio: 7 },
    locale: 'not a locale',
    roles: ['admin'],
    favourite: 1,
  })
  assert.equal(answer.problem.code, 'validation_failed')
  assert.deepEqual(answer.fieldErrors, [
    '/email email_format',
    '/favourite unknown_field',
    '/locale field_format',
    '/password password_too_short',
    '/profile/bio field_type',
    '/profile/display_name field_too_short',
    '/profile/shoe_size unknown_field',
    '/profile/website field_format',
    '/roles field_read_only',
    '/username username_format',
  ])
})

test('more than twenty wrong fields are all named', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`field_${index}`, index]))
  const answer = await register({ ...unknown })
  const missing = ['/email field_required', '/password field_required', '/username field_required']
  const named = Object.keys(unknown).map((name) => `/${name} unknown_field`)
  assert.deepEqual(answer.fieldErrors, [...missing, ...named].toSorted())
})

test('each rule for passwords has a code of its own', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['1234567', 'password_too_short'],
    ['x'.repeat(257), 'password_too_long'],
    ['password123', 'password_too_common'],
    ['with carlotta inside', 'password_contains_personal'],
    ['from the wonderland', 'password_contains_personal'],
    ['with\u0001a control character', 'password_characters'],
    ['with a tab\tcharacter', 'password_characters'],
  ]
  for (const [wrong, code] of cases) {
    const answer = await register({ username: 'Carlotta', email: 'c@wonderland.example', password: wrong })
    assert.equal(answer.status, 422, code)
    assert.ok(answer.fieldErrors.includes(`/password ${code}`), `${code}: ${answer.fieldErrors.join()}`)
  }
})

test('the length of a password counts code points after normalization', async () => {
  const eight = await register({
    username: 'eight',
    email: 'eight@example.com',
    password: '💡🎻🌳🧦🪐🦊🧭🪑',
  })
  assert.equal(eight.status, 201)
  const seven = await register({
    username: 'seven',
    email: 'seven@example.com',
    password: 'e\u0301'.repeat(7),
  })
  assert.deepEqual(seven.fieldErrors, ['/password password_too_short'])
})

test('a taken address and a taken username are both named in one 409', async () => {
  const taken = await newUser()
  const both = await register({
    username: taken.username.toUpperCase(),
    email: taken.email.toUpperCase(),
    password,
  })
  assert.equal(both.status, 409)
  assert.equal(both.problem.code, 'email_taken')
  assert.deepEqual(both.fieldErrors, ['/email email_taken', '/username username_taken'])
  assert.match(both.problem.action, /POST \/users\/reset-password/)
  const name = await register({ username: taken.username, email: 'free@example.com', password })
  assert.equal(name.problem.code, 'username_taken')
  assert.deepEqual(name.fieldErrors, ['/username username_taken'])
  const again = await register({ username: 'another-name', email: 'free@example.com', password })
  assert.equal(again.status, 201, 'a refused registration keeps no claim')
})

test('of ten registrations of one address at once, one succeeds and nine are told so', async () => {
  const attempts = Array.from({ length: 10 }, (_, index) =>
    register({ username: `racer-${index}`, email: 'race@example.com', password }),
  )
  const statuses = (await Promise.all(attempts)).map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 201).length, 1)
  assert.equal(statuses.filter((status) => status === 409).length, 9)
})

test('the same Idempotency-Key with the same body gives the first answer again, and one mail', async () => {
  const body = { username: 'once', email: 'once@example.com', password, profile: { given_name: 'O' } }
  const headers = { 'idempotency-key': '9f1c-once' }
  const first = await register(body, headers)
  const second = await register(body, headers)
  assert.deepEqual([first.status, second.status], [201, 201])
  assert.equal(second.text, first.text)
  assert.equal(second.headers['location'], first.headers['location'])
  const sentinel = await register({ username: 'later', email: 'later@example.com', password })
  assert.equal(sentinel.status, 201)
  await mailbox.wait({ to: 'later@example.com' })
  assert.equal((await mailbox.list({ to: 'once@example.com' })).length, 1)
})

test('the same Idempotency-Key with another body is refused, and only a success is remembered', async () => {
  const headers = { 'idempotency-key': 'key-of-two' }
  const wrong = await register({ username: 'x', email: 'two@example.com', password }, headers)
  assert.equal(wrong.status, 422)
  const first = await register({ username: 'two', email: 'two@example.com', password }, headers)
  assert.equal(first.status, 201)
  const other = await register({ username: 'three', email: 'three@example.com', password }, headers)
  assert.equal(other.problem.code, 'idempotency_key_reused')
  assert.equal(other.problem.errors, undefined)
})

test('an Idempotency-Key never shows the account of somebody who used another key', async () => {
  const body = { username: 'own-key', email: 'own-key@example.com', password }
  assert.equal((await register(body, { 'idempotency-key': 'a' })).status, 201)
  const other = await register(body, { 'idempotency-key': 'b' })
  assert.equal(other.problem.code, 'email_taken')
  assert.doesNotMatch(other.text, /own-key/)
})

test('an Idempotency-Key is forgotten after a day, and with its user', async () => {
  const body = { username: 'gone', email: 'gone@example.com', password }
  const headers = { 'idempotency-key': 'key-of-gone' }
  const first = (await register(body, headers)).json<UserBody>()
  const audit = {
    id: deps.ids.next(),
    at: clock.now(),
    action: 'delete-account',
    actorId: null,
    userId: first.id,
  }
  const trail = { audit: { ...audit, requestId: deps.ids.next(), detail: null } }
  const idHash = deps.secrets.hashId(first.id)
  await deps.store.deleteUser({ userId: first.id, expectEpoch: null, idHash, now: clock.now() }, trail)
  const second = await register(body, headers)
  assert.equal(second.status, 201)
  assert.notEqual(second.json<UserBody>().id, first.id)
  clock.advance(lifetimes.idempotencyMs + 1)
  const late = await register(body, headers)
  assert.equal(late.problem.code, 'email_taken')
})

test('an Idempotency-Key that is empty, too long or not visible ASCII is a 400', async () => {
  const body = { username: 'bad-key', email: 'bad-key@example.com', password }
  for (const key of ['', 'two words', 'k'.repeat(256), 'kéy']) {
    const answer = await register(body, { 'idempotency-key': key })
    assert.equal(answer.problem.code, 'request_invalid', key)
  }
  assert.equal((await register(body, { 'idempotency-key': 'k'.repeat(255) })).status, 201)
})

test('a closed server registers nobody', async () => {
  const closed = await startTestServer({ UM_REGISTRATION: 'closed' })
  const json = { username: 'late', email: 'late@example.com', password }
  const answer = await closed.client.send('POST', '/users/register', { json })
  assert.equal(answer.problem.code, 'registration_closed')
  assert.equal(await closed.deps.store.findUserByIdentifier({ key: 'u:late' }), null)
})

test('the log of registrations holds ids and nothing personal', () => {
  const text = JSON.stringify(log)
  assert.doesNotMatch(text, /example\.com|Ada|violin|once/)
})
