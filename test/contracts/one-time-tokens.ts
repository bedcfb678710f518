import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { NewToken, TokenKind } from '../../src/domain/ports/records.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import type { User } from '../../src/domain/user.ts'
import {
  current,
  issued,
  newEvent,
  newMail,
  newToken,
  newTrail,
  registered,
  rounds,
  signedIn,
  tally,
  upTo,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

/** C5, C13 and changes of password. */
export function oneTimeTokensContract(harness: Harness): void {
  suite('one-time tokens and passwords', () => {
    redemption(harness)
    looking(harness)
    changing(harness)
  })
}

function reset(
  store: Store,
  token: NewToken,
  by: { readonly passwordHash: string; readonly now?: number },
): ReturnType<Store['resetPassword']> {
  const { passwordHash, now = Date.now() } = by
  const reset = { hash: token.hash, passwordHash, now, displaced: newEvent(null) }
  return store.resetPassword(reset, newTrail(token.userId))
}

function redemption(harness: Harness): void {
  test('of many racing redemptions of one link exactly one sets its password (row 23)', async (t) => {
    const { store, clients } = await harness.open(t)
    for (const _ of upTo(rounds(200))) {
      const user = await registered(store)
      const token = await issued(store, user)
      const outcomes = await race(clients, 50, (client, n) =>
        reset(client, token, { passwordHash: `hash-${n}` }),
      )
      assert.deepEqual(tally(outcomes), { reset: 1, stale: 49 })
      const winner = outcomes.findIndex(({ kind }) => kind === 'reset')
      assert.equal((await current(store, user.id)).passwordHash, `hash-${winner}`)
    }
  })

  test('a reset verifies the address, moves the epoch, drops what was pending and ends every session', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    for (const _ of upTo(3)) await signedIn(store, user)
    await signedIn(store, user, { expiresAt: clock.now() })
    const pending = { userId: user.id, expectVersion: 1, expectEpoch: 1, pendingEmail: 'next@example.com' }
    await store.updateProfile({ ...pending, now: clock.now() }, newTrail(user.id))
    const tokens = [await issued(store, user), await issued(store, user, { kind: 'set_password' })]
    const [token, other] = tokens
    assert.ok(token && other)
    const outcome = await reset(store, token, { passwordHash: 'new', now: clock.now() })
    assert.equal(outcome.kind, 'reset')
    assert.equal(outcome.sessionsRevoked, 3)
    assert.deepEqual(outcome.user, await current(store, user.id))
    assert.deepEqual(outcome.user, {
      ...user,
      passwordHash: 'new',
      emailVerified: true,
      pendingEmail: null,
      epoch: 2,
      deviceEpoch: 2,
      version: 3,
      updatedAt: clock.now(),
      lastSignInAt: outcome.user.lastSignInAt,
    })
    assert.deepEqual(await store.listSessions({ userId: user.id, now: clock.now() }), [])
    assert.deepEqual(await reset(store, other, { passwordHash: 'newer' }), { kind: 'stale' })
    assert.equal((await current(store, user.id)).passwordHash, 'new')
  })

  test('links live side by side until one is used', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const tokens = [await issued(store, user), await issued(store, user), await issued(store, user)]
    const states = async (): Promise<unknown[]> =>
      Promise.all(
        tokens.map(async ({ hash }) => {
          const found = await store.peekToken({ hash, kinds: ['reset_password'], now: clock.now() })
          return found?.kind
        }),
      )
    assert.deepEqual(await states(), ['live', 'live', 'live'])
    assert.equal((await reset(store, tokens[1] ?? newToken(user), { passwordHash: 'x' })).kind, 'reset')
    assert.deepEqual(await states(), ['used', 'used', 'used'])
  })

  test('a link is worth nothing for another purpose, another address, an old epoch or a disabled user (row 14)', async (t) => {
    const { store } = await harness.open(t)
    const user = await registered(store)
    const disabled = await registered(store, { status: 'disabled' })
    const dead: [User, Partial<NewToken>][] = [
      [user, { kind: 'verify_email' }],
      [user, { kind: 'change_email' }],
      [user, { email: 'former@example.com' }],
      [user, { epoch: 2 }],
      [user, { expiresAt: Date.now() - 1 }],
      [user, { userId: null }],
      [disabled, {}],
    ]
    for (const [owner, overrides] of dead) {
      const token = await issued(store, owner, overrides)
      assert.deepEqual(await reset(store, token, { passwordHash: 'stolen' }), { kind: 'stale' })
    }
    assert.deepEqual(await reset(store, newToken(user), { passwordHash: 'stolen' }), { kind: 'stale' })
    assert.deepEqual(await current(store, user.id), user)
    assert.deepEqual(await current(store, disabled.id), disabled)
  })
}

function looking(harness: Harness): void {
  const kinds: readonly TokenKind[] = ['reset_password', 'set_password']

  test('looking at a link tells live from expired and unknown, and uses nothing up', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const token = await issued(store, user, { expiresAt: clock.now() + 1000 })
    const look = (hash: Uint8Array): ReturnType<Store['peekToken']> =>
      store.peekToken({ hash, kinds, now: clock.now() })
    for (const _ of upTo(3)) assert.equal((await look(token.hash))?.kind, 'live')
    const found = await look(token.hash)
    assert.deepEqual(found?.user, user)
    assert.deepEqual([found?.token.email, found?.token.kind], [user.email, 'reset_password'])
    assert.equal(await look(new Uint8Array(32)), null)
    assert.equal(await store.peekToken({ hash: token.hash, kinds: ['verify_email'], now: clock.now() }), null)
    clock.advance(1000)
    assert.equal((await look(token.hash))?.kind, 'expired')
    assert.deepEqual(await reset(store, token, { passwordHash: 'late', now: clock.now() }), { kind: 'stale' })
  })

  test('a decoy is stored and mailed to nobody, and leads to nobody', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const decoy = newToken(user, { userId: null, epoch: 0, email: 'nobody@decoy.invalid' })
    const mail = newMail(null, { kind: 'reset_password' })
    await store.putToken(decoy, mail)
    assert.equal(await store.peekToken({ hash: decoy.hash, kinds, now: clock.now() }), null)
    const [claimed] = await store.claimMail({
      now: Date.now() + 1000,
      leaseUntil: Date.now() + 9e5,
      limit: 9,
    })
    assert.deepEqual([claimed?.id, claimed?.userId], [mail.id, null])
  })
}

function changing(harness: Harness): void {
  test('a change of password keeps its own session alive and ends every other one', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const own = await signedIn(store, user)
    const other = await signedIn(store, user)
    const token = await issued(store, user)
    const change = {
      userId: user.id,
      sessionId: own.id,
      expectEpoch: 1,
      passwordHash: 'changed',
      now: clock.now(),
    }
    const outcome = await store.changePassword(change, newTrail(user.id))
    assert.equal(outcome.kind, 'changed')
    assert.deepEqual(outcome.user, await current(store, user.id))
    assert.deepEqual([outcome.user.epoch, outcome.user.passwordHash], [2, 'changed'])
    const find = (sessionId: string): ReturnType<Store['findSession']> =>
      store.findSession({ userId: user.id, sessionId, now: clock.now() })
    assert.equal((await find(own.id))?.session.epoch, 2)
    assert.equal(await find(other.id), null)
    assert.deepEqual(await reset(store, token, { passwordHash: 'stolen' }), { kind: 'stale' })
  })

  test('of racing upgrades of a hash one wins, nothing but the hash changes, and every session lives on', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    const user = await registered(store)
    const session = await signedIn(store, user)
    const before = await current(store, user.id)
    const from = before.passwordHash ?? assert.fail('there is no hash')
    const outcomes = await race(clients, 20, (client, n) =>
      client.upgradePasswordHash({ userId: user.id, from, to: `better ${n}` }),
    )
    assert.deepEqual(tally(outcomes), { upgraded: 1, stale: 19 })
    const winner = outcomes.findIndex(({ kind }) => kind === 'upgraded')
    assert.deepEqual(await current(store, user.id), { ...before, passwordHash: `better ${winner}` })
    const query = { userId: user.id, sessionId: session.id, now: clock.now() }
    assert.ok(await store.findSession(query))
    const nobody = { userId: '00000000-0000-7000-8000-000000000000', from, to: 'better' }
    assert.deepEqual(await store.upgradePasswordHash(nobody), { kind: 'stale' })
  })

  test('an upgrade of a hash never undoes a change of password', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    for (const _ of upTo(rounds(1000))) {
      const user = await registered(store)
      const session = await signedIn(store, user)
      const from = user.passwordHash ?? assert.fail('there is no hash')
      const change = { userId: user.id, sessionId: session.id, expectEpoch: 1, passwordHash: 'chosen' }
      await race(clients, 2, async (client, n) =>
        n === 0
          ? client.upgradePasswordHash({ userId: user.id, from, to: 'better' })
          : client.changePassword({ ...change, now: clock.now() }, newTrail(user.id)),
      )
      assert.equal((await current(store, user.id)).passwordHash, 'chosen')
    }
  })

  test('of racing changes of password one wins, and a dead session changes nothing', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    const user = await registered(store)
    const own = await signedIn(store, user)
    const dead = await signedIn(store, user, { expiresAt: clock.now() })
    const change = { userId: user.id, expectEpoch: 1, now: clock.now() }
    const refused = await store.changePassword(
      { ...change, sessionId: dead.id, passwordHash: 'dead' },
      newTrail(user.id),
    )
    assert.deepEqual(refused, { kind: 'stale' })
    const outcomes = await race(clients, 20, (client, n) =>
      client.changePassword({ ...change, sessionId: own.id, passwordHash: `p${n}` }, newTrail(user.id)),
    )
    assert.deepEqual(tally(outcomes), { changed: 1, stale: 19 })
    const winner = outcomes.findIndex(({ kind }) => kind === 'changed')
    assert.equal((await current(store, user.id)).passwordHash, `p${winner}`)
  })
}
