import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUser } from '../../src/domain/create-user.ts'
import { lifetimes } from '../../src/domain/limits.ts'
import { operator } from '../../src/domain/policy.ts'
import type { UserBody } from '../support/client.ts'
import { PASSWORD } from '../support/server-users.ts'
import { kindsFor, seen, strictDisclosure, workOf } from './strict-disclosure.ts'

const server = await strictDisclosure({})
const { client, clock, deps, mailbox, newUser, signIn } = server

function signInBy(identifier: object, password = PASSWORD) {
  return client.send('POST', '/users/login', { json: { ...identifier, password } })
}

test('an Idempotency-Key has no effect: there is no first 201 to give again', async () => {
  const register = (username: string) =>
    client.send('POST', '/users/register', {
      json: { username, email: 'keyed@example.com', password: PASSWORD },
      headers: { 'Idempotency-Key': 'the-same-key' },
    })
  assert.equal((await register('keyed-one')).status, 202)
  assert.equal((await register('keyed-two')).status, 202)
  assert.equal((await register('keyed-one')).problem.code, 'username_taken')
})

test('a pending account is nobody: not for administrators, and not for links of any kind', async () => {
  const email = 'nobody-yet@example.com'
  await client.send('POST', '/users/register', {
    json: { username: 'nobody-yet', email, password: PASSWORD },
  })
  const link = await mailbox.wait({ to: email })
  const admin = await newUser({ roles: ['admin'] })
  const { access_token: token } = await signIn(admin)
  const list = await client.send('GET', '/users?search=nobody-yet', { token })
  assert.deepEqual(list.json()['items'], [])
  const hash = deps.secrets.hashOneTimeToken(link.tokens[0] ?? '')
  const state = hash && (await deps.store.peekToken({ hash, kinds: ['verify_email'], now: clock.now() }))
  assert.equal(state?.user.status, 'pending')
  for (const method of ['GET', 'DELETE']) {
    const answer = await client.send(method, `/users/${state?.user.id}`, { token })
    assert.equal(answer.problem.code, 'user_not_found')
  }
  for (const path of ['/users/reset-password', '/users/verify-email']) {
    const forPending = await workOf(server, () => client.send('POST', path, { json: { email } }))
    const forStranger = await workOf(server, () =>
      client.send('POST', path, { json: { email: 'stranger@example.com' } }),
    )
    assert.deepEqual(seen(forPending.answer), seen(forStranger.answer))
    assert.deepEqual(forPending.calls, forStranger.calls)
  }
  assert.equal((await client.send('GET', `/users/verify-email/${link.tokens[0]}`)).status, 200)
  const form = { token: link.tokens[0] ?? '', password: PASSWORD }
  assert.equal((await client.send('POST', '/account/verify-email', { form })).status, 200)
  assert.equal((await signInBy({ email })).status, 200)
  assert.deepEqual(await kindsFor(server, email), ['verify_email'], 'no other link went out')
})

test('a change of address answers the same for a taken and a free one, and tells its holder only', async () => {
  const holder = await newUser()
  const works = []
  for (const email of [holder.email, 'not-held@example.com']) {
    const asker = await newUser()
    const { access_token: token } = await signIn(asker)
    const work = await workOf(server, () => client.send('PUT', '/users/profile', { json: { email }, token }))
    assert.equal(work.answer.status, 200)
    const user = work.answer.json<UserBody>()
    assert.deepEqual([user.pending_email, user.email], [email, asker.email])
    assert.equal((await server.profile(token)).json<UserBody>().pending_email, email)
    works.push(work)
  }
  const [taken, free] = works
  assert.deepEqual(taken?.calls, free?.calls)
  assert.ok(taken?.calls.includes('store.findUserByIdentifier'))
  assert.deepEqual(taken?.shapes, free?.shapes)
  assert.deepEqual(Object.keys(taken?.answer.headers ?? {}), Object.keys(free?.answer.headers ?? {}))
  const notice = await mailbox.wait({ to: holder.email })
  assert.deepEqual([notice.kind, notice.tokens], ['address_taken', []])
  const link = await mailbox.wait({ to: 'not-held@example.com' })
  assert.equal(link.kind, 'change_email')
  assert.deepEqual(await kindsFor(server, holder.email), ['address_taken'])
  const moved = await client.send('POST', `/users/verify-email/${link.tokens[0]}`, {
    json: { password: PASSWORD },
  })
  assert.equal(moved.json<UserBody>().email, 'not-held@example.com')
  assert.equal((await signInBy({ email: holder.email })).json<{ user: UserBody }>().user.id, holder.id)
})

test('a taken username is still named with a change of address, and then nothing is mailed', async () => {
  const [holder, asker] = [await newUser(), await newUser()]
  const { access_token: token } = await signIn(asker)
  const json = { email: holder.email, username: holder.username }
  const answer = await client.send('PUT', '/users/profile', { json, token })
  assert.deepEqual(answer.fieldErrors, ['/username username_taken'])
  assert.equal((await server.profile(token)).json<UserBody>().pending_email, null)
  await client.send('POST', '/users/reset-password', { json: { email: asker.email } })
  await mailbox.wait({ to: asker.email })
  assert.deepEqual(await kindsFor(server, holder.email), [])
})

test('an administrator is not told either: the account appears when its password is set', async () => {
  const holder = await newUser()
  const { access_token: token } = await signIn(await newUser({ roles: ['admin'] }))
  const create = (username: string, email: string) =>
    workOf(server, () => client.send('POST', '/users', { token, json: { username, email, roles: ['user'] } }))
  const taken = await create('made-taken', holder.email)
  const free = await create('made-free', 'made@example.com')
  assert.deepEqual([free.answer.status, free.answer.text], [202, '{"status":"accepted"}'])
  assert.deepEqual(seen(taken.answer), seen(free.answer))
  assert.deepEqual([taken.calls, taken.shapes], [free.calls, free.shapes])
  assert.equal((await create('made-free', 'x@example.com')).answer.problem.code, 'username_taken')
  assert.equal((await mailbox.wait({ to: holder.email })).kind, 'address_taken')
  const link = await mailbox.wait({ to: 'made@example.com' })
  assert.equal(link.kind, 'set_password')

  clock.advance(lifetimes.verifyTokenMs + 1000)
  await deps.store.sweep({ now: clock.now() })
  const password = 'an entirely new secret'
  assert.equal((await signInBy({ username: 'made-free' }, password)).problem.code, 'invalid_credentials')
  const redeemed = await client.send('POST', `/users/reset-password/${link.tokens[0]}`, {
    json: { password },
  })
  assert.equal(redeemed.status, 200, 'the link lives for seven days, and the reservation with it')
  const { user } = (await signInBy({ username: 'made-free' }, password)).json<{ user: UserBody }>()
  assert.deepEqual([user.status, user.email_verified], ['active', true])

  clock.advance(lifetimes.setPasswordTokenMs)
  await deps.store.sweep({ now: clock.now() })
  const { access_token: later } = await signIn(await newUser({ roles: ['admin'] }))
  const json = { username: 'made-taken', email: 'y@example.com', roles: ['user'] }
  assert.equal((await client.send('POST', '/users', { token: later, json })).status, 202, 'free again')
})

test('a set-password link for an address that is verified meanwhile is refused, and its holder stays', async () => {
  const email = 'meanwhile@example.com'
  const { access_token: token } = await signIn(await newUser({ roles: ['admin'] }))
  await client.send('POST', '/users', { token, json: { username: 'invited', email, roles: ['user'] } })
  const invitation = await mailbox.wait({ to: email })
  await client.send('POST', '/users/register', { json: { username: 'self-made', email, password: PASSWORD } })
  const link = await mailbox.wait({ to: email, after: invitation.id })
  await client.send('POST', `/users/verify-email/${link.tokens[0]}`, { json: { password: PASSWORD } })
  const json = { password: 'an entirely new secret' }
  const refused = await client.send('POST', `/users/reset-password/${invitation.tokens[0]}`, { json })
  assert.equal(refused.problem.code, 'reset_token_invalid')
  assert.equal((await signInBy({ email })).json<{ user: UserBody }>().user.username, 'self-made')
  assert.equal((await signInBy({ username: 'invited' }, json.password)).problem.code, 'invalid_credentials')
})

test('from the operator at the command line nothing is concealed', async () => {
  const caller = { requestId: deps.ids.next(), userAgent: null }
  const create = (username: string, email: string) =>
    createUser({ actor: operator, creation: { username, email } }, caller, deps)
  const created = await create('by-operator', 'operator@example.com')
  assert.ok(created.kind === 'created' && created.user.status === 'active')
  const holder = await newUser()
  await assert.rejects(create('by-operator-2', holder.email), { code: 'email_taken' })
})
