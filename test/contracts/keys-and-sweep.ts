import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { StoredKey } from '../../src/domain/ports/records.ts'
import {
  auditActions,
  hashOfId,
  issued,
  newEvent,
  newTrail,
  newUser,
  registered,
  rounds,
  signedIn,
  tally,
  upTo,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

function newKey(kid: string): StoredKey {
  return {
    kid,
    algorithm: 'ES256',
    state: 'active',
    publicJwk: { kty: 'EC', crv: 'P-256', x: kid, y: kid },
    sealedPrivate: new Uint8Array([1, 2, 3]),
    createdAt: 1,
    activatedAt: 2,
    retiresAt: null,
  }
}

/** C15 on one node, housekeeping, and the end of a store. */
export function keysAndSweepContract(harness: Harness): void {
  suite('keys, housekeeping and the end', () => {
    keyring(harness)
    sweeping(harness)
    closing(harness)
  })
}

function keyring(harness: Harness): void {
  test('a new store has no keys, at version 0', async (t) => {
    const { store } = await harness.open(t)
    assert.deepEqual(await store.loadKeys(), { version: 0, keys: [] })
  })

  test('of racing swaps of the keyring one wins a version, and its whole set is there', async (t) => {
    const { store, clients } = await harness.open(t)
    for (const version of upTo(rounds(1000))) {
      const outcomes = await race(clients, 8, (client, n) => {
        const keys = [newKey(`a-${version}-${n}`), { ...newKey(`b-${version}-${n}`), retiresAt: 99 }]
        return client.swapKeys({ expectVersion: version, keys }, newTrail(null))
      })
      assert.deepEqual(tally(outcomes), { swapped: 1, stale: 7 })
      const winner = outcomes.findIndex(({ kind }) => kind === 'swapped')
      const keys = [newKey(`a-${version}-${winner}`), { ...newKey(`b-${version}-${winner}`), retiresAt: 99 }]
      for (const client of clients) assert.deepEqual(await client.loadKeys(), { version: version + 1, keys })
    }
    assert.equal((await store.loadKeys()).keys.length, 2)
  })
}

function sweeping(harness: Harness): void {
  test('only what has been expired long enough is swept, and it can be told from unknown until then', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    await signedIn(store, user, { expiresAt: clock.now() + 1000 })
    const alive = await signedIn(store, user, { expiresAt: clock.now() + 10 * lifetimes.purgeDelayMs })
    const token = await issued(store, user, { expiresAt: clock.now() + 1000 })
    clock.advance(1000 + lifetimes.purgeDelayMs - 1)
    assert.deepEqual(await store.sweep({ now: clock.now() }), { deleted: 0 })
    const look = { hash: token.hash, kinds: ['reset_password'] as const, now: clock.now() }
    assert.equal((await store.peekToken(look))?.kind, 'expired')
    clock.advance(1)
    assert.ok((await store.sweep({ now: clock.now() })).deleted >= 2)
    assert.equal(await store.peekToken(look), null)
    const exported = await store.exportUser({ userId: user.id })
    assert.deepEqual(
      exported?.['sessions']?.map(({ id }) => id),
      [alive.id],
    )
  })

  test('an expired idempotency key and events past their time are swept, claims and users never', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = newUser()
    const idempotency = { key: new Uint8Array(32), body: new Uint8Array(32), expiresAt: clock.now() + 1 }
    await store.createUser({ user, idempotency }, newTrail(user.id))
    await store.appendAudit(newEvent(user.id, { action: 'old', at: clock.now() - lifetimes.auditMs }))
    clock.advance(1000)
    assert.deepEqual(await store.sweep({ now: clock.now() }), { deleted: 2 })
    assert.deepEqual(await auditActions(store, user.id), ['test'])
    assert.ok(await store.findUserByIdentifier({ key: `e:${user.email}` }))
    assert.ok(await store.findUserByIdentifier({ key: `u:${user.username}` }))
  })
}

function closing(harness: Harness): void {
  test('a store takes writes until it is closed, ends those that wait, and then refuses everything', async (t) => {
    const { store } = await harness.open(t)
    assert.equal((await store.health()).writable, true)
    const leaving = await registered(store)
    const deletion = { userId: leaving.id, expectEpoch: null, idHash: hashOfId(leaving.id), now: Date.now() }
    const users = upTo(50).map(() => newUser())
    const waiting = users.map((user) => store.createUser({ user }, newTrail(user.id)))
    const deleted = store.deleteUser(deletion, newTrail(leaving.id))
    const closed = store.close()
    assert.deepEqual(tally(await Promise.all(waiting)), { created: 50 })
    assert.equal((await deleted).kind, 'deleted')
    await closed
    await store.close()
    const away = { name: 'DomainError', code: 'store_unavailable' }
    const late = newUser()
    await assert.rejects(store.createUser({ user: late }, newTrail(late.id)), away)
    await assert.rejects(store.findUser({ id: late.id }), away)
    await assert.rejects(store.claimMail({ now: Date.now(), leaseUntil: 0, limit: 1 }), away)
    await assert.rejects(store.scrub(), away)
    const { writable, detail } = await store.health()
    assert.equal(writable, false)
    assert.ok(detail.length > 0)
  })

  test('scrubbing leaves everything that lives as it was', async (t) => {
    const { store } = await harness.open(t)
    const user = await registered(store)
    const gone = await registered(store)
    await store.deleteUser(
      { userId: gone.id, expectEpoch: null, idHash: hashOfId(gone.id), now: Date.now() },
      newTrail(gone.id),
    )
    await store.scrub()
    assert.deepEqual(await store.findUser({ id: user.id }), user)
    assert.equal(await store.findUser({ id: gone.id }), null)
    await registered(store, { email: gone.email, username: gone.username })
  })
}
