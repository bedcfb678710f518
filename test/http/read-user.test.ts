import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer()
const { client, deps, newUser, signIn } = server

test('a user reads its own account by id, with the ETag of its profile', async () => {
  const user = await newUser()
  const { access_token: token } = await signIn(user)
  const byId = await client.send('GET', `/users/${user.id.toUpperCase()}`, { token })
  const profile = await server.profile(token)
  assert.equal(byId.status, 200)
  assert.equal(byId.text, profile.text)
  assert.equal(byId.headers['etag'], profile.headers['etag'])
})

test('somebody else is denied alike, whether the id exists or not (row 43)', async () => {
  const [user, other] = [await newUser(), await newUser()]
  const { access_token: token } = await signIn(user)
  const there = await client.send('GET', `/users/${other.id}`, { token })
  const nowhere = await client.send('GET', `/users/${deps.ids.next()}`, { token })
  for (const answer of [there, nowhere]) {
    assert.equal(answer.problem.code, 'permission_denied')
    assert.match(answer.headers['www-authenticate'] ?? '', /error="insufficient_scope"/)
  }
  assert.equal(there.problem.detail, nowhere.problem.detail)
})

test('an administrator reads anybody, and is told about nobody', async () => {
  const [user, admin] = [await newUser(), await newUser({ roles: ['admin'] })]
  const { access_token: token } = await signIn(admin)
  const answer = await client.send('GET', `/users/${user.id}`, { token })
  assert.equal(answer.json<{ username: string }>().username, user.username)
  const unknown = await client.send('GET', `/users/${deps.ids.next()}`, { token })
  assert.equal(unknown.problem.code, 'user_not_found')
})

test('an id that is none is no address of ours, and a fixed word wins over an id', async () => {
  const { access_token: token } = await signIn(await newUser({ roles: ['admin'] }))
  for (const id of ['1', 'me', 'null', `${deps.ids.next()}x`, deps.ids.next().replaceAll('-', ''), '...']) {
    assert.equal((await client.send('GET', `/users/${id}`, { token })).problem.code, 'not_found', id)
  }
  for (const word of ['delete', 'login', 'register', 'logout', 'password', 'reauthenticate']) {
    assert.equal(
      (await client.send('GET', `/users/${word}`, { token })).problem.code,
      'method_not_allowed',
      word,
    )
  }
})
