import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Store } from '../../src/domain/ports/store.ts'
import type { User } from '../../src/domain/user.ts'
import {
  current,
  hashOfId,
  issued,
  newEvent,
  newId,
  newMail,
  newSession,
  newToken,
  newTrail,
  newUser,
  registered,
  rounds,
  signedIn,
  tally,
  upTo,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

/** C6, the registry of what holds a user, and the last admin. */
export function deletionContract(harness: Harness): void {
  suite('deletion and export', () => {
    vanishing(harness)
    exporting(harness)
    lastAdmin(harness)
  })
}

function remove(
  store: Store,
  user: User,
  expectEpoch: number | null = user.epoch,
): ReturnType<Store['deleteUser']> {
  return store.deleteUser(
    { userId: user.id, expectEpoch, idHash: hashOfId(user.id), now: Date.now() },
    newTrail(user.id),
  )
}

/** A user that every entry of the registry holds, and how many rows of each. */
async function heldEverywhere(store: Store): Promise<User> {
  const user = await registered(store)
  await signedIn(store, user)
  await signedIn(store, user)
  await issued(store, user)
  await store.putInboxMessage({ id: newId(), userId: user.id, sealed: new Uint8Array(9), sentAt: 1 }, 500)
  return user
}

const heldCounts = {
  identifiers: 2,
  sessions: 2,
  one_time_tokens: 1,
  outgoing_mails: 1,
  inbox_messages: 1,
  audit_events: 3,
}

function vanishing(harness: Harness): void {
  test('a deleted user is unusable by session, token and claim the instant the deletion returns', async (t) => {
    const { store, clock } = await harness.open(t)
    for (const _ of upTo(rounds(200))) {
      const user = await registered(store)
      const session = await signedIn(store, user)
      const token = await issued(store, user)
      const deleted = await remove(store, user)
      assert.equal(deleted.kind, 'deleted')
      const now = clock.now()
      assert.equal(await store.findUser({ id: user.id }), null)
      assert.equal(await store.findUserByIdentifier({ key: `e:${user.email}` }), null)
      assert.equal(await store.findUserByIdentifier({ key: `u:${user.username}` }), null)
      assert.equal(await store.findSession({ userId: user.id, sessionId: session.id, now }), null)
      const kinds = ['reset_password'] as const
      assert.equal(await store.peekToken({ hash: token.hash, kinds, now }), null)
      const reset = { hash: token.hash, passwordHash: 'x', now, displaced: newEvent(null) }
      assert.deepEqual(await store.resetPassword(reset, newTrail(user.id)), { kind: 'stale' })
      assert.deepEqual(await store.openSession(newSession(user), newTrail(user.id)), { kind: 'stale' })
      assert.deepEqual(await remove(store, user), { kind: 'not_found' })
      assert.deepEqual(await store.claimMail({ now: now + 1e6, leaseUntil: now, limit: 9 }), [])
    }
  })

  test('the receipt counts every row that went, and says what stays and until when', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await heldEverywhere(store)
    const deletion = { userId: user.id, expectEpoch: 1, idHash: hashOfId(user.id), now: clock.now() }
    const deleted = await store.deleteUser(deletion, newTrail(user.id))
    assert.equal(deleted.kind, 'deleted')
    assert.deepEqual(deleted.erased, { ...heldCounts, audit_events: 0 })
    const kept = deleted.retained.find(({ what }) => what === 'audit_events')
    assert.ok(kept && kept.until > clock.now() && kept.reason.length > 0)
    assert.equal(await store.exportUser({ userId: user.id }), null)
    assert.deepEqual(await store.listInboxMessages({ limit: 9 }), [])
  })

  test('whoever registers with the same address and name again sees nothing of the former user', async (t) => {
    const { store, clock } = await harness.open(t)
    const before = await heldEverywhere(store)
    await remove(store, before)
    const after = await registered(store, { username: before.username, email: before.email })
    assert.notEqual(after.id, before.id)
    assert.deepEqual(await store.listSessions({ userId: after.id, now: clock.now() }), [])
    const exported = await store.exportUser({ userId: after.id })
    assert.deepEqual(countsOf(exported), {
      ...Object.fromEntries(Object.keys(heldCounts).map((name) => [name, 0])),
      identifiers: 2,
      audit_events: 1,
    })
    assert.doesNotMatch(JSON.stringify(exported), new RegExp(before.id))
  })

  test('nothing that arrives for a deleted user is stored', async (t) => {
    const { store } = await harness.open(t)
    const user = await registered(store)
    await remove(store, user)
    const token = newToken(user)
    await store.putToken(token, newMail(user.id))
    await store.putInboxMessage({ id: newId(), userId: user.id, sealed: new Uint8Array(9), sentAt: 1 }, 500)
    assert.deepEqual(await store.claimMail({ now: Date.now() + 1e6, leaseUntil: 0, limit: 9 }), [])
    assert.deepEqual(await store.listInboxMessages({ limit: 9 }), [])
    const peek = { hash: token.hash, kinds: ['reset_password'] as const, now: Date.now() }
    assert.equal(await store.peekToken(peek), null)
  })

  test('of racing deletions one deletes, and a moved epoch stops it', async (t) => {
    const { store, clients } = await harness.open(t)
    const user = await registered(store)
    assert.deepEqual(await remove(store, user, 2), { kind: 'stale' })
    assert.deepEqual(await current(store, user.id), user)
    const outcomes = await race(clients, 20, (client) => remove(client, user))
    assert.deepEqual(tally(outcomes), { deleted: 1, not_found: 19 })
  })
}

function countsOf(exported: Awaited<ReturnType<Store['exportUser']>>): Record<string, number> {
  return Object.fromEntries(Object.entries(exported ?? {}).map(([name, rows]) => [name, rows.length]))
}

function exporting(harness: Harness): void {
  test('an export shows what the receipt would count, readable, and nothing of other users', async (t) => {
    const { store } = await harness.open(t)
    const user = await heldEverywhere(store)
    const other = await heldEverywhere(store)
    const exported = await store.exportUser({ userId: user.id })
    assert.deepEqual(countsOf(exported), heldCounts)
    assert.doesNotMatch(JSON.stringify(exported), new RegExp(`${other.id}|${other.username}`))
    const [session] = exported?.['sessions'] ?? []
    assert.match(JSON.stringify(session?.['created_at']), /^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"$/)
    const [message] = exported?.['inbox_messages'] ?? []
    assert.equal(message?.['sealed'], Buffer.alloc(9).toString('base64'))
    const keys = new Set(exported?.['identifiers']?.map(({ key }) => key))
    assert.deepEqual(keys, new Set([`e:${user.email}`, `u:${user.username}`]))
  })

  test('an export holds a long history whole, what the user did to others included', async (t) => {
    const { store, clients } = await harness.open(t)
    const user = await registered(store)
    const count = 1205
    await race(clients, count, (client, n) =>
      client.appendAudit(newEvent(n % 2 ? user.id : newId(), { actorId: user.id })),
    )
    const events = (await store.exportUser({ userId: user.id }))?.['audit_events'] ?? []
    assert.equal(events.length, count + 1)
    assert.equal(new Set(events.map(({ id }) => id)).size, count + 1)
  })

  test('an event that is written again under its id is written once', async (t) => {
    const { store } = await harness.open(t)
    const user = await registered(store)
    const event = newEvent(user.id)
    for (const _ of upTo(3)) await store.appendAudit(event)
    assert.equal((await store.exportUser({ userId: user.id }))?.['audit_events']?.length, 2)
  })
}

function lastAdmin(harness: Harness): void {
  test('the last admin with a password cannot be deleted, whoever else there is', async (t) => {
    const { store } = await harness.open(t)
    const admin = await registered(store, { roles: ['user', 'admin'] })
    await registered(store, { roles: ['administrator', 'user'] })
    await registered(store, { roles: ['admin'], status: 'disabled' })
    const invited = await registered(store, { roles: ['admin'], passwordHash: null })
    assert.deepEqual(await remove(store, admin), { kind: 'last_admin' })
    assert.deepEqual(await current(store, admin.id), admin)
    assert.equal((await remove(store, invited)).kind, 'deleted')
    await registered(store, { roles: ['admin'] })
    assert.equal((await remove(store, admin)).kind, 'deleted')
  })

  test('where there is no admin yet, a user can still go', async (t) => {
    const { store } = await harness.open(t)
    assert.equal((await remove(store, await registered(store))).kind, 'deleted')
  })

  test('of two admins who leave at the same time one stays (row 25)', async (t) => {
    const { store, clients } = await harness.open(t)
    let left = await registered(store, { roles: ['admin'] })
    for (const _ of upTo(rounds(1000))) {
      const admins = [left, await registered(store, { roles: ['admin'] })]
      const outcomes = await race(clients, 2, (client, n) => remove(client, admins[n] ?? left))
      assert.deepEqual(tally(outcomes), { deleted: 1, last_admin: 1 })
      left = admins[outcomes.findIndex(({ kind }) => kind === 'last_admin')] ?? left
    }
    assert.equal((await store.createUser({ user: newUser() }, newTrail(null))).kind, 'created')
  })
}
