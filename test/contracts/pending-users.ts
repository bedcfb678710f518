import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { TokenKind } from '../../src/domain/ports/records.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import type { User } from '../../src/domain/user.ts'
import {
  current,
  issued,
  newEvent,
  newSession,
  newTrail,
  newUser,
  registered,
  signedIn,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

/** The two links that make somebody of a pending user. */
const links = ['verify_email', 'set_password'] as const satisfies readonly TokenKind[]

function redeem(
  store: Store,
  {
    user,
    hash,
    kind,
  }: { readonly user: User; readonly hash: Uint8Array; readonly kind: (typeof links)[number] },
): Promise<{ readonly kind: string; readonly user?: User }> {
  const [now, displaced] = [Date.now(), newEvent(null, { action: 'displace' })]
  return kind === 'verify_email'
    ? store.confirmEmail({ hash, userId: user.id, now, displaced }, newTrail(user.id))
    : store.resetPassword({ hash, passwordHash: 'chosen', now, displaced }, newTrail(user.id))
}

/** Users under strict disclosure, from the request to the link. */
export function pendingUsersContract(harness: Harness): void {
  suite('pending users', () => {
    test('a pending user holds its username and not its address, and nobody finds it', async (t) => {
      const { store } = await harness.open(t)
      const known = await registered(store)
      const pending = await registered(store, { status: 'pending', email: known.email, roles: ['admin'] })
      assert.deepEqual(await current(store, pending.id), pending)
      assert.equal((await store.findUserByIdentifier({ key: `e:${known.email}` }))?.id, known.id)
      assert.equal(await store.findUserByIdentifier({ key: `u:${pending.username}` }), null)
      assert.equal(await store.hasAdmin(), false)
      const again = newUser({ status: 'pending', email: known.email, username: pending.username })
      const outcome = await store.createUser({ user: again }, newTrail(again.id))
      assert.deepEqual(outcome, { kind: 'conflict', fields: ['username'] })
      const session = newSession(pending)
      assert.deepEqual(await store.openSession(session, newTrail(pending.id)), { kind: 'stale' })
      assert.deepEqual(
        (await store.listUsers(everybody)).items.map(({ id }) => id),
        [known.id],
      )
      const owner = await registered(store, { email: `other.${known.email}` })
      assert.equal(owner.status, 'active')
    })

    for (const kind of links) {
      test(`its ${kind} link makes it active, with the claim of its address`, async (t) => {
        const { store } = await harness.open(t)
        const pending = await registered(store, { status: 'pending', passwordHash: null })
        const { hash } = await issued(store, pending, { kind })
        assert.equal((await store.peekToken({ hash, kinds: [kind], now: Date.now() }))?.kind, 'live')
        const outcome = await redeem(store, { user: pending, hash, kind })
        const after = await current(store, pending.id)
        assert.deepEqual(outcome.user, after)
        assert.deepEqual([after.status, after.emailVerified], ['active', true])
        assert.deepEqual(await store.findUserByIdentifier({ key: `e:${pending.email}` }), after)
        assert.deepEqual(await store.findUserByIdentifier({ key: `u:${pending.username}` }), after)
        await signedIn(store, after)
        assert.deepEqual(await redeem(store, { user: pending, hash, kind }), { kind: 'stale' })
      })

      test(`its ${kind} link displaces whoever has not proven the address`, async (t) => {
        const { store } = await harness.open(t)
        const squatter = await registered(store)
        const pending = await registered(store, { status: 'pending', email: squatter.email })
        const { hash } = await issued(store, pending, { kind })
        assert.equal((await redeem(store, { user: pending, hash, kind })).user?.id, pending.id)
        assert.equal(await store.findUser({ id: squatter.id }), null)
        assert.equal((await store.findUserByIdentifier({ key: `e:${pending.email}` }))?.id, pending.id)
        const { items } = await store.listAudit({ userId: squatter.id, actorId: null, limit: 9, from: null })
        assert.ok(items.some(({ action }) => action === 'displace'))
      })

      test(`its ${kind} link changes nothing where the address is proven, or is the last admin's`, async (t) => {
        const { store } = await harness.open(t)
        const refusal = kind === 'set_password' ? { kind: 'stale' } : { kind: 'conflict', fields: ['email'] }
        for (const holds of [{ emailVerified: true }, { roles: ['admin'] }]) {
          const holder = await registered(store, holds)
          const pending = await registered(store, { status: 'pending', email: holder.email })
          const { hash } = await issued(store, pending, { kind })
          assert.deepEqual(await redeem(store, { user: pending, hash, kind }), refusal)
          assert.deepEqual(await current(store, pending.id), pending)
          assert.deepEqual(await current(store, holder.id), holder)
          assert.equal((await store.peekToken({ hash, kinds: [kind], now: Date.now() }))?.kind, 'live')
        }
      })
    }

    test('of many pending users of one address the first that proves it has it', async (t) => {
      const { store, clients } = await harness.open(t)
      const email = 'wanted@example.com'
      const made = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const user = await registered(store, { status: 'pending', email })
          return { user, hash: (await issued(store, user, { kind: 'verify_email' })).hash }
        }),
      )
      const outcomes = await race(clients, 8, async (client, n) => {
        const one = made[n]
        if (!one) throw new Error('nobody is left to race')
        return redeem(client, { ...one, kind: 'verify_email' })
      })
      const winners = outcomes.filter(({ kind }) => kind === 'confirmed')
      assert.equal(winners.length, 1)
      assert.equal(outcomes.filter(({ kind }) => kind === 'conflict').length, 7)
      assert.equal((await store.findUserByIdentifier({ key: `e:${email}` }))?.id, winners[0]?.user?.id)
    })

    test('one is swept with everything that holds it as its link ends, and its name is free', async (t) => {
      const { store } = await harness.open(t)
      const createdAt = Date.now()
      const own = await registered(store, { status: 'pending', createdAt })
      const asked = await registered(store, { status: 'pending', createdAt, passwordHash: null })
      const active = await registered(store, { createdAt, emailVerified: true })
      const link = { kind: 'set_password', expiresAt: createdAt + lifetimes.setPasswordTokenMs } as const
      const { hash } = await issued(store, asked, link)
      await store.sweep({ now: createdAt + lifetimes.verifyTokenMs - 1 })
      assert.deepEqual(await current(store, own.id), own)
      await store.sweep({ now: createdAt + lifetimes.verifyTokenMs })
      assert.equal(await store.findUser({ id: own.id }), null)
      await registered(store, { username: own.username })
      assert.deepEqual(await current(store, asked.id), asked)
      await store.sweep({ now: createdAt + lifetimes.setPasswordTokenMs })
      assert.equal(await store.findUser({ id: asked.id }), null)
      assert.equal(await store.peekToken({ hash, kinds: [link.kind], now: createdAt }), null)
      assert.deepEqual(await current(store, active.id), active)
    })
  })
}

const everybody = {
  search: null,
  role: null,
  status: null,
  verified: null,
  sort: 'username',
  descending: false,
  limit: 100,
  from: null,
} as const
