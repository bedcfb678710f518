import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Finding, Page } from '../../src/domain/ports/administration.ts'
import type { AuditEvent } from '../../src/domain/ports/records.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import {
  current,
  hashOfId,
  issued,
  newEvent,
  newId,
  newMail,
  newTrail,
  newUser,
  registered,
  signedIn,
  upTo,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

/** Many users at once, pages of events, the backlog of mail, and the check of everything. */
export function administrationRecordsContract(harness: Harness): void {
  suite('many users, events and checks', () => {
    additions(harness)
    events(harness)
    checks(harness)
  })
}

function additions(harness: Harness): void {
  test('of many users each is stored whole or refused for itself, with its verdict in its place', async (t) => {
    const { store } = await harness.open(t)
    const known = await registered(store)
    const [plain, pending, admin] = [
      newUser(),
      newUser({ status: 'pending', email: known.email }),
      newUser({ roles: ['admin'] }),
    ]
    const batch = [
      plain,
      newUser({ email: known.email.toUpperCase(), username: known.username }),
      newUser({ username: plain.username.toUpperCase() }),
      pending,
      admin,
      plain,
      { ...plain, id: known.id },
    ]
    const trail = newTrail(null)
    const both = { kind: 'conflict', fields: ['email', 'username'] }
    const verdicts = [
      { kind: 'added' },
      both,
      { kind: 'conflict', fields: ['username'] },
      { kind: 'added' },
      { kind: 'added' },
      { kind: 'repeated' },
      { kind: 'repeated' },
    ]
    assert.deepEqual(await store.checkUsers(batch), verdicts)
    assert.equal(await store.findUser({ id: plain.id }), null, 'checking has written')
    assert.deepEqual(await store.addUsers(batch, trail), verdicts)
    assert.deepEqual(
      (await store.checkUsers([plain, newUser({ username: pending.username }), newUser()])).map(
        ({ kind }) => kind,
      ),
      ['repeated', 'conflict', 'added'],
    )
    for (const user of [plain, pending, admin]) {
      const stored = await current(store, user.id)
      assert.deepEqual(stored, { ...stored, ...user, version: 1, epoch: 1 })
    }
    assert.equal((await store.findUserByIdentifier({ key: `u:${plain.username}` }))?.id, plain.id)
    assert.equal(await store.findUser({ id: batch[1]?.id ?? '' }), null)
    assert.deepEqual(await current(store, known.id), known)
    assert.equal(await store.hasAdmin(), true)
    const { items } = await store.listAudit({ userId: null, actorId: null, limit: 1, from: null })
    assert.deepEqual(items, [trail.audit])
    assert.deepEqual(await store.addUsers([], newTrail(null)), [])
  })

  test('a user that comes from elsewhere keeps its id and its times', async (t) => {
    const { store } = await harness.open(t)
    const times = { createdAt: 1_000, updatedAt: 2_000, lastSignInAt: 3_000 }
    const user = { ...newUser({ id: 'ffeeddcc-1111-4222-8333-444455556666' }), ...times }
    const fresh = newUser()
    await store.addUsers([user, fresh], newTrail(null))
    assert.deepEqual({ ...(await current(store, user.id)), ...user }, await current(store, user.id))
    const { updatedAt, lastSignInAt } = await current(store, fresh.id)
    assert.deepEqual([updatedAt, lastSignInAt], [fresh.createdAt, null])
  })

  test('of racing batches of the same names every name has one user', async (t) => {
    const { clients, store } = await harness.open(t)
    const names = upTo(20).map((n) => `racer-${n}`)
    const batches = await race(clients, 4, (client) =>
      client.addUsers(
        names.map((username) => newUser({ username })),
        newTrail(null),
      ),
    )
    const added = batches.flat().filter(({ kind }) => kind === 'added')
    assert.equal(added.length, names.length)
    for (const name of names) assert.ok(await store.findUserByIdentifier({ key: `u:${name}` }))
    assert.deepEqual(await findings(store), [])
  })
}

function events(harness: Harness): void {
  test('events come newest first, of everybody, of one user or of one actor, there and back', async (t) => {
    const { store } = await harness.open(t)
    const [ann, bob] = [newId(), newId()]
    const written = upTo(30).map((n) =>
      newEvent(n % 3 === 0 ? null : ann, { actorId: n % 2 ? bob : ann, detail: n % 4 ? null : `event ${n}` }),
    )
    for (const event of written) await store.appendAudit(event)
    for (const userId of [null, ann, bob]) {
      for (const actorId of [null, ann, bob]) {
        const expected = written
          .filter((event) => userId === null || event.userId === userId)
          .filter((event) => actorId === null || event.actorId === actorId)
          .toReversed()
        const query = { userId, actorId, limit: 4 }
        const there: AuditEvent[] = []
        let page: Page<AuditEvent> = await store.listAudit({ ...query, from: null })
        assert.equal(page.previous, null)
        there.push(...page.items)
        while (page.next) {
          page = await store.listAudit({ ...query, from: page.next })
          there.push(...page.items)
        }
        assert.deepEqual(there, expected)
        let back = page.items
        while (page.previous) {
          page = await store.listAudit({ ...query, from: page.previous })
          back = [...page.items, ...back]
        }
        assert.deepEqual(back, expected)
      }
    }
  })

  test('an event that is written during a walk is not met by it, and nothing is met twice', async (t) => {
    const { store } = await harness.open(t)
    const query = { userId: null, actorId: null, limit: 2 }
    const written = upTo(6).map(() => newEvent(null))
    for (const event of written) await store.appendAudit(event)
    const first = await store.listAudit({ ...query, from: null })
    const late = newEvent(null)
    await store.appendAudit(late)
    const second = await store.listAudit({ ...query, from: first.next })
    assert.deepEqual([...first.items, ...second.items], written.slice(2).toReversed())
    const back = await store.listAudit({ ...query, limit: 9, from: second.previous })
    assert.deepEqual([back.items, back.previous], [[late, ...first.items], null])
  })
}

function checks(harness: Harness): void {
  test('the backlog counts mail that waits, and names since when the oldest has been due', async (t) => {
    const { store } = await harness.open(t)
    assert.deepEqual(await store.mailBacklog(), { waiting: 0, oldestDueAt: null })
    const user = await registered(store)
    const mails = [5000, 4000, 6000].map((createdAt) => newMail(user.id, { createdAt }))
    for (const mail of mails) await store.createUser({ user: newUser() }, newTrail(null, mail))
    assert.deepEqual(await store.mailBacklog(), { waiting: 3, oldestDueAt: 4000 })
    await store.finishMail({ id: mails[1]?.id ?? '', audit: null })
    assert.deepEqual(await store.mailBacklog(), { waiting: 2, oldestDueAt: 5000 })
  })

  test('after any of the steps the check of everything finds nothing', async (t) => {
    const { store } = await harness.open(t)
    const [plain, gone, admin] = [
      await registered(store),
      await registered(store),
      await registered(store, { roles: ['admin'] }),
    ]
    await registered(store, { status: 'pending' })
    await signedIn(store, plain)
    await issued(store, plain)
    await signedIn(store, gone)
    await issued(store, gone)
    await store.deleteUser(
      { userId: gone.id, expectEpoch: null, idHash: hashOfId(gone.id), now: 1 },
      newTrail(gone.id),
    )
    const change = { userId: admin.id, expectRoles: admin.roles, roles: ['user', 'admin'], now: 1 }
    assert.equal((await store.changeAccess(change, newTrail(admin.id))).kind, 'changed')
    assert.deepEqual(await findings(store), [])
  })
}

async function findings(store: Store): Promise<readonly Finding[]> {
  const found: Finding[] = []
  let cursor: string | null = null
  let checked = 0
  do {
    const step: Awaited<ReturnType<Store['verify']>> = await store.verify({ cursor })
    found.push(...step.findings)
    checked += step.checked
    cursor = step.cursor
  } while (cursor !== null)
  assert.ok(checked > 0)
  return found
}
