import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { SignedInBody, UserBody } from '../support/client.ts'
import { settingsWithRoles } from '../support/roles-file.ts'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer(
  settingsWithRoles({
    clerk: ['users:write'],
    'clerk-of-clerks': ['users:write', 'roles:write'],
    reader: ['users:read'],
  }),
)
const { client, clock, deps, mailbox, newUser, signIn } = server
const PASSWORD = 'seven herons on one pole'
let count = 0

async function tokenOf(...roles: readonly string[]): Promise<string> {
  return (await signIn(await newUser({ roles }))).access_token
}

function names() {
  count += 1
  return { username: `Guest-${count}`, email: `guest${count}@club.example` }
}

const admin = await tokenOf('admin')
const create = (json: unknown, token = admin) => client.send('POST', '/users', { token, json })
const redeem = (token: string, password = PASSWORD) =>
  client.send('POST', `/users/reset-password/${token}`, { json: { password } })

test('a created user is active, unconfirmed and without a password, and is told by mail how to set one', async () => {
  const given = names()
  const answer = await create({ ...given, locale: 'de' })
  assert.equal(answer.status, 201, answer.text)
  const user = answer.json<UserBody>()
  assert.equal(answer.headers['location'], `/users/${user.id}`)
  const { username, email, email_verified: verified, roles, status, locale, last_sign_in_at: last } = user
  assert.deepEqual(
    { username, email, verified, roles, status, locale, last },
    { ...given, verified: false, roles: ['user'], status: 'active', locale: 'de', last: null },
  )
  assert.equal((await deps.store.findUser({ id: user.id }))?.passwordHash, null)
  const mail = await mailbox.wait({ to: given.email })
  assert.equal(mail.kind, 'set_password')
  assert.deepEqual(mail.links, [`${server.app.publicUrl}/users/reset-password/${mail.tokens[0]}`])
})

test('nobody signs in before the link has set a password; then the address is confirmed', async () => {
  const given = names()
  await create(given)
  for (const password of [PASSWORD, '', 'null']) {
    const json = { username: given.username, password: password || ' ' }
    const early = await client.send('POST', '/users/login', { json })
    assert.equal(early.problem.code, 'invalid_credentials')
  }
  const link = await mailbox.token({ to: given.email, kind: 'set_password' })
  const page = await client.send('GET', `/users/reset-password/${link}`)
  assert.equal(page.status, 200)
  assert.equal((await redeem(link, 'password1')).fieldErrors[0], '/password password_too_common')
  assert.equal((await redeem(link)).status, 200)
  assert.equal((await redeem(link)).problem.code, 'reset_token_used')
  const login = await client.send('POST', '/users/login', {
    json: { email: given.email, password: PASSWORD },
  })
  assert.equal(login.json<SignedInBody>().user.email_verified, true)
})

test('a created administrator counts as one from the first password on, and not before', async () => {
  const alone = await startTestServer()
  const first = await alone.newUser({ roles: ['admin'] })
  const { access_token: token } = await alone.signIn(first)
  const json = { ...names(), roles: ['admin'] }
  assert.equal((await alone.client.send('POST', '/users', { token, json })).status, 201)
  const resign = () => alone.client.send('PATCH', `/users/${first.id}`, { token, json: { roles: ['user'] } })
  assert.equal((await resign()).problem.code, 'last_admin')
  const link = await alone.mailbox.token({ to: json.email, kind: 'set_password' })
  const path = `/users/reset-password/${link}`
  assert.equal((await alone.client.send('POST', path, { json: { password: PASSWORD } })).status, 200)
  assert.deepEqual((await resign()).json<UserBody>().roles, ['user'])
  const login = { username: json.username, password: PASSWORD }
  const second = await alone.client.send('POST', '/users/login', { json: login })
  const { access_token: other } = second.json<SignedInBody>()
  assert.equal((await alone.client.send('GET', '/users', { token: other })).status, 200)
})

test('a taken address and a taken username are named together, without regard to case', async () => {
  const given = names()
  await create(given)
  const email = given.email.toUpperCase()
  const both = await create({ username: given.username.toLowerCase(), email })
  assert.equal(both.status, 409)
  assert.deepEqual(both.fieldErrors, ['/email email_taken', '/username username_taken'])
  assert.equal((await create({ ...names(), email })).problem.code, 'email_taken')
  assert.equal((await create({ ...names(), username: given.username })).problem.code, 'username_taken')
})

test('everything wrong with a creation is named at once, and nobody is created', async () => {
  const json = { username: 'a b', email: 'x', locale: '?', roles: ['user', 'root', '__proto__'] }
  const answer = await create(json)
  assert.deepEqual(answer.fieldErrors, [
    '/email email_format',
    '/locale field_format',
    '/roles/1 field_format',
    '/roles/2 field_format',
    '/username username_format',
  ])
  const empty = await create({})
  assert.deepEqual(empty.fieldErrors, ['/email field_required', '/username field_required'])
  const given = names()
  const readOnly = { password: PASSWORD, email_verified: true, status: 'active', id: deps.ids.next() }
  const more = await create({ ...given, ...readOnly, password_hash: 'x', profile: {} })
  assert.deepEqual(more.fieldErrors, [
    '/email_verified field_read_only',
    '/id field_read_only',
    '/password field_read_only',
    '/password_hash unknown_field',
    '/profile unknown_field',
    '/status field_read_only',
  ])
  assert.equal(await deps.store.findUserByIdentifier({ key: `u:${given.username.toLowerCase()}` }), null)
})

test('only who may write roles creates others than plain users, and only with what they hold', async () => {
  const [clerk, chief, reader] = [
    await tokenOf('clerk'),
    await tokenOf('clerk-of-clerks'),
    await tokenOf('reader'),
  ]
  const cases: readonly (readonly [string, readonly string[] | undefined, string])[] = [
    [clerk, undefined, 'created'],
    [clerk, ['user'], 'created'],
    [clerk, [], 'created'],
    [clerk, ['clerk'], 'permission_denied'],
    [clerk, ['user', 'admin'], 'permission_denied'],
    [chief, ['clerk', 'user'], 'created'],
    [chief, ['clerk-of-clerks'], 'created'],
    [chief, ['reader'], 'insufficient_privilege'],
    [chief, ['clerk', 'admin'], 'insufficient_privilege'],
    [reader, ['user'], 'permission_denied'],
    [admin, ['admin', 'reader', 'admin'], 'created'],
  ]
  for (const [token, roles, expected] of cases) {
    const given = names()
    const answer = await create({ ...given, ...(roles && { roles }) }, token)
    const outcome = answer.status === 201 ? 'created' : answer.problem.code
    assert.equal(outcome, expected, JSON.stringify(roles))
    const found = await deps.store.findUserByIdentifier({ key: `u:${given.username.toLowerCase()}` })
    assert.equal(found !== null, expected === 'created')
  }
})

test('roles are kept once each, in the order of the table', async () => {
  const answer = await create({ ...names(), roles: ['user', 'admin', 'user', 'reader'] })
  assert.deepEqual(answer.json<UserBody>().roles, ['reader', 'admin', 'user'])
})

test('the link is good for seven days and no longer', async () => {
  const [soon, late] = [names(), names()]
  await create(soon)
  await create(late)
  const inTime = await mailbox.token({ to: soon.email })
  const tooLate = await mailbox.token({ to: late.email })
  clock.advance(lifetimes.setPasswordTokenMs - 60_000)
  assert.equal((await redeem(inTime)).status, 200)
  clock.advance(60_001)
  assert.equal((await redeem(tooLate)).problem.code, 'reset_token_expired')
})
