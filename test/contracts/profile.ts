import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ProfileChange, Store } from '../../src/domain/ports/store.ts'
import type { User } from '../../src/domain/user.ts'
import {
  auditActions,
  current,
  issued,
  newEvent,
  newTrail,
  registered,
  rounds,
  tally,
  upTo,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

function update(
  store: Store,
  user: User,
  change: Partial<ProfileChange>,
): ReturnType<Store['updateProfile']> {
  const expected = { userId: user.id, expectVersion: user.version, expectEpoch: user.epoch }
  return store.updateProfile({ ...expected, now: Date.now(), ...change }, null)
}

/** C10. */
export function profileContract(harness: Harness): void {
  suite('profile', () => {
    test('no update is lost: a counter that many callers raise by compare-and-set ends exact', async (t) => {
      const { store, clients } = await harness.open(t)
      const { id } = await registered(store, { profile: { count: 0 } })
      const total = rounds(1000)
      let left = total
      await race(clients, 8, async (client) => {
        while (left > 0) {
          const user = await current(client, id)
          const count = Number(user.profile['count']) + 1
          const outcome = await update(client, user, { profile: { count } })
          assert.match(outcome.kind, /^(?:updated|stale)$/)
          if (outcome.kind === 'updated') left -= 1
        }
      })
      const user = await current(store, id)
      assert.equal(user.profile['count'], total - left)
      assert.equal(user.version, 1 + total - left)
    })

    test('of racing updates of one version exactly one wins', async (t) => {
      const { store, clients } = await harness.open(t)
      const user = await registered(store)
      const outcomes = await race(clients, 20, (client, n) => update(client, user, { locale: `x-${n}` }))
      assert.deepEqual(tally(outcomes), { updated: 1, stale: 19 })
      const winner = outcomes.findIndex(({ kind }) => kind === 'updated')
      assert.equal((await current(store, user.id)).locale, `x-${winner}`)
    })

    test('what a change leaves out stays as it is, and a change without trail leaves no event', async (t) => {
      const { store, clock } = await harness.open(t)
      const user = await registered(store, { profile: { bio: 'old', nested: { deep: [1, null, 'é'] } } })
      clock.advance(1000)
      const outcome = await update(store, user, { locale: 'de-AT', now: clock.now() })
      const expected = { ...user, locale: 'de-AT', version: 2, updatedAt: clock.now() }
      assert.deepEqual(outcome, { kind: 'updated', user: expected })
      assert.deepEqual(await current(store, user.id), expected)
      assert.deepEqual(await auditActions(store, user.id), ['test'])
    })

    test('an old version, an old epoch and a user that is gone are refused and change nothing', async (t) => {
      const { store } = await harness.open(t)
      const user = await registered(store)
      assert.deepEqual(await update(store, { ...user, version: 2 }, { locale: 'de' }), { kind: 'stale' })
      const token = await issued(store, user)
      const reset = { hash: token.hash, passwordHash: 'x', now: Date.now(), displaced: newEvent(null) }
      await store.resetPassword(reset, newTrail(user.id))
      const after = await current(store, user.id)
      assert.deepEqual(await update(store, { ...after, epoch: 1 }, { locale: 'de' }), { kind: 'stale' })
      assert.deepEqual(await current(store, user.id), after)
      const stranger = { ...user, id: '00000000-0000-7000-8000-000000000000' }
      assert.deepEqual(await update(store, stranger, { locale: 'de' }), { kind: 'not_found' })
    })

    test('signing in moves neither the version nor the time of the last change', async (t) => {
      const { store, clock } = await harness.open(t)
      const user = await registered(store)
      clock.advance(5000)
      for (const n of upTo(3)) {
        const session = {
          id: `00000000-0000-7000-8000-00000000000${n}`,
          userId: user.id,
          epoch: 1,
          refreshKeyId: 1,
          deviceName: null,
          userAgent: null,
          createdAt: clock.now() + n,
          expiresAt: clock.now() + 1000,
        }
        await store.openSession(session, newTrail(user.id))
      }
      assert.deepEqual(await current(store, user.id), { ...user, lastSignInAt: clock.now() + 2 })
    })
  })
}
