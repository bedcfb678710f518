import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Store } from '../../src/domain/ports/store.ts'
import type { User } from '../../src/domain/user.ts'
import {
  auditActions,
  current,
  hashOfId,
  issued,
  newTrail,
  registered,
  rounds,
  signedIn,
  tally,
  upTo,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

/** C9, and what a change of roles or status does. */
export function accessContract(harness: Harness): void {
  suite('roles, status and signing out', () => {
    lastAdmin(harness)
    effects(harness)
    signingOut(harness)
  })
}

const admin = { roles: ['user', 'admin'] } as const

const ways: readonly ((store: Store, target: User) => Promise<{ readonly kind: string }>)[] = [
  (store, { id: userId, roles }) =>
    store.changeAccess({ userId, expectRoles: roles, roles: ['user'], now: Date.now() }, newTrail(userId)),
  (store, { id: userId, roles }) =>
    store.changeAccess({ userId, expectRoles: roles, status: 'disabled', now: Date.now() }, newTrail(userId)),
  (store, { id: userId, roles }) =>
    store.deleteUser(
      { userId, expectEpoch: null, expectRoles: roles, idHash: hashOfId(userId), now: Date.now() },
      newTrail(userId),
    ),
]

function lastAdmin(harness: Harness): void {
  test('of two admins who demote, disable or delete each other at once exactly one succeeds (row 25)', async (t) => {
    const { store, clients } = await harness.open(t)
    let stays = await registered(store, admin)
    for (const round of upTo(Math.max(9, Math.ceil(rounds(10_000) * (harness.share ?? 1))))) {
      const both = [stays, await registered(store, admin)] as const
      const outcomes = await race(clients, 2, async (client, index) => {
        const way = ways[(index === 0 ? round : Math.floor(round / 3)) % 3]
        return way ? way(client, index === 0 ? both[1] : both[0]) : { kind: 'none' }
      })
      const refused = outcomes.findIndex(({ kind }) => kind === 'last_admin')
      const won = outcomes.findIndex(({ kind }) => kind === 'changed' || kind === 'deleted')
      assert.deepEqual(new Set([refused, won]), new Set([0, 1]), JSON.stringify(outcomes))
      assert.equal(await store.hasAdmin(), true)
      stays = await current(store, both[won === 0 ? 0 : 1].id)
      assert.equal(stays.status, 'active')
      assert.ok(stays.roles.includes('admin'))
    }
  })

  test('whoever is disabled or has no password is not counted: the other admin can not go', async (t) => {
    const { store } = await harness.open(t)
    const last = await registered(store, admin)
    await registered(store, { ...admin, passwordHash: null })
    const disabled = await registered(store, { ...admin, status: 'disabled' })
    for (const way of ways) assert.deepEqual(await way(store, last), { kind: 'last_admin' })
    assert.deepEqual(await current(store, last.id), last)
    assert.equal((await ways[0]?.(store, disabled))?.kind, 'changed')
    assert.equal(await store.hasAdmin(), true)
  })
}

function effects(harness: Harness): void {
  test('a lost role and a disabled account end sessions, links and pending changes; a gained role does not', async (t) => {
    const { store } = await harness.open(t)
    const cases = [
      { from: ['user', 'helper'], change: { roles: ['user'] }, ends: true },
      { from: ['user'], change: { status: 'disabled' }, ends: true },
      { from: ['user'], change: { roles: ['user', 'helper'] }, ends: false },
    ] as const
    for (const { from, change, ends } of cases) {
      const user = await registered(store, { roles: from })
      const session = await signedIn(store, user)
      const token = await issued(store, user)
      const before = await current(store, user.id)
      const now = Date.now()
      const expected = { userId: user.id, expectRoles: from, now }
      const changed = await store.changeAccess({ ...expected, ...change }, newTrail(user.id))
      assert.equal(changed.kind, 'changed')
      const after = await current(store, user.id)
      assert.deepEqual('user' in changed && changed.user, after)
      assert.deepEqual(after, {
        ...before,
        ...change,
        epoch: before.epoch + Number(ends),
        version: before.version + 1,
        updatedAt: now,
      })
      const found = await store.findSession({ userId: user.id, sessionId: session.id, now })
      assert.equal(found === null, ends)
      const kinds = ['reset_password'] as const
      assert.equal((await store.peekToken({ hash: token.hash, kinds, now }))?.kind === 'live', !ends)
    }
  })

  test('where nothing differs nothing is written, whatever the order of the roles', async (t) => {
    const { store } = await harness.open(t)
    const user = await registered(store, { roles: ['user', 'helper'] })
    const same = {
      userId: user.id,
      expectRoles: ['helper', 'user'],
      roles: ['helper', 'user'],
      now: Date.now(),
    }
    const outcome = await store.changeAccess({ ...same, status: 'active' }, newTrail(user.id))
    assert.deepEqual(outcome, { kind: 'changed', user })
    assert.deepEqual(await current(store, user.id), user)
    assert.deepEqual(await auditActions(store, user.id), ['test'])
  })

  test('other roles than expected, and nobody, change nothing', async (t) => {
    const { store } = await harness.open(t)
    const user = await registered(store, { roles: ['user', 'helper'] })
    for (const roles of [['user'], ['user', 'helper', 'admin'], []]) {
      for (const way of ways) assert.deepEqual(await way(store, { ...user, roles }), { kind: 'stale' })
      const which = { userId: user.id, expectRoles: roles, now: Date.now() }
      assert.deepEqual(await store.signOutUser(which, newTrail(user.id)), { kind: 'stale' })
    }
    assert.deepEqual(await current(store, user.id), user)
    const pending = await registered(store, { status: 'pending' })
    const nobodies = [pending, { ...user, id: '00000000-0000-7000-8000-000000000000' }]
    for (const nobody of nobodies) {
      for (const way of ways.slice(0, 2)) assert.deepEqual(await way(store, nobody), { kind: 'not_found' })
      const which = { userId: nobody.id, expectRoles: nobody.roles, now: Date.now() }
      assert.deepEqual(await store.signOutUser(which, newTrail(null)), { kind: 'not_found' })
    }
    assert.deepEqual(await current(store, pending.id), pending)
  })

  test('of many changes under the same roles one wins', async (t) => {
    const { store, clients } = await harness.open(t)
    const user = await registered(store, { roles: ['user', 'helper'] })
    const outcomes = await race(
      clients,
      8,
      (client) => ways[0]?.(client, user) ?? Promise.reject(new Error()),
    )
    assert.deepEqual(tally(outcomes), { changed: 1, stale: 7 })
    assert.equal((await current(store, user.id)).epoch, user.epoch + 1)
  })
}

function signingOut(harness: Harness): void {
  test('signing a user out ends every session and link, and counts the live ones', async (t) => {
    const { store } = await harness.open(t)
    const user = await registered(store)
    const sessions = [await signedIn(store, user), await signedIn(store, user)]
    await signedIn(store, user, { createdAt: 1, expiresAt: 2 })
    const token = await issued(store, user)
    const now = Date.now()
    const which = { userId: user.id, expectRoles: user.roles, now }
    const outcome = await store.signOutUser(which, newTrail(user.id))
    assert.deepEqual(outcome, { kind: 'signed_out', sessionsRevoked: 2 })
    for (const { id } of sessions) {
      assert.equal(await store.findSession({ userId: user.id, sessionId: id, now }), null)
    }
    assert.deepEqual(await store.listSessions({ userId: user.id, now }), [])
    const query = { hash: token.hash, kinds: ['reset_password'], now } as const
    assert.equal((await store.peekToken(query))?.kind, 'used')
    const after = await current(store, user.id)
    assert.deepEqual([after.epoch, after.version], [user.epoch + 1, user.version + 1])
  })
}
