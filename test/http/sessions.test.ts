import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queues } from '../../src/domain/limits.ts'
import type { SessionBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer()
const { client, clock, deps, newUser, signIn } = server

async function list(token: string): Promise<readonly SessionBody[]> {
  const answer = await client.send('GET', '/users/sessions', { token })
  assert.equal(answer.status, 200, answer.text)
  const { items, next, previous } = answer.json<{ items: SessionBody[]; next: unknown; previous: unknown }>()
  assert.deepEqual([next, previous], [null, null])
  return items
}

test('a user sees its own sessions, the most recently used first, and which one is current', async () => {
  const [user, other] = [await newUser(), await newUser()]
  await signIn(other)
  const first = await signIn(user, { device_name: 'Phone' })
  clock.advance(2000)
  const second = await signIn(user)
  const items = await list(first.access_token)
  assert.deepEqual(
    items.map(({ id, current, device_name: name }) => [id, current, name]),
    [
      [second.session_id, false, null],
      [first.session_id, true, 'Phone'],
    ],
  )
  assert.ok(items.every((item) => item.expires_at > item.created_at))
})

test('one session is ended and no other', async () => {
  const user = await newUser()
  const [kept, ended] = [await signIn(user), await signIn(user)]
  const path = `/users/sessions/${ended.session_id.toUpperCase()}`
  assert.equal((await client.send('DELETE', path, { token: kept.access_token })).status, 204)
  assert.equal((await server.profile(ended.access_token)).problem.code, 'session_revoked')
  assert.deepEqual(
    (await list(kept.access_token)).map(({ id }) => id),
    [kept.session_id],
  )
  const again = await client.send('DELETE', path, { token: kept.access_token })
  assert.equal(again.problem.code, 'session_not_found')
})

test('the session of somebody else is not there, and lives on (row 43)', async () => {
  const [mine, theirs] = [await signIn(await newUser()), await signIn(await newUser({ roles: ['admin'] }))]
  const foreign = await client.send('DELETE', `/users/sessions/${theirs.session_id}`, {
    token: mine.access_token,
  })
  const unknown = await client.send('DELETE', `/users/sessions/${deps.ids.next()}`, {
    token: mine.access_token,
  })
  assert.equal(foreign.problem.code, 'session_not_found')
  assert.equal(foreign.problem.detail, unknown.problem.detail)
  assert.equal((await server.profile(theirs.access_token)).status, 200)
})

test('all other sessions end at once, the calling one lives on', async () => {
  const user = await newUser()
  const sessions = [await signIn(user), await signIn(user), await signIn(user)]
  const token = sessions[0]?.access_token ?? ''
  assert.equal((await client.send('DELETE', '/users/sessions', { token })).status, 204)
  const statuses = await Promise.all(
    sessions.map(async (each) => (await server.profile(each.access_token)).status),
  )
  assert.deepEqual(statuses, [200, 401, 401])
  assert.equal((await client.send('DELETE', '/users/sessions', { token })).status, 204)
})

test('signing out ends this session for every token of it, and only this one', async () => {
  const user = await newUser()
  const [one, other] = [await signIn(user), await signIn(user)]
  assert.equal((await client.send('POST', '/users/logout', { token: one.access_token })).status, 204)
  assert.equal((await server.profile(one.access_token)).problem.code, 'session_revoked')
  const again = await client.send('POST', '/users/logout', { token: one.access_token })
  assert.equal(again.problem.code, 'session_revoked')
  assert.equal((await server.profile(other.access_token)).status, 200)
})

test('the fifty-first session ends the one that was used least recently', async () => {
  const user = await newUser()
  const first = await signIn(user)
  const keep = await signIn(user)
  const fill = Array.from({ length: queues.sessionsPerUser - 2 }, async () => {
    const now = clock.now()
    const session = {
      id: deps.ids.next(),
      userId: user.id,
      epoch: 1,
      refreshKeyId: deps.secrets.refreshKeyId,
      deviceName: null,
      userAgent: null,
      createdAt: now + 10,
      expiresAt: now + 60_000,
    }
    const audit = { id: deps.ids.next(), at: now, action: 'login', actorId: user.id, userId: user.id }
    return deps.store.openSession(session, { audit: { ...audit, requestId: deps.ids.next(), detail: null } })
  })
  await Promise.all(fill)
  assert.equal((await list(first.access_token)).length, queues.sessionsPerUser)
  clock.advance(1000)
  const last = await signIn(user)
  assert.equal((await list(last.access_token)).length, queues.sessionsPerUser)
  assert.equal((await server.profile(first.access_token)).problem.code, 'session_revoked')
  assert.equal((await server.profile(keep.access_token)).status, 200)
})

test('of twenty sign-ins at once at the limit each opens a session, and the twenty oldest idle ones end', async () => {
  const user = await newUser()
  const before: { session_id: string; device_token: string }[] = []
  for (let count = 0; count < queues.sessionsPerUser; count += 1) {
    before.push(await signIn(user))
    clock.advance(10)
  }
  // Each from a device of its own: so many guesses at once by strangers would have to wait.
  const devices = before.slice(-20).map((session) => session.device_token)
  const after = await Promise.all(devices.map((device) => signIn(user, { device_token: device })))
  const left = await list(after[0]?.access_token ?? '')
  const kept = [...before.slice(20), ...after].map((session) => session.session_id)
  assert.deepEqual(left.map(({ id }) => id).toSorted(), kept.toSorted())
})
