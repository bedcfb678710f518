import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserBody } from '../support/client.ts'
import { settingsWithRoles } from '../support/roles-file.ts'
import { startTestServer } from '../support/server.ts'
import { PASSWORD } from '../support/server-users.ts'

const server = await startTestServer(
  settingsWithRoles({
    clerk: ['users:write'],
    granter: ['users:read', 'roles:write'],
    support: ['users:read'],
  }),
)
const { client, deps, mailbox, newUser, signIn } = server
const keeper = await newUser({ roles: ['admin'] })
const { access_token: admin } = await signIn(keeper)

function change(id: string, json: unknown, token = admin) {
  return client.send('PATCH', `/users/${id}`, { token, json })
}

function login(username: string, password = PASSWORD) {
  return client.send('POST', '/users/login', { json: { username, password } })
}

async function storedOf(id: string): Promise<string> {
  return JSON.stringify(await deps.store.findUser({ id }))
}

test('a granted role counts with the next request, and the session goes on', async () => {
  const user = await newUser()
  const { access_token: token } = await signIn(user)
  assert.equal((await client.send('GET', '/users', { token })).problem.code, 'permission_denied')
  const answer = await change(user.id.toUpperCase(), { roles: ['user', 'support'] })
  assert.equal(answer.status, 200, answer.text)
  assert.deepEqual(answer.json<UserBody>().roles, ['support', 'user'])
  assert.equal((await client.send('GET', '/users', { token })).status, 200)
  const profile = await server.profile(token)
  assert.equal(profile.text, answer.text)
  assert.equal(profile.headers['etag'], answer.headers['etag'])
})

test('a demotion ends every session at once, so that no token of before does anything', async () => {
  const user = await newUser({ roles: ['admin'] })
  const sessions = [await signIn(user), await signIn(user)]
  assert.equal((await change(user.id, { roles: ['user'] })).status, 200)
  for (const { access_token: token, refresh_token: refresh } of sessions) {
    assert.equal((await client.send('GET', '/users', { token })).problem.code, 'session_revoked')
    assert.equal((await server.profile(token)).problem.code, 'session_revoked')
    const json = { refresh_token: refresh }
    const refreshed = await client.send('POST', '/users/token/refresh', { json })
    assert.equal(refreshed.problem.code, 'refresh_token_invalid')
  }
  const { access_token: token } = await signIn(user)
  assert.equal((await client.send('GET', '/users', { token })).problem.code, 'permission_denied')
})

test('a disabled user is refused everywhere, and an enabled one works again without its old sessions', async () => {
  const user = await newUser()
  const { access_token: token, refresh_token: refresh } = await signIn(user)
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  const link = await mailbox.token({ to: user.email, kind: 'reset_password' })
  const answer = await change(user.id, { status: 'disabled' })
  assert.equal(answer.json<UserBody>().status, 'disabled')

  assert.equal((await server.profile(token)).problem.code, 'session_revoked')
  const json = { refresh_token: refresh }
  const refreshed = await client.send('POST', '/users/token/refresh', { json })
  assert.equal(refreshed.problem.code, 'refresh_token_invalid')
  assert.equal((await login(user.username)).problem.code, 'account_disabled')
  assert.equal((await login(user.username, 'not the password')).problem.code, 'invalid_credentials')
  const redeem = { json: { password: 'a kite above the harbour' } }
  const path = `/users/reset-password/${link}`
  assert.equal((await client.send('POST', path, redeem)).problem.code, 'reset_token_invalid')
  const asked = await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  assert.equal(asked.status, 202)

  assert.equal((await change(user.id, { status: 'active' })).json<UserBody>().status, 'active')
  assert.equal((await server.profile(token)).problem.code, 'session_revoked')
  assert.notEqual((await client.send('POST', path, redeem)).status, 200, 'the link stays dead')
  const again = await signIn(user)
  assert.equal((await server.profile(again.access_token)).status, 200)
  const mails = await mailbox.list({ to: user.email })
  assert.deepEqual(
    mails.map(({ kind }) => kind),
    ['reset_password'],
    'a disabled user gets no mail',
  )
})

test('roles and status change together or not at all', async () => {
  const user = await newUser()
  const answer = await change(user.id, { roles: ['support'], status: 'disabled' })
  const { roles, status } = answer.json<UserBody>()
  assert.deepEqual([roles, status], [['support'], 'disabled'])
  const before = await storedOf(user.id)
  const refused = await change(user.id, { status: 'active', roles: ['nobody-defined-it'] })
  assert.deepEqual(refused.fieldErrors, ['/roles/0 field_format'])
  assert.equal(await storedOf(user.id), before)
})

test('a change to what is already there changes nothing, not even the version, and ends no session', async () => {
  const user = await newUser({ roles: ['support', 'user'] })
  const { access_token: token } = await signIn(user)
  const before = await storedOf(user.id)
  for (const same of [{ roles: ['user', 'support', 'user'] }, { status: 'active' }, {}]) {
    const answer = await change(user.id, same)
    assert.equal(answer.status, 200, answer.text)
    assert.equal(await storedOf(user.id), before, JSON.stringify(same))
  }
  assert.equal((await server.profile(token)).status, 200)
})

test('an account without any role signs in and reads itself, and nothing else', async () => {
  const user = await newUser()
  assert.deepEqual((await change(user.id, { roles: [] })).json<UserBody>().roles, [])
  const { access_token: token } = await signIn(user)
  assert.equal((await server.profile(token)).status, 200)
  assert.equal((await client.send('GET', '/users', { token })).problem.code, 'permission_denied')
})

test('the last administrator is neither demoted nor disabled, and others without a password do not count', async () => {
  const alone = await startTestServer()
  const last = await alone.newUser({ roles: ['admin', 'user'] })
  const { access_token: token } = await alone.signIn(last)
  await alone.newUser({ roles: ['admin'], status: 'disabled' })
  const created = { username: 'without-password', email: 'without@example.com', roles: ['admin'] }
  assert.equal((await alone.client.send('POST', '/users', { token, json: created })).status, 201)
  for (const json of [{ roles: ['user'] }, { roles: [] }, { status: 'disabled' }]) {
    const answer = await alone.client.send('PATCH', `/users/${last.id}`, { token, json })
    assert.deepEqual([answer.status, answer.problem.code], [409, 'last_admin'], JSON.stringify(json))
  }
  assert.equal((await alone.client.send('GET', '/users', { token })).status, 200)
  const other = await alone.newUser({ roles: ['admin'] })
  const demoted = await alone.client.send('PATCH', `/users/${other.id}`, { token, json: { roles: [] } })
  assert.equal(demoted.status, 200)
})

test('each part needs its own permission, and neither reaches beyond what the actor holds', async () => {
  const tokens: Record<string, string> = {}
  for (const role of ['clerk', 'granter', 'support'])
    tokens[role] = (await signIn(await newUser({ roles: [role] }))).access_token
  const [plain, supporter, boss] = [
    await newUser(),
    await newUser({ roles: ['support'] }),
    await newUser({ roles: ['admin'] }),
  ]
  const cases: readonly (readonly [string, { readonly id: string }, object, string])[] = [
    ['clerk', plain, { status: 'disabled' }, 'done'],
    ['clerk', plain, { roles: ['user'] }, 'permission_denied'],
    ['clerk', plain, { status: 'active', roles: ['user'] }, 'permission_denied'],
    ['clerk', supporter, { status: 'disabled' }, 'insufficient_privilege'],
    ['clerk', boss, { status: 'disabled' }, 'insufficient_privilege'],
    ['granter', plain, { roles: ['support'] }, 'done'],
    ['granter', plain, { status: 'active' }, 'permission_denied'],
    ['granter', plain, { roles: ['clerk'] }, 'insufficient_privilege'],
    ['granter', plain, { roles: ['user', 'admin'] }, 'insufficient_privilege'],
    ['granter', supporter, { roles: [] }, 'done'],
    ['granter', boss, { roles: [] }, 'insufficient_privilege'],
    ['support', plain, { status: 'disabled' }, 'permission_denied'],
    ['support', plain, {}, 'permission_denied'],
  ]
  for (const [role, { id }, json, expected] of cases) {
    const before = await storedOf(id)
    const answer = await change(id, json, tokens[role] ?? '')
    const outcome = answer.status === 200 ? 'done' : answer.problem.code
    assert.equal(outcome, expected, `${role} ${JSON.stringify(json)} ${answer.text}`)
    if (expected !== 'done') assert.equal(await storedOf(id), before)
  }
})

test('nobody raises their own permissions', async () => {
  const granter = await newUser({ roles: ['granter'] })
  const { access_token: token } = await signIn(granter)
  for (const roles of [['admin'], ['granter', 'admin'], ['granter', 'clerk']]) {
    const answer = await change(granter.id, { roles }, token)
    assert.equal(answer.problem.code, 'insufficient_privilege')
  }
  assert.equal((await server.profile(token)).json<UserBody>().roles.join(), 'granter')
})

test('no other field of a user is written here, in whatever form', async () => {
  const user = await newUser()
  const before = await storedOf(user.id)
  const forms: readonly unknown[] = ['x', null, true, 0, [], {}, { $set: 'x' }]
  const readOnly = ['id', 'email_verified', 'pending_email', 'password', 'created_at', 'last_sign_in_at']
  const unknown = ['username', 'email', 'profile', 'password_hash', 'epoch', 'version', 'roles.0', '$set']
  for (const form of forms) {
    const json = Object.fromEntries([...readOnly, ...unknown].map((name) => [name, form]))
    const answer = await change(user.id, { ...json, status: 'disabled' })
    const expected = [
      ...readOnly.map((name) => `/${name} field_read_only`),
      ...unknown.map((name) => `/${name} unknown_field`),
    ]
    assert.deepEqual(answer.fieldErrors, expected.toSorted(), JSON.stringify(form))
  }
  const wrong: readonly (readonly [object, string])[] = [
    [{ status: 'pending' }, '/status field_format'],
    [{ status: null }, '/status field_format'],
    [{ status: ['disabled'] }, '/status field_format'],
    [{ roles: null }, '/roles field_type'],
    [{ roles: 'admin' }, '/roles field_type'],
    [{ roles: { 0: 'admin' } }, '/roles field_type'],
    [{ roles: [['admin']] }, '/roles/0 field_type'],
    [{ roles: ['Admin'] }, '/roles/0 field_format'],
    [{ roles: ['constructor'] }, '/roles/0 field_format'],
  ]
  for (const [json, expected] of wrong)
    assert.deepEqual((await change(user.id, json)).fieldErrors, [expected], JSON.stringify(json))
  assert.equal(await storedOf(user.id), before)
})

test('a user that is not there, or has confirmed nothing yet, is not found', async () => {
  const pending = await newUser({ status: 'pending' })
  for (const id of [deps.ids.next(), pending.id]) {
    const answer = await change(id, { status: 'active' })
    assert.equal(answer.problem.code, 'user_not_found')
  }
})
