import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { tokenKinds } from '../../src/domain/ports/records.ts'
import type { SetupToken } from '../../src/domain/ports/administration.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import { firstState } from '../../src/domain/user-changes.ts'
import {
  current,
  newEvent,
  newMail,
  newToken,
  newTrail,
  newUser,
  registered,
  rounds,
  tally,
  upTo,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

const now = Date.now()

async function linked(store: Store, expiresAt = now + 60_000): Promise<SetupToken> {
  const token = { hash: new Uint8Array(randomBytes(32)), createdAt: now, expiresAt }
  await store.putSetupToken(token)
  return token
}

function create(
  store: Store,
  hash: Uint8Array | null,
  overrides: Parameters<typeof newUser>[0] = {},
): ReturnType<Store['createFirstAdmin']> {
  const user = newUser({ roles: ['user', 'admin'], ...overrides })
  return store.createFirstAdmin({ user, setup: hash && { hash, now } }, newTrail(user.id))
}

/** The first administrator, by link or without one. */
export function firstAdminContract(harness: Harness): void {
  suite('the first administrator', () => {
    for (const by of ['one link', 'links of their own', 'no link'] as const) {
      test(`of many racing creations by ${by} exactly one makes an administrator`, async (t) => {
        for (const _ of upTo(Math.max(2, Math.ceil((rounds(200) / 10) * (harness.share ?? 1))))) {
          const { store, clients } = await harness.open(t)
          const shared = await linked(store)
          const hashes = await Promise.all(
            upTo(100).map(async () =>
              by === 'no link' ? null : by === 'one link' ? shared : await linked(store),
            ),
          )
          assert.equal(await store.hasAdmin(), false)
          const outcomes = await race(clients, 100, (client, n) => create(client, hashes[n]?.hash ?? null))
          assert.deepEqual(tally(outcomes), { created: 1, admin_exists: 99 })
          assert.equal(await store.hasAdmin(), true)
          assert.equal(await store.peekSetupToken({ hash: shared.hash, now }), 'used')
        }
      })
    }

    test('a link is live, then expired or used; an unknown one is neither, and makes nobody', async (t) => {
      const { store } = await harness.open(t)
      const unknown = new Uint8Array(32)
      const [live, late] = [await linked(store), await linked(store, now)]
      assert.equal(await store.peekSetupToken({ hash: live.hash, now }), 'live')
      assert.equal(await store.peekSetupToken({ hash: late.hash, now }), 'expired')
      assert.equal(await store.peekSetupToken({ hash: unknown, now }), null)
      for (const hash of [late.hash, unknown]) assert.deepEqual(await create(store, hash), { kind: 'stale' })
      const other = await registered(store)
      const taken = await create(store, live.hash, { username: other.username.toUpperCase() })
      assert.deepEqual(taken, { kind: 'conflict', fields: ['username'] })
      assert.equal(await store.peekSetupToken({ hash: live.hash, now }), 'live')
      assert.equal(await store.hasAdmin(), false)
      assert.equal((await create(store, live.hash)).kind, 'created')
      for (const { hash } of [live, late]) assert.equal(await store.peekSetupToken({ hash, now }), 'used')
      for (const hash of [live.hash, late.hash, unknown, null]) {
        assert.deepEqual(await create(store, hash), { kind: 'admin_exists' })
      }
    })

    test('the same creation again is the same administrator, and its token is stored with it', async (t) => {
      const { store } = await harness.open(t)
      const setup = { hash: (await linked(store)).hash, now }
      const user = newUser({ roles: ['admin'] })
      const token = newToken(firstState(user), { kind: 'verify_email' })
      const [first, again] = [
        await store.createFirstAdmin({ user, token, setup }, newTrail(user.id)),
        await store.createFirstAdmin({ user, token, setup }, newTrail(user.id)),
      ]
      assert.equal(first.kind, 'created')
      assert.deepEqual(again, first)
      const found = await store.peekToken({ hash: token.hash, kinds: ['verify_email'], now })
      assert.equal(found?.user.id, user.id)
      assert.deepEqual(await current(store, user.id), 'user' in first && first.user)
    })

    test('a setup link is no one-time token, and no one-time token is a setup link', async (t) => {
      const { store } = await harness.open(t)
      const { hash } = await linked(store)
      const user = await registered(store)
      assert.equal(await store.peekToken({ hash, kinds: tokenKinds, now }), null)
      const displaced = newEvent(null)
      const reset = { hash, passwordHash: 'x', now, displaced }
      assert.deepEqual(await store.resetPassword(reset, newTrail(user.id)), { kind: 'stale' })
      const confirmation = { hash, userId: user.id, now, displaced }
      assert.deepEqual(await store.confirmEmail(confirmation, newTrail(user.id)), { kind: 'stale' })
      for (const kind of tokenKinds) {
        const token = newToken(user, { kind })
        await store.putToken(token, newMail(user.id, { kind }))
        assert.equal(await store.peekSetupToken({ hash: token.hash, now }), null)
        assert.deepEqual(await create(store, token.hash), { kind: 'stale' })
      }
      assert.equal(await store.hasAdmin(), false)
    })

    test('an expired link is swept a day later', async (t) => {
      const { store } = await harness.open(t)
      const { hash, expiresAt } = await linked(store)
      await store.sweep({ now: expiresAt + 3_600_000 })
      assert.equal(await store.peekSetupToken({ hash, now: expiresAt }), 'expired')
      await store.sweep({ now: expiresAt + 25 * 3_600_000 })
      assert.equal(await store.peekSetupToken({ hash, now: expiresAt }), null)
    })
  })
}
