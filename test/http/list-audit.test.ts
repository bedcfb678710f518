import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { lists } from '../../src/domain/limits.ts'
import type { Answer, UserBody } from '../support/client.ts'
import { settingsWithRoles } from '../support/roles-file.ts'
import { startTestServer } from '../support/server.ts'
import { PASSWORD } from '../support/server-users.ts'

interface Event {
  readonly id: string
  readonly at: string
  readonly action: string
  readonly actor_id: string | null
  readonly user_id: string | null
  readonly request_id: string
  readonly detail: string | null
}
interface Page {
  readonly items: readonly Event[]
  readonly next: string | null
  readonly previous: string | null
}

const server = await startTestServer(settingsWithRoles({ auditor: ['audit:read'], support: ['users:read'] }))
const { client, clock, deps, mailbox, newUser, signIn } = server
const keeper = await newUser({ roles: ['admin'] })
const { access_token: admin } = await signIn(keeper)
const { access_token: auditor } = await signIn(await newUser({ roles: ['auditor'] }))

function send(query: string, token = auditor): Promise<Answer> {
  return client.send('GET', `/audit${query && `?${query}`}`, { token })
}

async function list(query: string): Promise<Page> {
  const answer = await send(query)
  assert.equal(answer.status, 200, answer.text)
  return answer.json<Page>()
}

test('everything that administrators do to a user is there, the newest first, with the one who did it', async () => {
  const json = { username: 'Edith.Clarke', email: 'edith.clarke@grid.example' }
  const { id } = (await client.send('POST', '/users', { token: admin, json })).json<UserBody>()
  const link = await mailbox.token({ to: json.email, kind: 'set_password' })
  const password = 'transmission lines and hyperbolas'
  await client.send('POST', `/users/reset-password/${link}`, { json: { password } })
  await client.send('POST', '/users/login', { json: { email: json.email, password } })
  const path = `/users/${id}`
  for (const change of [{ roles: ['support', 'user'] }, { roles: ['user'], status: 'disabled' }]) {
    clock.advance(1)
    await client.send('PATCH', path, { token: admin, json: change })
  }
  clock.advance(1)
  await client.send('POST', `${path}/sign-out`, { token: admin })
  clock.advance(1)
  const requestId = randomUUID()
  await client.send('DELETE', path, { token: admin, headers: { 'x-request-id': requestId } })

  const { items } = await list(`user_id=${id.toUpperCase()}`)
  assert.deepEqual(
    items.map(({ action, actor_id: actor, detail }) => [action, actor, detail]),
    [
      ['delete-user', keeper.id, null],
      ['sign-out', keeper.id, null],
      ['change-access', keeper.id, 'roles user, status disabled'],
      ['change-access', keeper.id, 'roles support user'],
      ['login', id, null],
      ['reset-password', id, 'confirmed'],
      ['create-user', keeper.id, null],
    ],
  )
  assert.ok(items.every((event) => event.user_id === id))
  assert.equal(items[0]?.request_id, requestId)
  const times = items.map(({ at }) => at)
  assert.deepEqual(times, times.toSorted().toReversed())
  assert.doesNotMatch(JSON.stringify(items), /clarke|grid\.example/i)
})

test('what one administrator did is found by the actor, whomever it was done to', async () => {
  const actor = await newUser({ roles: ['admin'] })
  const { access_token: token } = await signIn(actor)
  const [one, other] = [await newUser(), await newUser()]
  await client.send('POST', `/users/${one.id}/sign-out`, { token })
  await client.send('PATCH', `/users/${other.id}`, { token, json: { status: 'disabled' } })
  const { items } = await list(`actor_id=${actor.id}`)
  const done = items.filter(({ user_id: id }) => id !== actor.id)
  assert.deepEqual(
    done.map(({ action, user_id: id }) => [action, id]),
    [
      ['change-access', other.id],
      ['sign-out', one.id],
    ],
  )
  const both = await list(`actor_id=${actor.id}&user_id=${one.id}`)
  assert.deepEqual(
    both.items.map(({ action }) => action),
    ['sign-out'],
  )
  assert.deepEqual((await list(`actor_id=${deps.ids.next()}`)).items, [])
})

test('what was refused, or changed nothing, has no event', async () => {
  const user = await newUser()
  const events = async () => (await list(`user_id=${user.id}`)).items.length
  const before = await events()
  const { access_token: token } = await signIn(await newUser({ roles: ['support'] }))
  const path = `/users/${user.id}`
  await client.send('DELETE', path, { token })
  await client.send('PATCH', path, { token, json: { roles: ['admin'] } })
  await client.send('PATCH', path, { token: admin, json: { roles: ['nobody-defined-it'] } })
  await client.send('PATCH', path, { token: admin, json: { status: 'active' } })
  assert.equal(await events(), before)
})

test('the links lead through all events and back', async () => {
  const user = await newUser()
  for (let count = 0; count < 5; count += 1) {
    await client.send('POST', `/users/${user.id}/sign-out`, { token: admin })
    clock.advance(10)
  }
  const all = (await list(`user_id=${user.id}`)).items.map(({ id }) => id)
  assert.equal(all.length, 6)
  const linked = (answer: Answer, rel: string) => {
    const url = new RegExp(`<([^>]+)>; rel="${rel}"`).exec(answer.headers['link'] ?? '')?.[1]
    assert.ok(!url || url.startsWith(`${server.app.publicUrl}/audit?user_id=${user.id}&limit=2`), url ?? '')
    return url && client.send('GET', url.slice(server.app.publicUrl.length), { token: auditor })
  }
  const idsOf = (answer: Answer) => answer.json<Page>().items.map(({ id }) => id)
  const seen: string[] = []
  let last = await send(`user_id=${user.id}&limit=2`)
  for (let at: Answer | '' | undefined = last; at; at = await linked(at, 'next')) {
    seen.push(...idsOf(at))
    last = at
  }
  assert.deepEqual(seen, all)
  const back: string[] = idsOf(last)
  for (let at = await linked(last, 'prev'); at; at = await linked(at, 'prev')) back.unshift(...idsOf(at))
  assert.deepEqual(back, all)
})

test('fifty events are a page, and a hundred the most', async () => {
  const now = clock.now()
  for (let count = 0; count < lists.pageMax; count += 1) {
    const event = { id: deps.ids.next(), at: now, action: 'export-account', actorId: null, userId: null }
    await deps.store.appendAudit({ ...event, requestId: deps.ids.next(), detail: null })
  }
  assert.equal((await list('')).items.length, lists.pageDefault)
  assert.equal((await list('limit=100')).items.length, lists.pageMax)
  const wrong = {
    'limit=101': '/limit',
    'limit=0': '/limit',
    'user_id=x': '/user_id',
    'actor_id=1': '/actor_id',
    'action=login': '/action',
    'sort=at': '/sort',
    'cursor=x': '/cursor',
    'user_id=': '/user_id',
  }
  for (const [query, pointer] of Object.entries(wrong)) {
    const answer = await send(query)
    assert.equal(answer.status, 422, query)
    assert.ok(answer.fieldErrors[0]?.startsWith(`${pointer} `), query)
  }
})

test('only who may read the audit reads it', async () => {
  const { access_token: support } = await signIn(await newUser({ roles: ['support'] }))
  assert.equal((await send('', support)).problem.code, 'permission_denied')
  assert.equal((await client.send('GET', '/users', { token: auditor })).problem.code, 'permission_denied')
})

test('nothing in any event, and nothing in the log of all this, is personal or secret', async () => {
  const texts: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? 'limit=100' : `limit=100&cursor=${cursor}`
    const answer = await send(query)
    texts.push(answer.text)
    cursor = answer.json<Page>().next
  }
  const all = texts.join('') + JSON.stringify(server.log)
  assert.match(all, /"delete-user"/)
  assert.doesNotMatch(all, /person-|@(?!node-rs\/)|example|Edith|clarke|\$argon2/i)
  assert.ok(!all.includes(PASSWORD))
})
