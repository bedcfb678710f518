import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SessionBody } from '../support/client.ts'
import { settingsWithRoles } from '../support/roles-file.ts'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer(settingsWithRoles({ support: ['users:read'] }))
const { client, clock, deps, newUser, signIn } = server
const supporter = await newUser({ roles: ['support'] })
const { access_token: support, session_id: ownSession } = await signIn(supporter)

function sessionsOf(id: string, token = support) {
  return client.send('GET', `/users/${id}/sessions`, { token })
}

test('the sessions of a user are listed as the user sees them, and none of them is current', async () => {
  const user = await newUser()
  const first = await signIn(user, { device_name: 'Phone' })
  clock.advance(2000)
  await signIn(user)
  const answer = await sessionsOf(user.id.toUpperCase())
  assert.equal(answer.status, 200, answer.text)
  const mine = await client.send('GET', '/users/sessions', { token: first.access_token })
  const items = answer.json<{ items: SessionBody[] }>().items
  const expected = mine
    .json<{ items: SessionBody[] }>()
    .items.map((session) => ({ ...session, current: false }))
  assert.deepEqual(items, expected)
  assert.equal(items.length, 2)
  const path = `/users/${user.id}/sessions`
  assert.equal(answer.headers['link'], `<${server.app.publicUrl}${path}>; rel="first"`)
})

test('one of the sessions is current only where it is the one of the caller', async () => {
  const { items } = (await sessionsOf(supporter.id)).json<{ items: SessionBody[] }>()
  assert.deepEqual(
    items.map(({ id, current }) => [id, current]),
    [[ownSession, true]],
  )
})

test('a session shows nothing of its tokens', async () => {
  const user = await newUser()
  const { refresh_token: refresh } = await signIn(user)
  const answer = await sessionsOf(user.id)
  assert.doesNotMatch(answer.text, /generation|epoch|refresh|key/i)
  assert.ok(!answer.text.includes(refresh.slice(4, 24)))
})

test('an ended session is in no list, and without the permission there is no list', async () => {
  const user = await newUser()
  const { access_token: token } = await signIn(user)
  await client.send('POST', '/users/logout', { token })
  assert.deepEqual((await sessionsOf(user.id)).json<{ items: unknown[] }>().items, [])
  const { access_token: own } = await signIn(user)
  assert.equal((await sessionsOf(user.id, own)).problem.code, 'permission_denied', 'not even of oneself')
})

test('a user that is not there has no sessions to list', async () => {
  const pending = await newUser({ status: 'pending' })
  for (const id of [deps.ids.next(), pending.id])
    assert.equal((await sessionsOf(id)).problem.code, 'user_not_found')
})
