import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { Deletion } from '../../src/domain/ports/moving.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import {
  current,
  hashOfId,
  issued,
  newId,
  newSession,
  newTrail,
  newUser,
  registered,
  signedIn,
  tally,
  upTo,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

/** That users were deleted: what a restored copy is held to. */
export function deletionLedgerContract(harness: Harness): void {
  suite('the deletion ledger', () => {
    entries(harness)
    replaying(harness)
    endingEverything(harness)
    backingUp(harness)
  })
}

const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex')
const plain = ({ hash, at }: Deletion): readonly [string, number] => [hex(hash), at]
const made = (count: number, at = 5): Deletion[] => upTo(count).map(() => ({ hash: hashOfId(newId()), at }))

async function ledgerOf(store: Store, limit = 100): Promise<(readonly [string, number])[]> {
  const all: (readonly [string, number])[] = []
  for (let after: Uint8Array | null = null; ;) {
    const some: readonly Deletion[] = await store.listDeletions({ after, limit })
    assert.ok(some.length <= limit)
    all.push(...some.map(plain))
    const last = some.at(-1)
    if (!last) return all
    after = last.hash
  }
}

function entries(harness: Harness): void {
  test('a deletion is in the ledger with its commit, once, and a refused one is not', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    const [admin, leaving] = [await registered(store, { roles: ['admin'] }), await registered(store)]
    const deletionOf = (userId: string, expectEpoch: number) => ({
      userId,
      expectEpoch,
      idHash: hashOfId(userId),
      now: clock.now(),
    })
    const refused = [
      await store.deleteUser(deletionOf(admin.id, 1), newTrail(admin.id)),
      await store.deleteUser(deletionOf(leaving.id, 2), newTrail(leaving.id)),
      await store.deleteUser(deletionOf(newId(), 1), newTrail(null)),
    ]
    assert.deepEqual(tally(refused), { last_admin: 1, stale: 1, not_found: 1 })
    assert.deepEqual(await ledgerOf(store), [])
    const outcomes = await race(clients, 8, (client) =>
      client.deleteUser(deletionOf(leaving.id, 1), newTrail(leaving.id)),
    )
    assert.deepEqual(tally(outcomes), { deleted: 1, not_found: 7 })
    assert.deepEqual(await ledgerOf(store), [[hex(hashOfId(leaving.id)), clock.now()]])
  })

  test('the ledger is listed in the order of its hashes, a stretch at a time', async (t) => {
    const { store } = await harness.open(t)
    const all = made(25)
    await store.putDeletions(all)
    const sorted = all.map(plain).toSorted(([one], [other]) => (one < other ? -1 : 1))
    assert.deepEqual(await ledgerOf(store, 7), sorted)
    assert.deepEqual(await ledgerOf(store, 25), sorted)
  })

  test('what the ledger has already stays as it is, and it says which it has', async (t) => {
    const { store, clients } = await harness.open(t)
    const [known, unknown] = [made(12), made(3)]
    await store.putDeletions([])
    await race(clients, 6, (client) => client.putDeletions(known))
    await store.putDeletions([...known.map(({ hash }) => ({ hash, at: 9 })), ...made(1)])
    const listed = await ledgerOf(store)
    assert.equal(listed.length, 13)
    assert.deepEqual(tally(listed.map(([, at]) => ({ kind: String(at) }))), { 5: 13 })
    const asked = [...known, ...unknown].map(({ hash }) => hash)
    const found = (await store.findDeletions(asked)).map(hex)
    assert.deepEqual(new Set(found), new Set(known.map(({ hash }) => hex(hash))))
    assert.equal(found.length, 12)
    assert.deepEqual(await store.findDeletions([]), [])
  })

  test('an entry is swept once no backup that could need it may come back', async (t) => {
    const { store, clock } = await harness.open(t)
    const [old, young] = [made(2, clock.now()), made(2, clock.now() + 1000)]
    await store.putDeletions([...old, ...young])
    await store.sweep({ now: clock.now() + lifetimes.deletionLedgerMs - 1 })
    assert.equal((await ledgerOf(store)).length, 4)
    await store.sweep({ now: clock.now() + lifetimes.deletionLedgerMs })
    const left = (await ledgerOf(store)).map(([hash]) => hash)
    assert.deepEqual(new Set(left), new Set(young.map(({ hash }) => hex(hash))))
  })
}

function replaying(harness: Harness): void {
  test('the ids of all users are listed in their order, pending and disabled ones too', async (t) => {
    const { store } = await harness.open(t)
    const ids: string[] = []
    for (const status of ['active', 'pending', 'disabled', 'active', 'active'] as const) {
      ids.push((await registered(store, { status })).id)
    }
    const listed: string[] = []
    for (let after: string | null = null; ;) {
      const some: readonly string[] = await store.listUserIds({ after, limit: 2 })
      listed.push(...some)
      after = some.at(-1) ?? null
      if (after === null) break
    }
    assert.deepEqual(listed, ids.toSorted())
  })

  test('a deletion that is repeated takes the last administrator too, and the next one can be made', async (t) => {
    const { store, clock } = await harness.open(t)
    const admin = await registered(store, { roles: ['admin'] })
    const again = {
      expectEpoch: null,
      idHash: hashOfId(admin.id),
      lastAdminToo: true,
      now: clock.now(),
    } as const
    const deleted = await store.deleteUser({ userId: admin.id, ...again }, newTrail(admin.id))
    assert.equal(deleted.kind, 'deleted')
    assert.equal(await store.hasAdmin(), false)
    const plainUser = await registered(store)
    assert.equal(
      (await store.deleteUser({ userId: plainUser.id, ...again }, newTrail(plainUser.id))).kind,
      'deleted',
    )
    const first = newUser({ roles: ['admin'] })
    const created = await store.createFirstAdmin({ user: first, setup: null }, newTrail(first.id))
    assert.equal(created.kind, 'created')
    assert.equal(await store.hasAdmin(), true)
    assert.equal(
      (await store.createFirstAdmin({ user: newUser({ roles: ['admin'] }), setup: null }, newTrail(null)))
        .kind,
      'admin_exists',
    )
  })
}

function endingEverything(harness: Harness): void {
  test('every session and link ends and no mail is left, and nobody else changes', async (t) => {
    const { store, clock } = await harness.open(t)
    const users = [await registered(store), await registered(store, { roles: ['admin'] })]
    const [first] = users
    assert.ok(first)
    const sessions = []
    for (const user of users) sessions.push(await signedIn(store, user))
    const token = await issued(store, first)
    const setup = { hash: hashOfId(newId()), createdAt: clock.now(), expiresAt: clock.now() + 1e6 }
    await store.putSetupToken(setup)
    const before = await Promise.all(users.map(({ id }) => current(store, id)))
    const now = clock.now()
    for (const _ of upTo(2)) {
      await store.endEverything()
      for (const { userId, id: sessionId } of sessions) {
        assert.equal(await store.findSession({ userId, sessionId, now }), null)
      }
      assert.equal(await store.peekToken({ hash: token.hash, kinds: ['reset_password'], now }), null)
      assert.equal(await store.peekSetupToken({ hash: setup.hash, now }), null)
      assert.deepEqual(await store.claimMail({ now: now + 1e6, leaseUntil: now, limit: 9 }), [])
      assert.deepEqual(await store.mailBacklog(), { waiting: 0, oldestDueAt: null })
    }
    assert.deepEqual(await Promise.all(users.map(({ id }) => current(store, id))), before)
    const reopened = await store.openSession(newSession(first), newTrail(first.id))
    assert.equal(reopened.kind, 'opened')
    const { findings } = await store.verify({ cursor: null })
    assert.deepEqual(findings, [])
  })
}

function backingUp(harness: Harness): void {
  test('a backup is written whole, or the engine has tools of its own for it', async (t) => {
    const { store, clock } = await harness.open(t)
    await registered(store)
    const folder = mkdtempSync(join(tmpdir(), 'um-backup-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'users.backup')
    const done = await store.backUp({ path })
    if (done.kind === 'unsupported') {
      assert.ok(!existsSync(path))
      return
    }
    assert.ok(done.kind === 'written')
    assert.deepEqual([done.users, done.at, existsSync(path)], [1, clock.now(), true])
    assert.equal((await store.backUp({ path })).kind, 'refused')
  })
}
