import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import {
  auditActions,
  current,
  hashOfId,
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

/** C1, C2 and idempotency keys. */
export function registrationContract(harness: Harness): void {
  suite('registration', () => {
    racingForOneClaim(harness)
    repetition(harness)
    idempotencyKeys(harness)
  })
}

function racingForOneClaim(harness: Harness): void {
  test('of many racing registrations of one address exactly one wins', async (t) => {
    const { store, clients } = await harness.open(t)
    const callers = rounds(200)
    for (const round of upTo(3)) {
      const email = `Wanted-${round}@Example.com`
      const outcomes = await race(clients, callers, (client) => {
        const user = newUser({ email })
        return client.createUser({ user }, newTrail(user.id))
      })
      assert.deepEqual(tally(outcomes), { created: 1, conflict: callers - 1 })
      const winner = outcomes.find((outcome) => outcome.kind === 'created')
      for (const outcome of outcomes) {
        if (outcome.kind === 'conflict') assert.deepEqual(outcome.fields, ['email'])
      }
      const found = await store.findUserByIdentifier({ key: `e:${email.toLowerCase()}` })
      assert.equal(found?.id, winner?.kind === 'created' && winner.user.id)
    }
  })

  test('of many racing registrations of one username exactly one wins, and the losers leave no claim', async (t) => {
    const { store, clients } = await harness.open(t)
    const callers = rounds(200)
    const users = upTo(callers).map((n) => newUser({ username: n % 2 ? 'Wanted' : 'wanted' }))
    const outcomes = await race(clients, callers, (client, n) => {
      const user = users[n] ?? newUser()
      return client.createUser({ user }, newTrail(user.id))
    })
    assert.deepEqual(tally(outcomes), { created: 1, conflict: callers - 1 })
    for (const [n, outcome] of outcomes.entries()) {
      const user = users[n] ?? newUser()
      if (outcome.kind === 'conflict') {
        assert.deepEqual(outcome.fields, ['username'])
        assert.equal(await store.findUser({ id: user.id }), null)
        assert.equal(await store.findUserByIdentifier({ key: `e:${user.email}` }), null)
      }
    }
  })

  test('where both address and username are taken, both are named, the address first', async (t) => {
    const { store } = await harness.open(t)
    const one = await registered(store)
    const other = await registered(store)
    const user = newUser({ email: one.email.toUpperCase(), username: other.username.toUpperCase() })
    const outcome = await store.createUser({ user }, newTrail(user.id))
    assert.deepEqual(outcome, { kind: 'conflict', fields: ['email', 'username'] })
    assert.equal(await store.findUser({ id: user.id }), null)
  })
}

function repetition(harness: Harness): void {
  test('a registration repeated with the same id is the same registration', async (t) => {
    const { store, clients } = await harness.open(t)
    const user = newUser({ profile: { display_name: 'Ada' } })
    const trail = newTrail(user.id, newMail(user.id))
    const outcomes = await race(clients, 20, (client) => client.createUser({ user }, trail))
    assert.deepEqual(tally(outcomes), { created: 1, repeated: 19 })
    const stored = await current(store, user.id)
    for (const outcome of outcomes) assert.deepEqual('user' in outcome && outcome.user, stored)
    assert.deepEqual(stored, {
      ...user,
      updatedAt: user.createdAt,
      lastSignInAt: null,
      pendingEmail: null,
      version: 1,
      epoch: 1,
      deviceEpoch: 1,
    })
    assert.deepEqual(await auditActions(store, user.id), ['test'])
    const due = await store.claimMail({ now: Date.now() + 1, leaseUntil: Date.now() + 60_000, limit: 10 })
    assert.deepEqual(
      due.map(({ id }) => id),
      [trail.mail?.id],
    )
  })

  test('user, one-time token, mail and event of a registration come together or not at all', async (t) => {
    const { store, clock } = await harness.open(t)
    const holder = await registered(store)
    const user = newUser({ email: holder.email })
    const token = newToken({ ...holder, id: user.id }, { kind: 'verify_email' })
    const trail = newTrail(user.id, newMail(user.id))
    const refused = await store.createUser({ user, token }, trail)
    assert.equal(refused.kind, 'conflict')
    const kinds = ['verify_email'] as const
    assert.equal(await store.peekToken({ hash: token.hash, kinds, now: clock.now() }), null)
    assert.equal((await store.claimMail({ now: Date.now(), leaseUntil: Date.now(), limit: 9 })).length, 0)
    const free = { ...user, email: 'free@example.com' }
    const created = await store.createUser({ user: free, token: { ...token, email: free.email } }, trail)
    assert.equal(created.kind, 'created')
    const peeked = await store.peekToken({ hash: token.hash, kinds, now: clock.now() })
    assert.equal(peeked?.kind, 'live')
    assert.equal(peeked.user.id, user.id)
    assert.equal((await store.claimMail({ now: Date.now(), leaseUntil: Date.now(), limit: 9 })).length, 1)
  })
}

function idempotencyKeys(harness: Harness): void {
  const record = (): { key: Uint8Array; body: Uint8Array; expiresAt: number } => ({
    key: new Uint8Array(randomBytes(32)),
    body: new Uint8Array(randomBytes(32)),
    expiresAt: Date.now() + 1000,
  })

  test('the same idempotency key and body give the first user again, under whatever new id', async (t) => {
    const { clients } = await harness.open(t)
    const idempotency = record()
    const shape = newUser()
    const outcomes = await race(clients, 20, (client) => {
      const user = { ...shape, id: newUser().id }
      return client.createUser({ user, idempotency }, newTrail(user.id))
    })
    assert.deepEqual(tally(outcomes), { created: 1, repeated: 19 })
    assert.equal(new Set(outcomes.map((outcome) => 'user' in outcome && outcome.user.id)).size, 1)
  })

  test('an idempotency key with another body is refused and creates nobody', async (t) => {
    const { store } = await harness.open(t)
    const idempotency = record()
    const first = newUser()
    await store.createUser({ user: first, idempotency }, newTrail(first.id))
    const second = newUser()
    const other = { ...idempotency, body: record().body }
    const outcome = await store.createUser({ user: second, idempotency: other }, newTrail(second.id))
    assert.deepEqual(outcome, { kind: 'key_reused' })
    assert.equal(await store.findUser({ id: second.id }), null)
  })

  test('a refused registration is not remembered, and an expired key is free again', async (t) => {
    const { store } = await harness.open(t)
    const holder = await registered(store)
    const idempotency = record()
    const refused = newUser({ email: holder.email })
    const conflict = await store.createUser({ user: refused, idempotency }, newTrail(refused.id))
    assert.equal(conflict.kind, 'conflict')
    const mended = newUser()
    const created = await store.createUser({ user: mended, idempotency }, newTrail(mended.id))
    assert.equal(created.kind, 'created')
    const later = newUser()
    const trail = { audit: newEvent(later.id, { at: idempotency.expiresAt }) }
    const again = { ...idempotency, body: record().body, expiresAt: idempotency.expiresAt + 1000 }
    const afterwards = await store.createUser({ user: later, idempotency: again }, trail)
    assert.equal(afterwards.kind, 'created')
  })

  test('an idempotency key leads nobody to a user, and goes with the user', async (t) => {
    const { store, clock } = await harness.open(t)
    const idempotency = record()
    const user = newUser()
    await store.createUser({ user, idempotency }, newTrail(user.id))
    const key = `k:${Buffer.from(idempotency.key).toString('base64url')}`
    assert.equal(await store.findUserByIdentifier({ key }), null)
    const deletion = { userId: user.id, expectEpoch: null, idHash: hashOfId(user.id), now: clock.now() }
    const deleted = await store.deleteUser(deletion, newTrail(user.id))
    assert.equal(deleted.kind === 'deleted' && deleted.erased['identifiers'], 3)
    const again = newUser({ email: user.email })
    const created = await store.createUser({ user: again, idempotency }, newTrail(again.id))
    assert.equal(created.kind, 'created')
  })
}
