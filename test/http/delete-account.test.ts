import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { UserBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'
import { PASSWORD } from '../support/server-users.ts'

const server = await startTestServer()
const { client, clock, deps, mailbox, newUser, signIn } = server

interface Receipt {
  readonly deletion_id: string
  readonly deleted_at: string
  readonly erased: Readonly<Record<string, number>>
  readonly retained: readonly { readonly what: string; readonly reason: string; readonly until: string }[]
}

function remove(token: string, json?: unknown) {
  return client.send('DELETE', '/users/delete', { token, ...(json !== undefined && { json }) })
}

test('a deletion answers with a receipt of what was erased and of what is retained until when', async () => {
  const user = await newUser()
  const { device_token } = await signIn(user)
  const { access_token: token } = await signIn(user, { device_token })
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  await mailbox.wait({ to: user.email })
  const answer = await remove(token)
  assert.equal(answer.status, 200)
  const receipt = answer.json<Receipt>()
  assert.equal(receipt.erased['sessions'], 2)
  assert.equal(receipt.erased['identifiers'], 2)
  assert.equal(receipt.erased['one_time_tokens'], 1)
  assert.equal(receipt.erased['inbox_messages'], 1)
  assert.ok(receipt.retained.length > 0)
  for (const { what, reason, until } of receipt.retained) {
    assert.ok(what && reason && until > receipt.deleted_at, what)
  }
  assert.doesNotMatch(answer.text, new RegExp(`${user.email}|${user.username}`))
})

test('every token, link and mail of a deleted user is dead at once', async () => {
  const user = await newUser({ emailVerified: false })
  const [one, other] = [await signIn(user), await signIn(user)]
  for (const path of ['/users/reset-password', '/users/verify-email'])
    await client.send('POST', path, { json: { email: user.email } })
  const reset = await mailbox.token({ to: user.email, kind: 'reset_password' })
  const verify = await mailbox.token({ to: user.email, kind: 'verify_email' })
  assert.equal((await remove(one.access_token, { password: PASSWORD })).status, 200)
  for (const { access_token: access, refresh_token: refresh } of [one, other]) {
    assert.equal((await server.profile(access)).problem.code, 'session_revoked')
    const refreshed = await client.send('POST', '/users/token/refresh', { json: { refresh_token: refresh } })
    assert.equal(refreshed.problem.code, 'refresh_token_invalid')
  }
  const login = await client.send('POST', '/users/login', {
    json: { username: user.username, password: PASSWORD },
  })
  assert.equal(login.problem.code, 'invalid_credentials')
  const json = { password: 'a heron beside the canal' }
  const redeemed = await client.send('POST', `/users/reset-password/${reset}`, { json })
  assert.equal(redeemed.problem.code, 'reset_token_invalid')
  const confirmed = await client.send('POST', `/users/verify-email/${verify}`, {
    json: { password: PASSWORD },
  })
  assert.equal(confirmed.problem.code, 'verify_token_invalid')
  assert.deepEqual(await mailbox.list({ to: user.email }), [])
  assert.equal((await remove(one.access_token)).problem.code, 'session_revoked')
})

test('mails that wait for a deleted user are never sent', async () => {
  const [user, witness] = [await newUser(), await newUser()]
  const { access_token: token } = await signIn(user)
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  await remove(token)
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  await client.send('POST', '/users/reset-password', { json: { email: witness.email } })
  await mailbox.wait({ to: witness.email })
  assert.deepEqual(await mailbox.list({ to: user.email }), [])
})

test('the same address and username register again, as somebody new (row 49)', async () => {
  const user = await newUser()
  const { access_token: token } = await signIn(user)
  await remove(token)
  const json = { username: user.username, email: user.email, password: PASSWORD }
  const again = await client.send('POST', '/users/register', { json })
  assert.equal(again.status, 201)
  assert.notEqual(again.json<UserBody>().id, user.id)
  assert.equal((await server.profile(token)).problem.code, 'session_revoked')
})

test('without a fresh proof the password is asked for, and a wrong one deletes nothing', async () => {
  const user = await newUser()
  const { access_token: token } = await signIn(user)
  assert.equal((await remove(token, { password: 'wrong password here' })).problem.code, 'password_incorrect')
  clock.advance(lifetimes.freshAuthenticationMs + 1000)
  assert.equal((await remove(token)).problem.code, 'fresh_authentication_required')
  assert.equal((await remove(token, {})).problem.code, 'fresh_authentication_required')
  assert.notEqual(await deps.store.findUser({ id: user.id }), null)
  assert.equal((await remove(token, { password: PASSWORD })).status, 200)
})

test('a body that names somebody else is refused and deletes nobody', async () => {
  const [user, other] = [await newUser(), await newUser()]
  const { access_token: token } = await signIn(user)
  const answer = await remove(token, { password: PASSWORD, user_id: other.id, id: other.id })
  assert.deepEqual(answer.fieldErrors, ['/id field_read_only', '/user_id unknown_field'])
  for (const { id } of [user, other]) assert.notEqual(await deps.store.findUser({ id }), null)
})

test('the last administrator stays, a second one may go', async () => {
  const [first, second] = [await newUser({ roles: ['admin'] }), await newUser({ roles: ['admin'] })]
  const tokens = [(await signIn(first)).access_token, (await signIn(second)).access_token]
  const answers = await Promise.all(tokens.map((token) => remove(token)))
  const statuses = answers.map(({ status }) => status).toSorted((one, other) => one - other)
  assert.deepEqual(statuses, [200, 409])
  const refused = answers.find(({ status }) => status === 409)
  assert.equal(refused?.problem.code, 'last_admin')
  const left = await Promise.all([first, second].map(({ id }) => deps.store.findUser({ id })))
  assert.equal(left.filter((user) => user !== null).length, 1)
})

test('of many deletions at once one has the receipt, the others find the session ended', async () => {
  const user = await newUser()
  const { access_token: token } = await signIn(user)
  const answers = await Promise.all(Array.from({ length: 10 }, () => remove(token)))
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  const refused = answers.filter(({ status }) => status !== 200).map(({ problem }) => problem.code)
  assert.deepEqual([...new Set(refused)], ['session_revoked'])
})

test('the log of deletions holds ids and nothing personal', () => {
  assert.doesNotMatch(JSON.stringify(server.log), /example\.com|person-|four plain/)
})
