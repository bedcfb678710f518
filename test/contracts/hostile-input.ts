import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import {
  auditActions,
  current,
  hashOfId,
  newEvent,
  newTrail,
  newUser,
  registered,
  signedIn,
} from '../support/store-fixtures.ts'
import type { Harness } from './harness.ts'

const nasty = [
  '',
  'e:',
  'u:',
  'k:',
  '$ne',
  '{"$ne":null}',
  '__proto__',
  'constructor',
  "' OR 1=1 --",
  '%',
  '*',
  'a\0b',
  '\uD800',
  '\uDFFF\uD800',
  'é'.repeat(320),
  'x'.repeat(320),
  '../../etc/passwd',
  '\u202E',
]

/** C18: hostile keys and texts find nobody, cross no namespace, and come back as they went in. */
export function hostileInputContract(harness: Harness): void {
  suite('hostile input', () => {
    test('a key of whatever text finds nobody but the bearer of exactly this key', async (t) => {
      const { store } = await harness.open(t)
      const user = await registered(store, { username: 'victim', email: 'victim@example.com' })
      const keys = nasty.flatMap((text) => [
        text,
        `e:${text}`,
        `u:${text}`,
        `e:victim@example.com${text || '\0'}`,
        `u:victim${text || ' '}`,
        `e:${text || ' '}victim@example.com`,
      ])
      const crossed = ['u:victim@example.com', 'e:victim', 'victim', 'U:victim', 'E:victim@example.com']
      const folded = ['u:Victim', 'e:VICTIM@example.com', 'u:vıctim', 'e:victim@EXAMPLE.com']
      for (const key of [...keys, ...crossed, ...folded]) {
        assert.equal(await store.findUserByIdentifier({ key }), null, JSON.stringify(key))
      }
      assert.deepEqual(await store.findUserByIdentifier({ key: 'u:victim' }), user)
    })

    test('a random key finds nobody, and no text is an operator (row 51)', async (t) => {
      const { store } = await harness.open(t)
      await registered(store)
      const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(...nasty))
      await fc.assert(
        fc.asyncProperty(anything, fc.constantFrom('e:', 'u:', 'k:', ''), async (text, prefix) => {
          assert.equal(await store.findUserByIdentifier({ key: prefix + text }), null)
        }),
        { numRuns: 200 },
      )
    })

    test('a text that is no id finds nobody and ends nothing', async (t) => {
      const { store, clock } = await harness.open(t)
      const user = await registered(store)
      const session = await signedIn(store, user)
      const now = clock.now()
      for (const id of [...nasty, user.id.toUpperCase(), `${user.id}0`, user.id.slice(0, -1)]) {
        assert.equal(await store.findUser({ id }), null)
        assert.equal(await store.findSession({ userId: id, sessionId: session.id, now }), null)
        assert.equal(await store.findSession({ userId: user.id, sessionId: id, now }), null)
        assert.equal(await store.exportUser({ userId: id }), null)
        assert.deepEqual(await store.listSessions({ userId: id, now }), [])
        const deletion = { userId: id, expectEpoch: null, idHash: hashOfId(id), now }
        assert.deepEqual(await store.deleteUser(deletion, newTrail(null)), { kind: 'not_found' })
        const end = { userId: user.id, only: id, now }
        assert.deepEqual(await store.endSessions(end, newTrail(user.id)), { ended: 0 })
      }
      assert.equal((await store.listSessions({ userId: user.id, now })).length, 1)
    })

    test('a profile with hostile keys and texts comes back as it went in', async (t) => {
      const { store } = await harness.open(t)
      const source =
        '{"__proto__":{"admin":true},"constructor":1,"$where":"1","a.b":{"$gt":""},"nul":"a\\u0000b","":[]}'
      const profile = JSON.parse(source)
      const user = await registered(store, { profile })
      const stored = await current(store, user.id)
      assert.equal(JSON.stringify(stored.profile), source)
      assert.equal(Object.getPrototypeOf(stored.profile), Object.prototype)
      const change = { userId: user.id, expectVersion: 1, expectEpoch: 1, now: Date.now() }
      await store.updateProfile({ ...change, profile: { ...profile, more: '"\'`;--' } }, null)
      assert.equal((await current(store, user.id)).profile['more'], '"\'`;--')
    })

    test('texts of devices and events are kept as texts, whatever they say', async (t) => {
      const { store, clock } = await harness.open(t)
      const user = await registered(store)
      for (const text of nasty.filter((each) => each.isWellFormed())) {
        const session = await signedIn(store, user, { deviceName: text, userAgent: text })
        const query = { userId: user.id, sessionId: session.id, now: clock.now() }
        const found = await store.findSession(query)
        assert.deepEqual([found?.session.deviceName, found?.session.userAgent], [text, text])
      }
      await store.appendAudit(newEvent(user.id, { action: '$set', detail: "'; DROP TABLE users" }))
      assert.equal((await auditActions(store, user.id)).at(-1), '$set')
    })

    test('a user without a valid address or username is not stored', async (t) => {
      const { store } = await harness.open(t)
      for (const broken of [
        { email: 'nobody' },
        { email: 'a@b' },
        { username: 'a b' },
        { username: 'e:x@y' },
      ]) {
        const user = newUser(broken)
        await assert.rejects(store.createUser({ user }, newTrail(user.id)), (error: Error) => {
          assert.doesNotMatch(error.message, /nobody|a@b|a b|e:x/)
          return true
        })
        assert.equal(await store.findUser({ id: user.id }), null)
      }
    })
  })
}
