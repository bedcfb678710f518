import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { lists } from '../../src/domain/limits.ts'
import { userSorts } from '../../src/domain/ports/administration.ts'
import type { Answer, UserBody } from '../support/client.ts'
import { settingsWithRoles } from '../support/roles-file.ts'
import { startTestServer } from '../support/server.ts'
import type { TestUser, UserOptions } from '../support/server-users.ts'

interface Page {
  readonly items: readonly UserBody[]
  readonly next: string | null
  readonly previous: string | null
}
type Filters = Readonly<Record<string, string | number>>

const server = await startTestServer(settingsWithRoles({ support: ['users:read'], gone: [] }))
const { client, clock, deps, newUser, signIn } = server
const people: TestUser[] = []
let token = ''

before(async () => {
  const kinds: readonly UserOptions[] = [
    { roles: ['support'] },
    { emailVerified: false },
    { status: 'disabled' },
    { roles: ['user', 'gone'] },
    { status: 'disabled', emailVerified: false },
    {},
    { roles: ['admin', 'user'] },
  ]
  for (const kind of kinds) {
    people.push(await newUser(kind))
    clock.advance(1000)
  }
  await newUser({ status: 'pending' })
  const [support] = people
  assert.ok(support)
  token = (await signIn(support)).access_token
})

function pathOf(filters: Filters): string {
  const query = Object.entries(filters).map(([name, value]) => [name, String(value)])
  return `/users?${new URLSearchParams(query).toString()}`
}

function send(filters: Filters): Promise<Answer> {
  return client.send('GET', pathOf(filters), { token })
}

async function list(filters: Filters): Promise<Page> {
  const answer = await send(filters)
  assert.equal(answer.status, 200, answer.text)
  return answer.json<Page>()
}

async function ids(filters: Filters): Promise<readonly string[]> {
  return (await list(filters)).items.map(({ id }) => id)
}

/** The targets of a Link header by their relation, as paths on this server. */
function linksOf({ headers }: Answer): Readonly<Record<string, string>> {
  const links = [...(headers['link'] ?? '').matchAll(/<([^>]+)>; rel="(\w+)"/g)]
  return Object.fromEntries(
    links.map(([, url = '', rel = '']) => {
      assert.ok(url.startsWith(`${server.app.publicUrl}/users?`), url)
      return [rel, url.slice(server.app.publicUrl.length)]
    }),
  )
}

/** Every page from the one at this path on, by its links alone. */
async function walk(path: string, rel: 'next' | 'prev'): Promise<readonly (readonly string[])[]> {
  const pages: string[][] = []
  for (let at: string | undefined = path; at !== undefined;) {
    const answer: Answer = await client.send('GET', at, { token })
    assert.equal(answer.status, 200, answer.text)
    pages.push(answer.json<Page>().items.map(({ id }) => id))
    at = linksOf(answer)[rel]
  }
  return pages
}

test('the links of the pages lead to every user once, and back again', async () => {
  const all = people.map(({ id }) => id)
  const pages = await walk('/users?limit=2', 'next')
  assert.deepEqual(pages.flat(), all)
  assert.ok(pages.every((page) => page.length <= 2))

  const first = await send({ limit: 2 })
  assert.deepEqual(Object.keys(linksOf(first)), ['first', 'next'])
  const second = await client.send('GET', linksOf(first)['next'] ?? '', { token })
  const third = await client.send('GET', linksOf(second)['next'] ?? '', { token })
  assert.deepEqual(Object.keys(linksOf(third)), ['first', 'next', 'prev'])
  const back = await walk(linksOf(third)['prev'] ?? '', 'prev')
  assert.deepEqual(back.flat(), [...all.slice(2, 4), ...all.slice(0, 2)])
  assert.equal(linksOf(third)['first'], '/users?limit=2')
})

test('the links keep the filters, and their cursors are those of the body', async () => {
  const filters = { limit: 1, search: 'PERSON-', status: 'active', verified: 'true', sort: '-username' }
  const answer = await send(filters)
  const { next, previous } = answer.json<Page>()
  assert.equal(previous, null)
  assert.ok(next)
  assert.equal(linksOf(answer)['next'], pathOf({ ...filters, cursor: next }))
  const following = await send({ ...filters, cursor: next })
  assert.equal(following.json<Page>().items.length, 1)
  assert.notDeepEqual(following.json<Page>().items, answer.json<Page>().items)
})

test('a page has fifty users unless another number up to a hundred is asked for', async () => {
  for (let count = 0; count < lists.pageMax; count += 1) await newUser({ roles: ['gone'] })
  const role = 'gone'
  assert.equal((await ids({ role })).length, lists.pageDefault)
  assert.equal((await ids({ role, limit: lists.pageMax })).length, lists.pageMax)
  assert.equal((await ids({ role, limit: 1 })).length, 1)
  const whole = await list({ role: 'support' })
  assert.deepEqual([whole.items.length, whole.next, whole.previous], [1, null, null])
})

test('a search is a prefix of the address or the username, without regard to case', async () => {
  const [, second] = people
  assert.ok(second)
  assert.deepEqual(await ids({ search: 'PERSON-2', limit: 1 }), [second.id])
  assert.deepEqual(await ids({ search: 'mail2@' }), [second.id])
  assert.deepEqual(await ids({ search: second.email.toUpperCase() }), [second.id])
  for (const search of ['erson-2', '@example.com', 'person%', 'person_2', '*', '.', '[a-z]', "' OR 1=1 --"])
    assert.deepEqual(await ids({ search }), [], search)
})

test('filters on role, status and confirmation must all fit', async () => {
  const only = (filters: Filters) => ids({ search: 'person-', limit: 100, ...filters })
  const place = async (filters: Filters) => {
    const found = await only(filters)
    return people.flatMap(({ id }, at) => (found.includes(id) ? [at] : []))
  }
  assert.deepEqual(await place({ role: 'support' }), [0])
  assert.deepEqual(await place({ role: 'gone' }), [3])
  assert.deepEqual(await place({ role: 'admin' }), [6])
  assert.deepEqual(await place({ role: 'nobody-has-it' }), [])
  assert.deepEqual(await place({ status: 'disabled' }), [2, 4])
  assert.deepEqual(await place({ verified: 'false' }), [1, 4])
  assert.deepEqual(await place({ status: 'disabled', verified: 'false' }), [4])
  assert.deepEqual(await place({ status: 'active', verified: 'false', role: 'user' }), [1])
})

test('who has confirmed nothing yet under strict disclosure is in no list', async () => {
  const { items } = await list({ search: 'person-8' })
  assert.deepEqual(
    items.filter(({ username }) => username === 'person-8'),
    [],
  )
})

test('every order goes up and down, and who has never signed in counts as earliest', async () => {
  for (const sort of userSorts) {
    const up = (await list({ sort, role: 'user', limit: 100 })).items
    const down = (await list({ sort: `-${sort}`, role: 'user', limit: 100 })).items
    const values = up.map((user) => user[sort] ?? '')
    assert.deepEqual(values, values.toSorted(), sort)
    assert.deepEqual(down, up.toReversed(), sort)
  }
  const [latest] = (await list({ sort: '-last_sign_in_at', limit: 1 })).items
  assert.equal(latest?.username, people[0]?.username, 'the only one that has signed in')
})

test('a query that is not of the list is refused by its pointer', async () => {
  const wrong: readonly (readonly [string, string])[] = [
    ...['0', '-1', '101', '1.5', '1e1', 'x', '', '99999999999'].map((value) => ['limit', value] as const),
    ...['password_hash', 'id', 'created_at,email', '--email', 'a.b', '$where', ''].map(
      (value) => ['sort', value] as const,
    ),
    ...['pending', 'ACTIVE', '', 'active,disabled'].map((value) => ['status', value] as const),
    ...['1', 'yes', '', 'TRUE'].map((value) => ['verified', value] as const),
    ['search', ''],
    ['search', 'x'.repeat(lists.searchMaxLength + 1)],
    ['role', ''],
    ['role', 'x'.repeat(lists.searchMaxLength + 1)],
    ['cursor', 'x'.repeat(lists.cursorMaxLength + 1)],
  ]
  for (const [name, value] of wrong) {
    const answer = await send({ [name]: value })
    assert.equal(answer.status, 422, `${name}=${value}`)
    assert.match(answer.fieldErrors.join(), new RegExp(`^/${name} field_`), `${name}=${value}`)
    assert.doesNotMatch(answer.text, /xxxx/, 'a value is never echoed')
  }
  const unknown = await send({ password_hash: 'x', 'profile.bio': 'x', fields: 'epoch' })
  assert.deepEqual(unknown.fieldErrors, [
    '/fields unknown_field',
    '/password_hash unknown_field',
    '/profile.bio unknown_field',
  ])
  const twice = await client.send('GET', '/users?sort=email&sort=username&status[$ne]=active', { token })
  assert.deepEqual(twice.fieldErrors, ['/sort field_format', '/status[$ne] unknown_field'])
})

test('a cursor is of one list only: other filters, another order and another list do not take it', async () => {
  const { next } = await list({ limit: 1, role: 'user' })
  assert.ok(next)
  const own = await send({ limit: 1, role: 'user', cursor: next })
  assert.equal(own.status, 200)
  const admin = people[6]
  assert.ok(admin)
  const { access_token: adminToken } = await signIn(admin)
  const audit = await client.send('GET', '/audit?limit=1', { token: adminToken })
  const foreign = audit.json<Page>().next
  assert.ok(foreign)
  const others: readonly Filters[] = [
    { cursor: next },
    { role: 'admin', cursor: next },
    { role: 'user', sort: 'email', cursor: next },
    { role: 'user', sort: '-created_at', cursor: next },
    { role: 'user', cursor: foreign },
    { role: 'user', cursor: `${next}x` },
    { role: 'user', cursor: next.slice(0, -2) },
    { role: 'user', cursor: 'null' },
    { role: 'user', cursor: '' },
    { role: 'user', cursor: 'ÿ' },
  ]
  for (const filters of others) {
    const answer = await send(filters)
    assert.deepEqual([answer.status, ...answer.fieldErrors], [422, '/cursor field_format'], pathOf(filters))
  }
  const elsewhere = await client.send('GET', `/audit?cursor=${next}`, { token: adminToken })
  assert.deepEqual(elsewhere.fieldErrors, ['/cursor field_format'])
})

test('a cursor tells nothing about the users between whom it stands', async () => {
  const { next } = await list({ limit: 1, sort: 'email' })
  const bytes = Buffer.from(next ?? '', 'base64url').toString('latin1')
  assert.ok(bytes.length > 40)
  assert.doesNotMatch(`${next}${bytes}`, /example|mail|value|direction/)
})

test('users look in a list as they do alone, and nobody looks without the permission', async () => {
  const [, plain] = people
  assert.ok(plain)
  const [item] = (await list({ search: plain.email })).items
  const alone = await client.send('GET', `/users/${plain.id}`, { token })
  assert.deepEqual(item, alone.json<UserBody>())
  const { access_token: own } = await signIn(plain)
  const denied = await client.send('GET', '/users?limit=1', { token: own })
  assert.equal(denied.problem.code, 'permission_denied')
  assert.doesNotMatch(denied.text, /example\.com/)
  assert.equal((await client.send('POST', '/users', { token: own })).problem.code, 'permission_denied')
})

test('a walk meets nobody twice and leaves out nobody who stayed, whatever comes and goes', async () => {
  const stayed = people.map(({ id }) => id)
  const seen: string[] = []
  let cursor: string | null = null
  for (;;) {
    const page: Page = await list({ limit: 3, sort: 'username', ...(cursor !== null && { cursor }) })
    seen.push(...page.items.map(({ id }) => id))
    if (page.next === null) break
    cursor = page.next
    await newUser({ roles: ['gone'] })
    const passing = await newUser({ roles: ['gone'] })
    const audit = { id: deps.ids.next(), at: clock.now(), action: 'delete-user', actorId: null, userId: null }
    const trail = { audit: { ...audit, requestId: deps.ids.next(), detail: null } }
    const idHash = deps.secrets.hashId(passing.id)
    await deps.store.deleteUser({ userId: passing.id, expectEpoch: null, idHash, now: clock.now() }, trail)
  }
  assert.equal(new Set(seen).size, seen.length)
  for (const id of stayed) assert.ok(seen.includes(id), id)
})
