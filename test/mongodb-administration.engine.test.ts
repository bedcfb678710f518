/** What only the MongoDB adapter has of administration: plans of lists, long walks, damage that a check finds. */
import assert from 'node:assert/strict'
import type { CommandStartedEvent, Db, Document } from 'mongodb'
import { Binary } from 'mongodb'
import { after, suite, test, type TestContext } from 'node:test'
import { lifetimes, lists } from '../src/domain/limits.ts'
import { userSorts } from '../src/domain/ports/administration.ts'
import type { Finding, Page, Position, UserQuery } from '../src/domain/ports/administration.ts'
import type { Store } from '../src/domain/ports/store.ts'
import type { NewUser, User } from '../src/domain/user.ts'
import { pageOf, type Walk } from '../src/store/mongodb/pages.ts'
import { plans } from '../src/store/mongodb/schema.ts'
import { readCommand, type SentCommand } from './support/mongodb-commands.ts'
import { mongodbHarness } from './support/mongodb-harness.ts'
import { givenServers, startReplicaSet } from './support/mongodb-servers.ts'
import {
  issued,
  newEvent,
  newId,
  newMail,
  newSession,
  newToken,
  newTrail,
  newUser,
  registered,
  signedIn,
  upTo,
} from './support/store-fixtures.ts'

const commands: SentCommand[] = []
const harness = mongodbHarness({
  topology: 'one node, administration',
  start: async () => givenServers() ?? startReplicaSet({ members: 1 }),
  onCommand: (event: CommandStartedEvent) => void commands.push(readCommand(event)),
})
after(() => harness.stop())

async function opened(t: TestContext): Promise<{ readonly store: Store; readonly db: Db }> {
  const { store } = await harness.open(t)
  const db = await harness.db()
  commands.length = 0
  return { store, db }
}

function sent(name: string, collection: string): readonly SentCommand[] {
  return commands.filter((each) => each.name === name && each.collection === collection)
}

const everybody: UserQuery = {
  search: null,
  role: null,
  status: null,
  verified: null,
  sort: 'created_at',
  descending: false,
  limit: 7,
  from: null,
}

function idOf(id: string): Binary {
  return new Binary(Buffer.from(id.replaceAll('-', ''), 'hex'), Binary.SUBTYPE_UUID)
}

/** So many users, every third of whom has signed in, and some of whom at the same moment. */
async function populate(
  { store, db }: { readonly store: Store; readonly db: Db },
  count: number,
  more: (number: number) => Partial<NewUser> = () => ({}),
): Promise<readonly NewUser[]> {
  const users = upTo(count).map((number) => newUser(more(number)))
  const verdicts = await store.addUsers(users, newTrail(null))
  assert.deepEqual(new Set(verdicts.map(({ kind }) => kind)), new Set(['added']))
  const updates = users.flatMap(({ id }, number) =>
    number % 3 === 0
      ? [
          {
            updateOne: {
              filter: { _id: idOf(id) as never },
              update: { $set: { lastSignInAt: new Date(1e12 + (number % 30) * 1000) } },
            },
          },
        ]
      : [],
  )
  await db.collection('users').bulkWrite(updates)
  return users
}

/** Every page from one end to the other. */
async function pages(
  store: Store,
  query: UserQuery,
  direction: Position['direction'] = 'next',
): Promise<readonly Page<User>[]> {
  const all: Page<User>[] = []
  let from = query.from
  do {
    const page = await store.listUsers({ ...query, from })
    all.push(page)
    from = page[direction]
    assert.ok(all.length < 1000, 'a walk that does not end')
  } while (from !== null)
  return all
}

function idsOf(all: readonly Page<User>[]): readonly string[] {
  return all.flatMap(({ items }) => items.map(({ id }) => id))
}

function sortKey(user: User, sort: UserQuery['sort']): string {
  const at = String(user.lastSignInAt ?? 0).padStart(16, '0')
  const keys = { created_at: '', email: user.email, username: user.username, last_sign_in_at: at }
  return `${keys[sort].toLowerCase()} ${user.id}`
}

/** What a list should hold, by a look at everybody. */
async function expected(
  store: Store,
  users: readonly NewUser[],
  query: UserQuery,
): Promise<readonly string[]> {
  const found: User[] = []
  for (const user of await Promise.all(users.map(({ id }) => store.findUser({ id })))) {
    if (!user || user.status === 'pending') continue
    const { search, role, status, verified } = query
    if (search !== null && !user.email.startsWith(search) && !user.username.startsWith(search)) continue
    if (role !== null && !user.roles.includes(role)) continue
    if (status !== null && user.status !== status) continue
    if (verified !== null && user.emailVerified !== verified) continue
    found.push(user)
  }
  const sign = query.descending ? -1 : 1
  const order = (one: User, other: User): number =>
    sign * (sortKey(one, query.sort) < sortKey(other, query.sort) ? -1 : 1)
  return found.toSorted(order).map(({ id }) => id)
}

/** What became of each look of a list: how many documents and keys the server has read for it. */
async function examined(db: Db): Promise<readonly { documents: number; keys: number; plan: string }[]> {
  const looks = commands.filter(({ name }) => name === 'find').map(({ command }) => command)
  const all: { documents: number; keys: number; plan: string }[] = []
  for (const { find, filter, sort, limit, hint, min, max, projection } of looks) {
    const statement: Document = { find, filter }
    for (const [key, value] of Object.entries({ sort, limit, hint, min, max, projection })) {
      if (value !== undefined) statement[key] = value
    }
    const { queryPlanner, executionStats } = await db.command({ explain: statement })
    all.push({
      documents: executionStats.totalDocsExamined,
      keys: executionStats.totalKeysExamined,
      plan: JSON.stringify(queryPlanner.winningPlan),
    })
  }
  return all
}

suite('lists of users', () => {
  test('a page reads no more than itself and one, at any depth, in any order, both ways', async (t) => {
    const both = await opened(t)
    await populate(both, 200)
    const limit = 10
    for (const sort of userSorts) {
      for (const descending of [false, true]) {
        const forward = await pages(both.store, { ...everybody, sort, descending, limit })
        assert.equal(forward.length, 20)
        const places = [null, forward[0]?.next, forward[11]?.next, forward[9]?.previous]
        for (const from of places) {
          commands.length = 0
          const page = await both.store.listUsers({
            ...everybody,
            sort,
            descending,
            limit,
            from: from ?? null,
          })
          assert.equal(page.items.length, limit)
          const looks = await examined(both.db)
          assert.ok(looks.length > 0)
          for (const { documents, keys, plan } of looks) {
            assert.doesNotMatch(plan, /COLLSCAN|"SORT"/, sort)
            // A claim is met again at the place where the page before has ended, and `$in` looks beside keys.
            assert.ok(documents <= limit + 2, `${sort} reads ${documents} documents`)
            assert.ok(keys <= 2 * (limit + 2), `${sort} reads ${keys} keys`)
          }
        }
      }
    }
  })

  test('every order gives everybody but the pending ones, forth and back, whatever the filters', async (t) => {
    const both = await opened(t)
    const users = await populate(both, 90, (number) => ({
      roles: number % 5 === 0 ? ['user', 'support'] : ['user'],
      status: number % 11 === 0 ? 'pending' : number % 7 === 0 ? 'disabled' : 'active',
      emailVerified: number % 2 === 0,
    }))
    const filters: readonly Partial<UserQuery>[] = [
      {},
      { role: 'support' },
      { status: 'disabled' },
      { status: 'active', verified: true },
      { verified: false, role: 'user' },
      { search: (users[8]?.username ?? '').slice(0, 8) },
      { search: 'nobody' },
    ]
    for (const sort of userSorts) {
      for (const filter of filters) {
        const query = { ...everybody, ...filter, sort, descending: filter.role !== undefined }
        const wanted = await expected(both.store, users, query)
        const forward = await pages(both.store, query)
        assert.deepEqual(idsOf(forward), wanted, `${sort} ${JSON.stringify(filter)}`)
        const last = forward.at(-1)?.previous
        if (!last) continue
        const back = await pages(both.store, { ...query, from: last }, 'previous')
        assert.deepEqual(
          idsOf(back.toReversed()),
          wanted.slice(0, wanted.length - (forward.at(-1)?.items.length ?? 0)),
        )
        assert.equal(back.at(-1)?.previous, null)
      }
    }
  })

  test('where many fit a filter they are met in order, and nobody is left out or told twice', async (t) => {
    const both = await opened(t)
    const many = lists.fewUsers + 300
    const users = await populate(both, many, (number) => ({
      status: number % 11 === 0 ? 'pending' : 'active',
      emailVerified: number % 4 === 0,
    }))
    for (const sort of userSorts) {
      const query = { ...everybody, sort, role: 'user', verified: true, limit: 100 }
      const wanted = await expected(both.store, users, query)
      assert.ok(wanted.length > 250)
      const forward = await pages(both.store, query)
      assert.deepEqual(idsOf(forward), wanted, sort)
      const from = forward.at(-1)?.previous ?? null
      const back = await pages(both.store, { ...query, from }, 'previous')
      assert.deepEqual(
        idsOf(back.toReversed()),
        wanted.slice(0, wanted.length - (forward.at(-1)?.items.length ?? 0)),
      )
    }
  })

  test('a search that finds many goes along its own claims and no further, with the few found otherwise among them', async (t) => {
    const both = await opened(t)
    // Of 1,400 addresses 1,200 begin so; of the names 60 do, those of 20 without such an address among them.
    const users = await populate(both, lists.fewUsers + 400, (number) => ({
      email: `${number % 7 === 0 ? (number % 2 ? 'a' : 'z') : 'many'}.${(number * 701) % 1409}@example.com`,
      ...(number % 24 === 0 && { username: `many.${number}` }),
      status: number % 11 === 0 ? 'pending' : number % 5 === 0 ? 'disabled' : 'active',
    }))
    const limit = 100
    for (const filter of [{}, { status: 'active' } as const]) {
      for (const [sort, descending] of [
        ['email', false],
        ['email', true],
        ['username', false],
      ] as const) {
        const query = { ...everybody, ...filter, search: 'many.', sort, descending, limit }
        const wanted = await expected(both.store, users, query)
        assert.ok(wanted.length > lists.fewUsers / 2)
        const forward = await pages(both.store, query)
        assert.deepEqual(idsOf(forward), wanted)
        const from = forward.at(-1)?.previous ?? null
        const back = await pages(both.store, { ...query, from }, 'previous')
        const shown = wanted.length - (forward.at(-1)?.items.length ?? 0)
        assert.deepEqual(idsOf(back.toReversed()), wanted.slice(0, shown))
      }
    }
    const query = { ...everybody, search: 'many.', sort: 'email', limit } as const
    const from = (await pages(both.store, query)).at(-1)?.previous ?? null
    commands.length = 0
    const { next } = await both.store.listUsers({ ...query, from: from && { ...from, direction: 'next' } })
    assert.equal(next, null)
    const claims = sent('find', 'identifiers').map(({ command }) => command.filter)
    assert.ok(claims.length >= 3)
    for (const { _id } of claims) assert.ok(_id.$gte.slice(2) >= 'many.' && _id.$lt.slice(2) < 'many/')
  })

  test('the role that new users get is no filter to begin with: a page reads no more than itself and one', async (t) => {
    const both = await opened(t)
    await populate(both, 200)
    const limit = 10
    for (const sort of userSorts) {
      commands.length = 0
      const page = await both.store.listUsers({ ...everybody, sort, role: 'user', limit })
      assert.equal(page.items.length, limit)
      const looks = await examined(both.db)
      assert.equal(looks.length, 2, 'places, then their users')
      for (const { documents } of looks) assert.ok(documents <= limit + 2, `${sort} reads ${documents}`)
    }
  })

  test('a search is a range of keys, never a pattern, and text of a stranger is only text', async (t) => {
    const { store } = await opened(t)
    const user = await registered(store, { username: 'ab.c', email: 'other@example.com' })
    await registered(store, { username: 'abxc' })
    const found = async (search: string) => idsOf([await store.listUsers({ ...everybody, search })])
    assert.deepEqual(await found('ab.'), [user.id])
    for (const search of ['.*', '^ab', '$where', '\0', '\ud800', 'é', 'e:', 'u:ab']) {
      assert.deepEqual(await found(search), [], search)
    }
    assert.doesNotMatch(JSON.stringify(commands), /regex/i)
  })
})

suite('many users at once', () => {
  test('500 users are one transaction of a few commands, and who is taken harms no other', async (t) => {
    const { store } = await opened(t)
    const taken = await registered(store)
    const batch = upTo(500).map(() => newUser())
    const [first, second] = batch
    assert.ok(first && second)
    const twin = newUser({ email: second.email })
    const verified = [
      ...batch.slice(0, -3),
      twin,
      newUser({ username: taken.username, email: taken.email }),
      first,
    ]
    commands.length = 0
    const verdicts = await store.addUsers(verified, newTrail(null))
    assert.deepEqual(verdicts.slice(-3), [
      { kind: 'conflict', fields: ['email'] },
      { kind: 'conflict', fields: ['email', 'username'] },
      { kind: 'repeated' },
    ])
    assert.deepEqual(new Set(verdicts.slice(0, -3).map(({ kind }) => kind)), new Set(['added']))
    assert.equal(commands.filter(({ name }) => name === 'commitTransaction').length, 1)
    assert.ok(commands.filter(({ name }) => name !== 'endSessions').length <= 7)
    assert.equal(await store.findUserByIdentifier({ key: `u:${twin.username}` }), null)
    const again = await store.addUsers(batch.slice(0, -3), newTrail(null))
    assert.deepEqual(new Set(again.map(({ kind }) => kind)), new Set(['repeated']))
  })

  test('batches of two clients that overlap leave each address with one user, and nothing half', async (t) => {
    const { clients } = await harness.open(t)
    const names = upTo(60).map((number) => `name-${number}`)
    const outcomes = await Promise.all(
      upTo(6).map((number) => {
        const store = clients[number % clients.length]
        assert.ok(store)
        const batch = names.map((username) => newUser({ username, email: `${username}@example.com` }))
        return store.addUsers(batch, newTrail(null))
      }),
    )
    const added = outcomes.flat().filter(({ kind }) => kind === 'added')
    assert.equal(added.length, names.length)
    const db = await harness.db()
    assert.equal(await db.collection('users').countDocuments(), names.length)
    assert.equal(await db.collection('identifiers').countDocuments(), names.length * 2)
    const [store] = clients
    assert.ok(store)
    assert.deepEqual(await checked(store), [])
  })
})

/** Every finding, by going on until there is no cursor. */
async function checked(store: Store): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  let cursor: string | null = null
  do {
    const step: Awaited<ReturnType<Store['verify']>> = await store.verify({ cursor })
    findings.push(...step.findings)
    cursor = step.cursor
  } while (cursor !== null)
  return findings
}

suite('a check of the data', () => {
  async function whole(store: Store): Promise<User> {
    const user = await registered(store, { roles: ['admin'] })
    await signedIn(store, user)
    await issued(store, user)
    await store.putInboxMessage({ id: newId(), userId: user.id, sealed: new Uint8Array(1), sentAt: 1 }, 9)
    await registered(store, { status: 'pending' })
    await registered(store, { status: 'disabled', passwordHash: null })
    await store.putSetupToken({ hash: newToken(user).hash, createdAt: 1, expiresAt: 2 })
    await store.putToken(newToken(user, { userId: null }), newMail(null))
    const memo = { key: new Uint8Array(32), body: new Uint8Array(32), expiresAt: Date.now() + 1e6 }
    const another = newUser()
    await store.createUser({ user: another, idempotency: memo }, newTrail(another.id, newMail(another.id)))
    return user
  }

  const raw = { bypassDocumentValidation: true } as const
  type Names = { readonly _id: never } & Document

  test('finds nothing where nothing is wrong, and looks at every document once', async (t) => {
    const { store, db } = await opened(t)
    await whole(store)
    assert.deepEqual(await checked(store), [])
    let looked = 0
    let cursor: string | null = null
    do {
      const step: Awaited<ReturnType<Store['verify']>> = await store.verify({ cursor })
      looked += step.checked
      cursor = step.cursor
    } while (cursor !== null)
    const counts = plans
      .filter(({ shardKey }) => shardKey)
      .map(({ name }) => db.collection(name).countDocuments())
    assert.equal(
      looked,
      (await Promise.all(counts)).reduce((sum, count) => sum + count, 0),
    )
  })

  test('names each kind of damage with where it is, and nothing besides', async (t) => {
    const { store, db } = await opened(t)
    const user = await whole(store)
    const ghost = newId()
    const identifiers = db.collection<Names>('identifiers')
    await identifiers.deleteOne({ _id: `u:${user.username}` as never })
    await identifiers.insertOne({ _id: 'e:ghost@example.com' as never, userId: idOf(ghost) })
    await identifiers.insertOne({ _id: 'e:another@example.com' as never, userId: idOf(user.id) })
    await identifiers.insertOne({ _id: 'k:nobody' as never, userId: idOf(ghost) })
    const lost = newId()
    const session = await db.collection('sessions').findOne({})
    await db
      .collection<Names>('sessions')
      .insertOne({ ...session, _id: idOf(lost) as never, userId: idOf(ghost) })
    const orphan = newToken(user, { userId: ghost })
    await store.putToken(orphan, newMail(ghost))
    await db.collection('meta').updateOne({ _id: 'admins' as never }, { $inc: { n: 1 } })
    const strange = await registered(store)
    await db
      .collection('users')
      .updateOne({ _id: idOf(strange.id) as never }, { $set: { profile: 'no object' } }, raw)
    const unread = await signedIn(store, user)
    await db
      .collection('sessions')
      .updateOne({ _id: idOf(unread.id) as never }, { $set: { createdAt: 'never' } }, raw)
    const findings = await checked(store)
    const told = findings.map(({ kind, where, id }) => `${kind} ${where} ${id}`)
    assert.deepEqual(
      told.toSorted(),
      [
        `admin_count_wrong meta admins`,
        `claim_without_user identifiers e:another@example.com`,
        `claim_without_user identifiers e:ghost@example.com`,
        `claim_without_user identifiers k:nobody`,
        `row_without_user sessions ${lost}`,
        `row_without_user tokens ${Buffer.from(orphan.hash).toString('hex')}`,
        `user_without_claim users ${user.id}`,
        `value_unreadable sessions ${unread.id}`,
        `value_unreadable users ${strange.id}`,
      ].toSorted(),
    )
  })

  test('names every index that a restore which broke off has not put back', async (t) => {
    const { store, db } = await opened(t)
    await whole(store)
    const planned = plans.flatMap(({ name, indexes }) => indexes.map((index) => ({ name, index })))
    for (const { name, indexes } of plans) if (indexes.length > 0) await db.collection(name).dropIndexes()
    const told = (await checked(store)).map(({ kind, where, id }) => `${kind} ${where} ${id}`)
    assert.deepEqual(
      told,
      planned.map(({ name, index }) => `index_missing ${name} ${index.name}`),
    )
    for (const { name, index } of planned) {
      if (index.name !== 'roles') await db.collection(name).createIndexes([index])
    }
    assert.deepEqual(await checked(store), [{ kind: 'index_missing', where: 'users', id: 'roles' }])
    for (const { name, index } of planned) await db.collection(name).createIndexes([index])
    assert.deepEqual(await checked(store), [])
  })

  test('goes on where it has stopped, over more documents than one step takes', async (t) => {
    const both = await opened(t)
    await populate(both, lists.verifyStep + 1)
    const first = await both.store.verify({ cursor: null })
    assert.equal(first.checked, lists.verifyStep)
    const second = await both.store.verify({ cursor: first.cursor })
    assert.equal(second.checked, 1)
    assert.deepEqual(await checked(both.store), [])
    assert.equal(sent('update', 'users').length + sent('delete', 'users').length, 0)
    await assert.rejects(both.store.verify({ cursor: '{"name":"meta","after":null}' }))
  })
})

suite('the first administrator', () => {
  test('a link for setting up is no one-time token, whatever is asked of it', async (t) => {
    const { store } = await opened(t)
    const user = await registered(store)
    const { hash } = newToken(user)
    const now = Date.now()
    await store.putSetupToken({ hash, createdAt: now, expiresAt: now + 1000 })
    const kinds = ['verify_email', 'change_email', 'reset_password', 'set_password'] as const
    assert.equal(await store.peekToken({ hash, kinds, now }), null)
    const displaced = newEvent(null)
    const reset = { hash, passwordHash: 'x', now, displaced }
    assert.deepEqual(await store.resetPassword(reset, newTrail(null)), { kind: 'stale' })
    const confirmation = { hash, userId: user.id, now, displaced }
    assert.deepEqual(await store.confirmEmail(confirmation, newTrail(null)), { kind: 'stale' })
    assert.equal(await store.peekSetupToken({ hash, now }), 'live')
    const ordinary = await issued(store, user)
    assert.equal(await store.peekSetupToken({ hash: ordinary.hash, now }), null)
  })

  test('the same call again, after an answer that was lost, is the same administrator', async (t) => {
    const { store } = await opened(t)
    const creation = { user: newUser({ roles: ['admin'] }), setup: null }
    const trail = newTrail(creation.user.id)
    const [first, again] = [
      await store.createFirstAdmin(creation, trail),
      await store.createFirstAdmin(creation, trail),
    ]
    assert.equal(first.kind, 'created')
    assert.deepEqual(again, first)
    assert.deepEqual(await checked(store), [])
  })
})

suite('what ends by itself', () => {
  test('a user who never confirmed goes a day later, with everything that names it', async (t) => {
    const { store, db } = await opened(t)
    const now = Date.now()
    const late = await registered(store, { status: 'pending', createdAt: now - lifetimes.verifyTokenMs })
    await store.putToken(newToken(late, { kind: 'verify_email' }), newMail(late.id))
    const pending = (createdAt: number) =>
      registered(store, { status: 'pending', createdAt, passwordHash: null })
    const invited = await pending(now - lifetimes.verifyTokenMs)
    const uninvited = await pending(now - lifetimes.setPasswordTokenMs)
    const fresh = await registered(store, { status: 'pending', createdAt: now })
    const old = await registered(store, { createdAt: 1 })
    await store.sweep({ now })
    for (const { id } of [late, uninvited]) assert.equal(await store.findUser({ id }), null)
    for (const { id } of [invited, fresh, old]) assert.ok(await store.findUser({ id }))
    assert.equal(await db.collection('tokens').countDocuments(), 0)
    assert.deepEqual(await checked(store), [])
    const taken = await registered(store, { username: late.username })
    assert.equal(taken.status, 'active')
  })

  test('claims are not in the index of what ends, and every scan of it still finds what has', async (t) => {
    const { store, db } = await opened(t)
    await populate({ store, db }, 50)
    commands.length = 0
    await store.sweep({ now: Date.now() })
    for (const { plan, keys } of await examined(db)) {
      assert.match(plan, /IXSCAN/)
      assert.equal(keys, 0)
    }
  })
})

suite('events and mail', () => {
  test('every list of events goes along an index, both ways, and reads a page and one', async (t) => {
    const { store, db } = await opened(t)
    const [actorId, userId] = [newId(), newId()]
    for (const number of upTo(40)) {
      await store.appendAudit(newEvent(userId, { actorId: number % 4 === 0 ? actorId : null }))
      await store.appendAudit(newEvent(newId()))
    }
    const limit = 5
    for (const who of [
      { userId, actorId: null },
      { userId: null, actorId },
      { userId: null, actorId: null },
    ]) {
      const first = await store.listAudit({ ...who, limit, from: null })
      commands.length = 0
      const next = await store.listAudit({ ...who, limit, from: first.next })
      const back = await store.listAudit({ ...who, limit, from: next.previous })
      assert.deepEqual(back.items, first.items)
      for (const { documents, plan } of await examined(db)) {
        assert.doesNotMatch(plan, /COLLSCAN|"SORT"/)
        assert.ok(documents <= limit + 1)
      }
    }
    const of = { userId, actorId, limit: 100, from: null }
    assert.equal((await store.listAudit(of)).items.length, 10)
  })

  test('mail that waits is counted wherever it waits, and is as old as the oldest', async (t) => {
    const { store, db } = await opened(t)
    assert.deepEqual(await store.mailBacklog(), { waiting: 0, oldestDueAt: null })
    const user = await registered(store)
    await store.putToken(newToken(user), newMail(user.id, { createdAt: 5000 }))
    assert.deepEqual(await store.mailBacklog(), { waiting: 1, oldestDueAt: 5000 })
    const session = newSession(user)
    const mail = newMail(user.id, { createdAt: 4000 })
    await store.openSession(session, { audit: newEvent(user.id), mail })
    assert.deepEqual(await store.mailBacklog(), { waiting: 2, oldestDueAt: 4000 })
    await store.finishMail({ id: mail.id, audit: null })
    assert.deepEqual(await store.mailBacklog(), { waiting: 1, oldestDueAt: 5000 })
    for (const { command, collection } of commands.filter(({ name }) => name === 'aggregate')) {
      const match: Document = command['pipeline'][0].$match
      const { queryPlanner } = await db.command({ explain: { find: collection, filter: match } })
      assert.match(JSON.stringify(queryPlanner.winningPlan), /IXSCAN/)
    }
  })
})

suite('a page', () => {
  const request = { limit: 3, from: null, ascending: true, scanMax: 20, scanStep: 5 }
  const id = (number: number): string => `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
  const numbers = (page: Page<number>): readonly number[] => page.items

  /** A walk over numbers, of which only some fit; it says how many it was asked for. */
  function walkOver(all: readonly number[], fits: (number: number) => boolean, asked: number[] = []) {
    return (ascending: boolean): Walk<number> =>
      async (after, most) => {
        asked.push(most)
        return all
          .toSorted((one, other) => (ascending ? one - other : other - one))
          .filter((one) => after === null || (ascending ? id(one) > after.id : id(one) < after.id))
          .slice(0, most)
          .map((one) => ({ place: { value: null, id: id(one) }, item: fits(one) ? one : null }))
      }
  }

  test('ends early where few fit, says where to go on, and looks at no more than its limit', async () => {
    const asked: number[] = []
    const walk = walkOver(upTo(100), (number) => number === 1 || number === 50, asked)
    const page = await pageOf(request, walk(true))
    assert.deepEqual(numbers(page), [1])
    assert.deepEqual(asked, [4, 5, 5, 5, 5])
    assert.deepEqual(page.next, { direction: 'next', value: null, id: id(23) })
    assert.equal(page.previous, null)
    const empty = await pageOf({ ...request, from: page.next }, walk(true))
    assert.deepEqual([empty.items, empty.next?.id, empty.previous?.id], [[], id(47), id(47)])
    const found = await pageOf({ ...request, from: empty.next }, walk(true))
    assert.deepEqual([numbers(found), found.previous?.id], [[50], id(50)])
    const back = await pageOf({ ...request, from: empty.previous, ascending: false }, walk(false))
    assert.deepEqual([numbers(back), back.previous?.id, back.next?.id], [[], id(23), id(23)])
    const begin = await pageOf({ ...request, from: back.previous, ascending: false }, walk(false))
    assert.deepEqual([numbers(begin), begin.previous], [[1], null])
  })

  test('looks at as many at once as will most likely fill it, after what the first look has shown', async () => {
    const asked: number[] = []
    const walk = walkOver(upTo(100), (number) => number % 4 === 0, asked)
    const page = await pageOf({ ...request, scanStep: 50 }, walk(true))
    assert.deepEqual(numbers(page), [0, 4, 8])
    assert.deepEqual(asked, [4, 15])
  })

  test('behind whose place everybody has gone leads back to those before it, all of them', async () => {
    const first = await pageOf(request, walkOver(upTo(9), () => true)(true))
    assert.deepEqual(numbers(first), [0, 1, 2])
    const rest = walkOver(upTo(3), () => true)
    const gone = await pageOf({ ...request, from: first.next }, rest(true))
    assert.deepEqual([gone.items, gone.next], [[], null])
    const back = await pageOf({ ...request, from: gone.previous, ascending: false }, rest(false))
    assert.deepEqual([numbers(back), back.previous], [[0, 1, 2], null])
    const forth = await pageOf({ ...request, from: back.next }, rest(true))
    assert.deepEqual([forth.items, forth.next], [[], null])
  })
})
