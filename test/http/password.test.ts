import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { SignedInBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'
import { PASSWORD } from '../support/server-users.ts'

const server = await startTestServer()
const { client, clock, mailbox, newUser, signIn } = server
const changed = 'a heron beside the canal'

function change(token: string, current: string, next: string) {
  const json = { current_password: current, new_password: next }
  return client.send('PUT', '/users/password', { json, token })
}

function login(username: string, password: string) {
  return client.send('POST', '/users/login', { json: { username, password } })
}

test('a change ends the other sessions, keeps this one with its tokens, and tells the owner', async () => {
  const user = await newUser()
  const [mine, other] = [await signIn(user), await signIn(user)]
  assert.equal((await change(mine.access_token, PASSWORD, changed)).status, 204)
  assert.equal((await server.profile(other.access_token)).problem.code, 'session_revoked')
  const otherRefresh = { json: { refresh_token: other.refresh_token } }
  assert.equal((await client.send('POST', '/users/token/refresh', otherRefresh)).status, 401)
  assert.equal((await server.profile(mine.access_token)).status, 200)
  const refreshed = await client.send('POST', '/users/token/refresh', {
    json: { refresh_token: mine.refresh_token },
  })
  assert.equal(refreshed.status, 200)
  assert.equal((await login(user.username, PASSWORD)).problem.code, 'invalid_credentials')
  assert.equal((await login(user.username, changed)).status, 200)
  await mailbox.wait({ to: user.email, kind: 'password_changed' })
})

test('a wrong current password changes nothing and ends nothing', async () => {
  const user = await newUser()
  const [mine, other] = [await signIn(user), await signIn(user)]
  const answer = await change(mine.access_token, 'wrong password here', changed)
  assert.equal(answer.problem.code, 'password_incorrect')
  assert.equal((await server.profile(other.access_token)).status, 200)
  assert.equal((await login(user.username, PASSWORD)).status, 200)
})

test('a bad new password is told before the current one costs a hash', async () => {
  const user = await newUser()
  const { access_token: token } = await signIn(user)
  const { client: watched, calls } = await startVariant(server)
  const json = { current_password: 'wrong password here', new_password: `${user.username}!` }
  const answer = await watched.send('PUT', '/users/password', { json, token })
  assert.deepEqual(answer.fieldErrors, ['/new_password password_contains_personal'])
  assert.ok(!calls.includes('passwords.verify') && !calls.includes('passwords.hash'))
  const both = await watched.send('PUT', '/users/password', { json: { new_password: 'short' }, token })
  assert.deepEqual(both.fieldErrors, ['/current_password field_required', '/new_password password_too_short'])
})

test('of many changes at once one wins and the account has its password', async () => {
  const user = await newUser()
  const sessions = await Promise.all(Array.from({ length: 4 }, () => signIn(user)))
  const answers = await Promise.all(
    sessions.map(({ access_token: token }, index) =>
      change(token, PASSWORD, `winner number ${index} of four`),
    ),
  )
  const won = answers.flatMap(({ status }, index) => (status === 204 ? [index] : []))
  assert.equal(won.length, 1)
  for (const answer of answers.filter(({ status }) => status !== 204))
    assert.match(answer.problem.code, /^(?:session_revoked|password_incorrect)$/)
  assert.equal((await login(user.username, `winner number ${won[0]} of four`)).status, 200)
})

test('proving the password again gives new tokens of the same session with a new auth_time', async () => {
  const user = await newUser()
  const first = await signIn(user)
  clock.advance(lifetimes.freshAuthenticationMs + 5000)
  const json = { password: PASSWORD }
  const answer = await client.send('POST', '/users/reauthenticate', { json, token: first.access_token })
  const second = answer.json<SignedInBody>()
  assert.equal(answer.status, 200)
  assert.equal(second.session_id, first.session_id)
  const authTime = (token: string): number =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).auth_time
  assert.ok(authTime(second.access_token) - authTime(first.access_token) >= 305)
  const exported = (token: string) => client.send('GET', '/users/export', { token })
  assert.equal((await exported(first.access_token)).problem.code, 'fresh_authentication_required')
  assert.equal((await exported(second.access_token)).status, 200)
})

test('a wrong password proves nothing and ends nothing', async () => {
  const { access_token: token } = await signIn(await newUser())
  const json = { password: 'wrong password here' }
  const answer = await client.send('POST', '/users/reauthenticate', { json, token })
  assert.equal(answer.problem.code, 'password_incorrect')
  assert.equal((await server.profile(token)).status, 200)
})

test('fresh means exactly the five minutes after the proof', async () => {
  const { access_token: token } = await signIn(await newUser())
  const exported = () => client.send('GET', '/users/export', { token })
  clock.advance(lifetimes.freshAuthenticationMs - 5000)
  assert.equal((await exported()).status, 200)
  clock.advance(6000)
  assert.equal((await exported()).problem.code, 'fresh_authentication_required')
})
