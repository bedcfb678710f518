import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { userSorts, type Page, type Position, type UserQuery } from '../../src/domain/ports/administration.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import type { NewUser, User } from '../../src/domain/user.ts'
import { hashOfId, newTrail, newUser, registered, rounds, signedIn, upTo } from '../support/store-fixtures.ts'
import type { Harness } from './harness.ts'

const everybody: UserQuery = {
  search: null,
  role: null,
  status: null,
  verified: null,
  sort: 'created_at',
  descending: false,
  limit: 100,
  from: null,
}

/** C12: every filter, every order, both directions, while others come and go. */
export function userListsContract(harness: Harness): void {
  suite('lists of users', () => {
    test('every filter in every order gives what filtering and sorting all users gives, there and back', async (t) => {
      const { store } = await harness.open(t)
      const users = await populated(store)
      await fc.assert(
        fc.asyncProperty(anyQuery, async (query) => {
          const expected = naive(users, query).map(({ id }) => id)
          const { there, back } = await thereAndBack(store, query)
          assert.deepEqual(there, expected)
          assert.deepEqual(back, expected)
        }),
        // Nobody writes meanwhile: a query that has been asked gives the same again, and is the cost of the run.
        {
          numRuns: Math.ceil(rounds(10_000) * (harness.share ?? 1)),
          plugins: [fc.ignoreEqualValues()],
        },
      )
    })

    test('a walk meets every user that stays exactly once, while others come and go around it', async (t) => {
      const { store } = await harness.open(t)
      const staying = new Set(
        (
          await additions(
            store,
            upTo(150).map(() => ({})),
          )
        ).map(({ id }) => id),
      )
      for (const sort of userSorts) {
        for (const descending of [false, true]) {
          const met = await unsteadyWalk(store, { ...everybody, sort, descending, limit: 7 })
          for (const ids of met) {
            const stable = ids.filter((id) => staying.has(id))
            assert.equal(new Set(ids).size, ids.length, `${sort}: somebody was met twice`)
            assert.deepEqual(new Set(stable), staying, `${sort}: somebody was missed`)
          }
        }
      }
    })

    test('the first page has nothing before it, and an empty list nothing at all', async (t) => {
      const { store } = await harness.open(t)
      const nothing = { items: [], next: null, previous: null }
      for (const sort of userSorts) assert.deepEqual(await store.listUsers({ ...everybody, sort }), nothing)
      const user = await registered(store)
      await registered(store, { status: 'pending' })
      for (const sort of userSorts) {
        const page = await store.listUsers({ ...everybody, sort, limit: 1 })
        assert.deepEqual(page, { items: [user], next: null, previous: null })
      }
    })

    test('out of a page that has become empty a walk goes back to everybody', async (t) => {
      const { store } = await harness.open(t)
      const [first, second] = [await registered(store), await registered(store)]
      for (const sort of userSorts) {
        const { next } = await store.listUsers({ ...everybody, sort, limit: 1 })
        const beyond = next && { ...next, ...highest(sort) }
        const empty = await store.listUsers({ ...everybody, sort, from: beyond })
        assert.deepEqual([empty.items, empty.next], [[], null])
        const back = await store.listUsers({ ...everybody, sort, from: empty.previous })
        assert.deepEqual(new Set(back.items.map(({ id }) => id)), new Set([first.id, second.id]))
      }
    })
  })
}

function highest(sort: UserQuery['sort']): Pick<Position, 'value' | 'id'> {
  const values = { created_at: 8e15, email: 'e:~~~', username: 'u:~~~', last_sign_in_at: 8e15 }
  return { value: values[sort], id: 'ffffffff-ffff-7fff-bfff-ffffffffffff' }
}

async function additions(store: Store, wanted: readonly Partial<NewUser>[]): Promise<readonly NewUser[]> {
  const users = wanted.map((one) => newUser(one))
  for (let from = 0; from < users.length; from += 500) {
    const verdicts = await store.addUsers(users.slice(from, from + 500), newTrail(null))
    assert.deepEqual(new Set(verdicts.map(({ kind }) => kind)), new Set(['added']))
  }
  return users
}

/** More than 1,000 users fit some filters and few fit others, so that both ways to a page are gone. */
async function populated(store: Store): Promise<readonly User[]> {
  const roleSets = [['user'], ['user', 'helper'], ['user', 'admin'], ['clerk'], ['clerk', 'admin']]
  await additions(
    store,
    upTo(1150).map((n) => {
      const word = n % 7 === 0 ? 'zoe' : 'ann'
      const shuffled = String((n * 701) % 1151).padStart(4, '0')
      return {
        username: `${n % 2 ? word.toUpperCase() : word}${shuffled}`,
        email: `${n % 5 === 0 ? 'Zoe' : 'mail'}.${shuffled}@example.com`,
        emailVerified: n % 61 === 0,
        roles: roleSets[n % 50 < 4 ? n % 50 : n % 3 === 0 ? 4 : 0] ?? [],
        // Ids that were brought along do not grow with time, and many are created at once.
        createdAt: 1_000_000 + ((n * 7919) % 300),
        status: n % 97 === 0 ? 'pending' : n % 40 === 0 ? 'disabled' : 'active',
      } as const
    }),
  )
  const page = await store.listUsers({ ...everybody, status: 'active' })
  const times = [5000, 5000, 7000, 6000]
  for (const [place, user] of page.items.slice(0, 40).entries()) {
    await signedIn(store, user, { createdAt: times[place % 4] ?? 0 })
  }
  return everyone(store)
}

async function everyone(store: Store): Promise<readonly User[]> {
  const users: User[] = []
  let page: Page<User> | null = null
  do {
    page = await store.listUsers({ ...everybody, from: page?.next ?? null })
    users.push(...page.items)
  } while (page.next)
  assert.equal(users.length, 1150 - 12)
  return users
}

const anyQuery: fc.Arbitrary<UserQuery> = fc
  .record({
    search: fc.constantFrom(
      null,
      null,
      '',
      'ann',
      'zoe',
      'zoe.0',
      'ann01',
      'mail.',
      'mail.0701@',
      'nobody',
      '%',
      'e:',
    ),
    role: fc.constantFrom(null, null, 'user', 'admin', 'helper', 'clerk', 'none'),
    status: fc.constantFrom(null, null, 'active', 'disabled'),
    verified: fc.constantFrom(null, null, true, false),
    sort: fc.constantFrom(...userSorts),
    descending: fc.boolean(),
    limit: fc.constantFrom(1, 37, 100),
    from: fc.constant(null),
  })
  .map((query) => (query.limit === 1 && query.search !== 'zoe.0' ? { ...query, limit: 99 } : query))

function naive(users: readonly User[], query: UserQuery): readonly User[] {
  const { search, role, status, verified, sort, descending } = query
  const key = (user: User): string =>
    ({
      created_at: String(user.createdAt).padStart(16, '0'),
      email: user.email.toLowerCase(),
      username: user.username.toLowerCase(),
      last_sign_in_at: String(user.lastSignInAt ?? '').padStart(16, '0'),
    })[sort] + user.id
  const fitting = users.filter(
    (user) =>
      (search === null ||
        [user.email, user.username].some((name) => name.toLowerCase().startsWith(search))) &&
      (role === null || user.roles.includes(role)) &&
      (status === null || user.status === status) &&
      (verified === null || user.emailVerified === verified),
  )
  const sorted = fitting.toSorted((one, other) => (key(one) < key(other) ? -1 : 1))
  return descending ? sorted.toReversed() : sorted
}

/** The ids on the way to the last page, and those on the way from it back to the first. */
async function thereAndBack(store: Store, query: UserQuery): Promise<{ there: string[]; back: string[] }> {
  let page = await store.listUsers(query)
  assert.equal(page.previous, null)
  const there = page.items.map(({ id }) => id)
  while (page.next) {
    page = await store.listUsers({ ...query, from: page.next })
    assert.ok(page.items.length <= query.limit)
    assert.ok(page.previous)
    there.push(...page.items.map(({ id }) => id))
  }
  let back = page.items.map(({ id }) => id)
  while (page.previous) {
    page = await store.listUsers({ ...query, from: page.previous })
    assert.ok(page.next)
    back = [...page.items.map(({ id }) => id), ...back]
  }
  return { there, back }
}

/** Walks to the end and back, with somebody new and somebody gone between any two pages. */
async function unsteadyWalk(store: Store, query: UserQuery): Promise<readonly string[][]> {
  const passing: User[] = []
  const disturb = async (): Promise<void> => {
    const letter = 'amz'[passing.length % 3]
    const user = newUser()
    const name = `${letter}${user.username}`
    const renamed = { ...user, username: name.slice(0, 32), email: `${name}@example.com` }
    passing.push(await registered(store, renamed))
    const gone = passing.length > 2 ? passing.shift() : undefined
    if (gone)
      await store.deleteUser(
        { userId: gone.id, expectEpoch: null, idHash: hashOfId(gone.id), now: 1 },
        newTrail(gone.id),
      )
  }
  const walked: string[][] = []
  let page = await store.listUsers(query)
  for (const direction of ['next', 'previous'] as const) {
    const ids = page.items.map(({ id }) => id)
    for (let from = page[direction]; from; from = page[direction]) {
      await disturb()
      page = await store.listUsers({ ...query, from })
      ids.push(...page.items.map(({ id }) => id))
    }
    walked.push(ids)
  }
  return walked
}
