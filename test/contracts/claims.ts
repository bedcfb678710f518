import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Store } from '../../src/domain/ports/store.ts'
import type { User } from '../../src/domain/user.ts'
import {
  auditActions,
  current,
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

/** C3 and changes of address: who holds which claim, while others want it. */
export function claimsContract(harness: Harness): void {
  suite('claims', () => {
    chasingUsernames(harness)
    changingAddresses(harness)
    displacing(harness)
  })
}

async function rename(store: Store, user: User, username: string): Promise<{ readonly kind: string }> {
  const { id, version, epoch } = await current(store, user.id)
  return store.updateProfile(
    { userId: id, expectVersion: version, expectEpoch: epoch, now: Date.now(), username },
    newTrail(id),
  )
}

/** Every claim belongs to the user who bears it, and every user has exactly its own. */
async function assertClaims(store: Store, users: readonly User[], names: readonly string[]): Promise<void> {
  const held = new Map<string, string>()
  for (const { id } of users) {
    const user = await current(store, id)
    assert.equal(held.get(user.username.toLowerCase()), undefined, 'two users bear one name')
    held.set(user.username.toLowerCase(), id)
    assert.equal((await store.findUserByIdentifier({ key: `e:${user.email.toLowerCase()}` }))?.id, id)
  }
  for (const name of names) {
    const found = await store.findUserByIdentifier({ key: `u:${name}` })
    assert.equal(found?.id, held.get(name), `the claim of ${name} and its bearer differ`)
  }
}

function chasingUsernames(harness: Harness): void {
  test('users who chase one another for usernames never share one, and never lose their own', async (t) => {
    const { store, clients } = await harness.open(t)
    const names = ['alpha', 'beta', 'gamma']
    const users: User[] = []
    for (const username of names.slice(0, 2)) users.push(await registered(store, { username }))
    for (const round of upTo(rounds(1000))) {
      await race(clients, 6, (client, n) => {
        const user = users[n % 2]
        const name = names[(round + n) % 3]
        if (!user || !name) throw new Error('no such player')
        return rename(client, user, name)
      })
      await assertClaims(store, users, names)
    }
  })

  test('a freed username can be taken at once, and a change of case only keeps it', async (t) => {
    const { store } = await harness.open(t)
    const one = await registered(store, { username: 'first' })
    const two = await registered(store, { username: 'second' })
    assert.deepEqual(await rename(store, two, 'FIRST'), { kind: 'conflict', fields: ['username'] })
    assert.equal((await rename(store, one, 'First')).kind, 'updated')
    assert.equal((await rename(store, one, 'third')).kind, 'updated')
    assert.equal((await rename(store, two, 'FIRST')).kind, 'updated')
    assert.equal(await store.findUserByIdentifier({ key: 'u:second' }), null)
    assert.equal((await store.findUserByIdentifier({ key: 'u:first' }))?.id, two.id)
  })
}

async function asks(
  store: Store,
  user: User,
  email: string,
): Promise<{ readonly kind: string; readonly hash: Uint8Array }> {
  const { id, version, epoch } = await current(store, user.id)
  const token = newToken(user, { kind: 'change_email', email, epoch })
  const outcome = await store.updateProfile(
    {
      userId: id,
      expectVersion: version,
      expectEpoch: epoch,
      now: Date.now(),
      pendingEmail: email,
      token,
    },
    newTrail(id),
  )
  return { kind: outcome.kind, hash: token.hash }
}

async function confirms(store: Store, user: User, hash: Uint8Array): ReturnType<Store['confirmEmail']> {
  const displaced = newEvent(null, { action: 'displaced' })
  return store.confirmEmail({ hash, userId: user.id, now: Date.now(), displaced }, newTrail(user.id))
}

function changingAddresses(harness: Harness): void {
  test('an address changes only when it is confirmed, and its claim moves with it', async (t) => {
    const { store } = await harness.open(t)
    const user = await registered(store, { email: 'old@example.com', emailVerified: true })
    const asked = await asks(store, user, 'New@example.com')
    assert.equal(asked.kind, 'updated')
    const waiting = await current(store, user.id)
    assert.deepEqual([waiting.email, waiting.pendingEmail], ['old@example.com', 'New@example.com'])
    assert.equal(await store.findUserByIdentifier({ key: 'e:new@example.com' }), null)
    const outcome = await confirms(store, user, asked.hash)
    assert.equal(outcome.kind, 'confirmed')
    const moved = await current(store, user.id)
    assert.deepEqual([moved.email, moved.pendingEmail, moved.emailVerified], ['New@example.com', null, true])
    assert.equal(await store.findUserByIdentifier({ key: 'e:old@example.com' }), null)
    assert.equal((await store.findUserByIdentifier({ key: 'e:new@example.com' }))?.id, user.id)
    assert.equal((await confirms(store, user, asked.hash)).kind, 'stale')
    await registered(store, { email: 'old@example.com' })
  })

  test('a later request, and one taken back, leave the earlier link without effect', async (t) => {
    const { store } = await harness.open(t)
    const user = await registered(store)
    const first = await asks(store, user, 'one@example.com')
    const second = await asks(store, user, 'two@example.com')
    assert.equal((await confirms(store, user, first.hash)).kind, 'stale')
    const { version, epoch } = await current(store, user.id)
    const back = { userId: user.id, expectVersion: version, expectEpoch: epoch, now: Date.now() }
    await store.updateProfile({ ...back, pendingEmail: null }, newTrail(user.id))
    assert.equal((await confirms(store, user, second.hash)).kind, 'stale')
    assert.equal((await current(store, user.id)).email, user.email)
  })

  test('a link confirms for its own user only', async (t) => {
    const { store } = await harness.open(t)
    const user = await registered(store)
    const stranger = await registered(store)
    const asked = await asks(store, user, 'mine@example.com')
    assert.equal((await confirms(store, stranger, asked.hash)).kind, 'stale')
    assert.equal((await current(store, stranger.id)).email, stranger.email)
    assert.equal((await confirms(store, user, asked.hash)).kind, 'confirmed')
  })

  test('of users who confirm one address at the same time exactly one gets it', async (t) => {
    const { store, clients } = await harness.open(t)
    for (const round of upTo(5)) {
      const email = `prize-${round}@example.com`
      const users = await race(clients, 8, (client) => registered(client, { emailVerified: true }))
      const asked: Uint8Array[] = []
      for (const user of users) asked.push((await asks(store, user, email)).hash)
      const outcomes = await race(clients, users.length, (client, n) =>
        confirms(client, users[n] ?? users[0] ?? fail(), asked[n] ?? new Uint8Array(32)),
      )
      assert.deepEqual(tally(outcomes), { confirmed: 1, conflict: 7 })
      const holder = await store.findUserByIdentifier({ key: `e:${email}` })
      assert.equal(holder?.email, email)
      for (const user of users) {
        const now = await current(store, user.id)
        if (now.id !== holder.id) assert.equal(now.email, user.email)
      }
    }
  })

  test('a pending address that another user has verified is a conflict, named with a taken username', async (t) => {
    const { store } = await harness.open(t)
    const verified = await registered(store, { emailVerified: true })
    const user = await registered(store)
    const change = { userId: user.id, expectVersion: 1, expectEpoch: 1, now: Date.now() }
    const wanted = { pendingEmail: verified.email, username: verified.username }
    const outcome = await store.updateProfile({ ...change, ...wanted }, newTrail(user.id))
    assert.deepEqual(outcome, { kind: 'conflict', fields: ['email', 'username'] })
    assert.deepEqual(await current(store, user.id), user)
  })
}

function displacing(harness: Harness): void {
  test('an unverified holder gives way, with everything, to whoever proves the mailbox', async (t) => {
    const { store, clock } = await harness.open(t)
    const squatter = await registered(store, { email: 'owner@example.com' })
    const session = await signedIn(store, squatter)
    const owner = await registered(store, { emailVerified: true })
    const asked = await asks(store, owner, 'owner@example.com')
    assert.equal(asked.kind, 'updated')
    assert.equal((await confirms(store, owner, asked.hash)).kind, 'confirmed')
    assert.equal(await store.findUser({ id: squatter.id }), null)
    const query = { userId: squatter.id, sessionId: session.id, now: clock.now() }
    assert.equal(await store.findSession(query), null)
    assert.equal(await store.findUserByIdentifier({ key: `u:${squatter.username}` }), null)
    assert.equal((await store.findUserByIdentifier({ key: 'e:owner@example.com' }))?.id, owner.id)
    assert.deepEqual(await auditActions(store, owner.id), ['test', 'test', 'test'])
  })

  test('an unverified holder who is the last admin keeps the address, and the link stays usable', async (t) => {
    const { store } = await harness.open(t)
    const admin = await registered(store, { email: 'root@example.com', roles: ['admin'] })
    const owner = await registered(store, { emailVerified: true })
    const asked = await asks(store, owner, 'root@example.com')
    assert.deepEqual(await confirms(store, owner, asked.hash), { kind: 'conflict', fields: ['email'] })
    assert.deepEqual(await current(store, admin.id), admin)
    await registered(store, { roles: ['admin'] })
    assert.equal((await confirms(store, owner, asked.hash)).kind, 'confirmed')
  })

  test('the first confirmation of an own address verifies it, and a second link then counts as used', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const tokens = upTo(2).map(() => newToken(user, { kind: 'verify_email' }))
    const [first, second] = tokens
    if (!first || !second) throw new Error('two tokens are needed')
    for (const token of tokens) await store.putToken(token, newMail(user.id))
    const confirmed = await confirms(store, user, first.hash)
    assert.equal(confirmed.kind, 'confirmed')
    const after = await current(store, user.id)
    assert.deepEqual([after.emailVerified, after.version, after.epoch], [true, 2, 1])
    assert.equal((await confirms(store, user, second.hash)).kind, 'stale')
    const kinds = ['verify_email', 'change_email'] as const
    for (const { hash } of tokens) {
      assert.equal((await store.peekToken({ hash, kinds, now: clock.now() }))?.kind, 'used')
    }
  })
}

function fail(): never {
  throw new Error('there is nobody')
}
