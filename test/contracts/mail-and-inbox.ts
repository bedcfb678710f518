import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { OutgoingMail } from '../../src/domain/ports/records.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import {
  auditActions,
  newEvent,
  newId,
  newMail,
  newToken,
  registered,
  rounds,
  upTo,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

/** The outbox with its leases, and the built-in inbox. */
export function mailAndInboxContract(harness: Harness): void {
  suite('mail and inbox', () => {
    claiming(harness)
    finishing(harness)
    inbox(harness)
  })
}

const leaseMs = 60_000

function claim(store: Store, now: number, limit = 64): ReturnType<Store['claimMail']> {
  return store.claimMail({ now, leaseUntil: now + leaseMs, limit })
}

async function queued(store: Store, createdAt: number): Promise<OutgoingMail> {
  const user = await registered(store)
  const mail = newMail(user.id, { createdAt, kind: 'reset_password' })
  await store.putToken(newToken(user), mail)
  return mail
}

function claiming(harness: Harness): void {
  test('each mail goes to exactly one of many deliverers, whole', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    const count = rounds(1000)
    const mails: OutgoingMail[] = []
    for (const n of upTo(count)) mails.push(await queued(store, clock.now() + n))
    clock.advance(count)
    const batches = await race(clients, count, (client) => claim(client, clock.now(), 2))
    const taken = batches.flat()
    assert.deepEqual(taken.map(({ id }) => id).toSorted(), mails.map(({ id }) => id).toSorted())
    const [first] = mails
    assert.deepEqual(
      taken.find(({ id }) => id === first?.id),
      { ...first, attempts: 0 },
    )
  })

  test('the oldest come first, no more than asked for, and none before it is due', async (t) => {
    const { store, clock } = await harness.open(t)
    const late = await queued(store, clock.now() + 20)
    const early = await queued(store, clock.now() + 10)
    assert.deepEqual(await claim(store, clock.now() + 9), [])
    const one = await claim(store, clock.now() + 20, 1)
    assert.deepEqual(
      one.map(({ id }) => id),
      [early.id],
    )
    const rest = await claim(store, clock.now() + 20, 9)
    assert.deepEqual(
      rest.map(({ id }) => id),
      [late.id],
    )
  })

  test('a lease keeps a mail from everybody else until it runs out', async (t) => {
    const { store, clock } = await harness.open(t)
    const mail = await queued(store, clock.now())
    assert.equal((await claim(store, clock.now()))[0]?.attempts, 0)
    clock.advance(leaseMs - 1)
    assert.deepEqual(await claim(store, clock.now()), [])
    clock.advance(1)
    const [again] = await claim(store, clock.now())
    assert.deepEqual([again?.id, again?.attempts], [mail.id, 1])
  })
}

function finishing(harness: Harness): void {
  test('a finished mail is gone, and its event is there exactly once', async (t) => {
    const { store, clock } = await harness.open(t)
    const mail = await queued(store, clock.now())
    await claim(store, clock.now())
    const audit = newEvent(mail.userId, { action: 'reset-password' })
    for (const _ of upTo(2)) await store.finishMail({ id: mail.id, audit })
    await store.finishMail({ id: mail.id, audit: newEvent(mail.userId, { action: 'twin' }) })
    clock.advance(leaseMs * 2)
    assert.deepEqual(await claim(store, clock.now()), [])
    assert.deepEqual(await auditActions(store, mail.userId ?? ''), ['test', 'reset-password'])
  })

  test('a mail that is put back is due when it was said to be, and counts its attempts', async (t) => {
    const { store, clock } = await harness.open(t)
    const mail = await queued(store, clock.now())
    for (const attempt of upTo(3)) {
      const [taken] = await claim(store, clock.now())
      assert.deepEqual([taken?.id, taken?.attempts], [mail.id, attempt])
      await store.retryMail({ id: mail.id, dueAt: clock.now() + 500 })
      assert.deepEqual(await claim(store, clock.now() + 499), [])
      clock.advance(500)
    }
    await store.finishMail({ id: mail.id, audit: null })
    await store.retryMail({ id: mail.id, dueAt: clock.now() })
    assert.deepEqual(await claim(store, clock.now()), [])
  })

  test('the mail of a token is due although its user has changed meanwhile', async (t) => {
    const { store, clock } = await harness.open(t)
    const mail = await queued(store, clock.now())
    const change = { userId: mail.userId ?? '', expectVersion: 1, expectEpoch: 1, now: clock.now() }
    assert.equal((await store.updateProfile({ ...change, locale: 'de' }, null)).kind, 'updated')
    assert.equal((await claim(store, clock.now())).length, 1)
  })
}

function inbox(harness: Harness): void {
  test('the inbox shows the newest first, only those after a given one, and no more than asked for', async (t) => {
    const { store } = await harness.open(t)
    const { id: userId } = await registered(store)
    const ids = upTo(5).map(() => newId())
    for (const [n, id] of ids.entries()) {
      await store.putInboxMessage({ id, userId, sealed: new Uint8Array([n]), sentAt: n }, 500)
    }
    const listed = await store.listInboxMessages({ limit: 9 })
    assert.deepEqual(
      listed.map(({ id }) => id),
      ids.toReversed(),
    )
    assert.deepEqual(listed[0], { id: ids[4], userId, sealed: new Uint8Array([4]), sentAt: 4 })
    const after = await store.listInboxMessages({ after: ids[2], limit: 9 })
    assert.deepEqual(
      after.map(({ id }) => id),
      [ids[4], ids[3]],
    )
    const [newest, ...others] = await store.listInboxMessages({ limit: 1 })
    assert.deepEqual([newest?.id, others.length], [ids[4], 0])
  })

  test('the inbox keeps the newest and drops the rest, and takes a message once', async (t) => {
    const { store } = await harness.open(t)
    const { id: userId } = await registered(store)
    const messages = upTo(8).map((n) => ({ id: newId(), userId, sealed: new Uint8Array(1), sentAt: n }))
    for (const message of messages) {
      await store.putInboxMessage(message, 3)
      await store.putInboxMessage(message, 3)
    }
    const listed = await store.listInboxMessages({ limit: 100 })
    assert.deepEqual(
      listed.map(({ sentAt }) => sentAt),
      [7, 6, 5],
    )
  })
}
