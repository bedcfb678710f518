import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { lifetimes, queues } from '../../src/domain/limits.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import type { NewSession } from '../../src/domain/session.ts'
import {
  auditActions,
  current,
  issued,
  newEvent,
  newMail,
  newSession,
  newTrail,
  registered,
  rounds,
  signedIn,
  tally,
  upTo,
  type TestClock,
} from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

const repeatMs = 60_000

/** C4, C7, C8, C13. */
export function sessionsContract(harness: Harness): void {
  suite('sessions', () => {
    opening(harness)
    rotation(harness)
    theft(harness)
    renewal(harness)
    ending(harness)
  })
}

function presented(
  session: NewSession,
  generation: number,
  clock: TestClock,
): Parameters<Store['rotateSession']>[0] {
  const now = clock.now()
  return {
    userId: session.userId,
    sessionId: session.id,
    generation,
    refreshKeyId: 1,
    now,
    idleEndsAt: now + 1_000_000,
    repeatMs,
  }
}

function opening(harness: Harness): void {
  test('many sign-ins of one user at the same time leave as many live sessions', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    const user = await registered(store)
    const outcomes = await race(clients, 20, (client) =>
      client.openSession(newSession(user, { createdAt: clock.now() }), newTrail(user.id)),
    )
    assert.deepEqual(tally(outcomes), { opened: 20 })
    const sessions = await store.listSessions({ userId: user.id, now: clock.now() })
    assert.equal(new Set(sessions.map(({ id }) => id)).size, 20)
    const after = await current(store, user.id)
    assert.deepEqual([after.lastSignInAt, after.version, after.updatedAt], [clock.now(), 1, user.updatedAt])
  })

  test('a session opened under an old epoch is refused, or dead at once, however it races a reset', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    for (const round of upTo(rounds(1000))) {
      const user = await registered(store)
      const token = await issued(store, user)
      const session = newSession(user)
      const open = (): ReturnType<Store['openSession']> =>
        (clients[0] ?? store).openSession(session, newTrail(user.id))
      const reset = (): ReturnType<Store['resetPassword']> =>
        (clients[1] ?? store).resetPassword(
          { hash: token.hash, passwordHash: 'new', now: clock.now(), displaced: newEvent(null) },
          newTrail(user.id),
        )
      const [opened, changed] =
        round % 2 ? await Promise.all([open(), reset()]) : (await Promise.all([reset(), open()])).toReversed()
      assert.equal(changed?.kind, 'reset')
      assert.match(opened?.kind ?? '', /^(?:opened|stale)$/)
      const query = { userId: user.id, sessionId: session.id, now: clock.now() }
      assert.equal(await store.findSession(query), null)
      assert.deepEqual(await store.rotateSession(presented(session, 1, clock), newTrail(user.id)), {
        kind: 'gone',
      })
      assert.deepEqual(await store.openSession(newSession(user), newTrail(user.id)), { kind: 'stale' })
    }
  })

  test('opening the same session again is the same opening', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const session = newSession(user)
    for (const _ of upTo(3)) {
      assert.equal((await store.openSession(session, newTrail(user.id))).kind, 'opened')
    }
    assert.equal((await store.listSessions({ userId: user.id, now: clock.now() })).length, 1)
  })

  test('a disabled, unknown or changed user gets no session', async (t) => {
    const { store } = await harness.open(t)
    const disabled = await registered(store, { status: 'disabled' })
    const gone = { ...disabled, id: newSession(disabled).id }
    for (const user of [disabled, gone, { ...(await registered(store)), epoch: 2 }]) {
      const outcome = await store.openSession(newSession(user), newTrail(user.id))
      assert.deepEqual(outcome, { kind: 'stale' })
    }
  })

  test('beyond the limit of sessions the least recently used one ends, and dead ones go first', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const opened: NewSession[] = []
    for (const n of upTo(queues.sessionsPerUser)) {
      const expiresAt = clock.now() + (n === 7 ? 500 : 1_000_000)
      opened.push(await signedIn(store, user, { createdAt: clock.now() + n, expiresAt }))
    }
    clock.advance(1000)
    const [first, second] = opened
    if (!first || !second) throw new Error('sessions are missing')
    const ids = async (): Promise<string[]> =>
      (await store.listSessions({ userId: user.id, now: clock.now() })).map(({ id }) => id)
    const inPlaceOfTheDead = await signedIn(store, user, { createdAt: clock.now() })
    assert.ok((await ids()).includes(first.id))
    assert.equal((await ids()).length, queues.sessionsPerUser)
    await store.rotateSession(presented(first, 1, clock), newTrail(user.id))
    const inPlaceOfTheSecond = await signedIn(store, user, { createdAt: clock.now() + 1 })
    const left = await ids()
    assert.equal(left.length, queues.sessionsPerUser)
    assert.ok(left.includes(first.id) && !left.includes(second.id))
    assert.equal(left[0], inPlaceOfTheSecond.id)
    assert.ok(left.includes(inPlaceOfTheDead.id))
  })

  test('an expired session is refused before anything has swept it', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const session = await signedIn(store, user, { createdAt: clock.now(), expiresAt: clock.now() + 1000 })
    const query = { userId: user.id, sessionId: session.id }
    assert.ok(await store.findSession({ ...query, now: clock.now() + 999 }))
    clock.advance(1000)
    assert.equal(await store.findSession({ ...query, now: clock.now() }), null)
    assert.deepEqual(await store.listSessions({ userId: user.id, now: clock.now() }), [])
    assert.deepEqual(await store.rotateSession(presented(session, 1, clock), newTrail(user.id)), {
      kind: 'expired',
    })
  })
}

function rotation(harness: Harness): void {
  test('of many callers with one refresh token one rotates and the others get the same successor (row 21)', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    for (const _ of upTo(rounds(200))) {
      const user = await registered(store)
      const session = await signedIn(store, user)
      const outcomes = await race(clients, 50, (client) =>
        client.rotateSession(presented(session, 1, clock), newTrail(user.id, newMail(user.id))),
      )
      assert.deepEqual(tally(outcomes), { rotated: 1, repeated: 49 })
      for (const outcome of outcomes) {
        assert.equal('session' in outcome && outcome.session.generation, 2)
      }
      assert.deepEqual(await auditActions(store, user.id), ['test', 'test'])
    }
    assert.deepEqual(await store.claimMail({ now: clock.now() + 1e6, leaseUntil: 0, limit: 9 }), [])
  })

  test('a rotation keeps the proof of the password, moves the idle end and never the absolute one', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const createdAt = clock.now()
    const session = await signedIn(store, user, { createdAt })
    clock.advance(5000)
    const rotated = await store.rotateSession(
      { ...presented(session, 1, clock), refreshKeyId: 7 },
      newTrail(user.id),
    )
    const query = { userId: user.id, sessionId: session.id, now: clock.now() }
    const found = await store.findSession(query)
    assert.deepEqual('session' in rotated && rotated.session, found?.session)
    assert.deepEqual(found?.session, {
      ...session,
      generation: 2,
      refreshKeyId: 7,
      rotatedAt: clock.now(),
      lastUsedAt: clock.now(),
      authTime: createdAt,
      expiresAt: clock.now() + 1_000_000,
    })
    const far = { ...presented(session, 2, clock), idleEndsAt: createdAt + 10 * lifetimes.sessionAbsoluteMs }
    const last = await store.rotateSession(far, newTrail(user.id))
    assert.equal('session' in last && last.session.expiresAt, createdAt + lifetimes.sessionAbsoluteMs)
  })
}

function theft(harness: Harness): void {
  test('a token more than one generation behind ends the session, with event and mail', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const session = await signedIn(store, user)
    await store.rotateSession(presented(session, 1, clock), newTrail(user.id))
    await store.rotateSession(presented(session, 2, clock), newTrail(user.id))
    const mail = newMail(user.id, { kind: 'session_theft' })
    const trail = { audit: newEvent(user.id, { action: 'refresh' }), mail }
    assert.deepEqual(await store.rotateSession(presented(session, 1, clock), trail), { kind: 'reused' })
    const newest = await store.rotateSession(presented(session, 3, clock), newTrail(user.id))
    assert.deepEqual(newest, { kind: 'gone' })
    assert.deepEqual(await store.listSessions({ userId: user.id, now: clock.now() }), [])
    assert.equal((await auditActions(store, user.id)).filter((action) => action === 'refresh').length, 1)
    const due = await store.claimMail({ now: Date.now() + 1000, leaseUntil: 0, limit: 9 })
    assert.deepEqual(
      due.map(({ id }) => id),
      [mail.id],
    )
  })

  test('a token one behind and late ends the session without a mail, its unused successor included', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const session = await signedIn(store, user)
    await store.rotateSession(presented(session, 1, clock), newTrail(user.id))
    clock.advance(repeatMs)
    const trail = (): ReturnType<typeof newTrail> => newTrail(user.id, newMail(user.id))
    assert.equal((await store.rotateSession(presented(session, 1, clock), trail())).kind, 'repeated')
    clock.advance(1)
    assert.deepEqual(await store.rotateSession(presented(session, 1, clock), trail()), { kind: 'gone' })
    assert.deepEqual(await store.rotateSession(presented(session, 2, clock), trail()), { kind: 'gone' })
    assert.deepEqual(await store.claimMail({ now: Date.now() + 1e6, leaseUntil: 0, limit: 9 }), [])
  })

  test('a generation that has not been born is refused and ends nothing', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const session = await signedIn(store, user)
    assert.equal((await store.rotateSession(presented(session, 2, clock), newTrail(user.id))).kind, 'gone')
    assert.equal((await store.rotateSession(presented(session, 1, clock), newTrail(user.id))).kind, 'rotated')
  })
}

function renewal(harness: Harness): void {
  test('a renewed session has a new generation and a new proof of the password', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const session = await signedIn(store, user)
    clock.advance(10_000)
    const renewal = {
      userId: user.id,
      sessionId: session.id,
      expectEpoch: user.epoch,
      refreshKeyId: 1,
      now: clock.now(),
      idleEndsAt: clock.now() + 1000,
    }
    const renewed = await store.renewSession(renewal, newTrail(user.id))
    assert.equal(renewed.kind, 'renewed')
    assert.deepEqual(
      [renewed.session.generation, renewed.session.authTime, renewed.session.expiresAt],
      [2, clock.now(), clock.now() + 1000],
    )
    const wrongEpoch = { ...renewal, expectEpoch: 2 }
    assert.deepEqual(await store.renewSession(wrongEpoch, newTrail(user.id)), { kind: 'stale' })
    clock.advance(1000)
    const late = { ...renewal, now: clock.now() }
    assert.deepEqual(await store.renewSession(late, newTrail(user.id)), { kind: 'stale' })
  })
}

function ending(harness: Harness): void {
  test('one session ends, or all but one, and only live ones are counted', async (t) => {
    const { store, clock } = await harness.open(t)
    const user = await registered(store)
    const other = await registered(store)
    const foreign = await signedIn(store, other)
    const kept = await signedIn(store, user)
    const ended = await signedIn(store, user)
    await signedIn(store, user)
    await signedIn(store, user, { expiresAt: clock.now() })
    const at = { userId: user.id, now: clock.now() }
    assert.deepEqual(await store.endSessions({ ...at, only: foreign.id }, newTrail(user.id)), { ended: 0 })
    assert.deepEqual(await store.endSessions({ ...at, only: ended.id }, newTrail(user.id)), { ended: 1 })
    assert.deepEqual(await store.endSessions({ ...at, only: ended.id }, newTrail(user.id)), { ended: 0 })
    const rest = await store.endSessions({ ...at, allExcept: kept.id }, newTrail(user.id))
    assert.deepEqual(rest, { ended: 1 })
    const left = await store.listSessions(at)
    assert.deepEqual(
      left.map(({ id }) => id),
      [kept.id],
    )
    assert.equal((await store.listSessions({ userId: other.id, now: clock.now() })).length, 1)
    assert.equal((await auditActions(store, user.id)).length, 1 + 4 + 2)
  })
}
