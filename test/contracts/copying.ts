import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { copying as limits } from '../../src/domain/limits.ts'
import { recordKinds, type RecordKind } from '../../src/domain/ports/copying.ts'
import type { StoredKey } from '../../src/domain/ports/records.ts'
import type { JsonObject } from '../../src/domain/ports/runtime.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import { recordForms } from '../../src/domain/record-forms.ts'
import {
  current,
  hashOfId,
  issued,
  newId,
  newMail,
  newTrail,
  newUser,
  registered,
  signedIn,
  upTo,
} from '../support/store-fixtures.ts'
import type { Harness } from './harness.ts'

/** What copying a whole store rests on. */
export function copyingContract(harness: Harness): void {
  suite('copying', () => {
    records(harness)
    marks(harness)
  })
}

const now = Date.now()

function newKey(kid: string): StoredKey {
  const publicJwk = { kty: 'EC', y: kid, crv: 'P-256', x: kid }
  const times = { createdAt: 1, activatedAt: 2, retiresAt: null }
  return {
    kid,
    algorithm: 'ES256',
    state: 'active',
    publicJwk,
    sealedPrivate: new Uint8Array([1, 2]),
    ...times,
  }
}

/** Something of every kind; what is to be found again. */
async function populated(store: Store) {
  const admin = await registered(store, {
    roles: ['admin', 'user'],
    profile: { z: 1, a: ['ü', { b: null }] },
  })
  const user = newUser({ emailVerified: true, locale: 'de' })
  const idempotency = {
    key: new Uint8Array(randomBytes(32)),
    body: new Uint8Array(randomBytes(32)),
    expiresAt: now + 9e6,
  }
  await store.createUser({ user, idempotency }, newTrail(user.id, newMail(user.id)))
  const session = await signedIn(store, await current(store, user.id), { deviceName: 'phone' })
  const token = await issued(store, await current(store, user.id))
  await store.putToken({ ...token, hash: new Uint8Array(randomBytes(32)), userId: null }, newMail(null))
  await store.putSetupToken({ hash: new Uint8Array(randomBytes(32)), createdAt: now, expiresAt: now + 9e6 })
  await store.putInboxMessage(
    { id: newId(), userId: user.id, sealed: new Uint8Array([0, 255]), sentAt: now },
    9,
  )
  await store.swapKeys({ expectVersion: 0, keys: [newKey('one'), newKey('two')] }, newTrail(null))
  const hit = { key: 'a:1', cost: 2, limit: 9, windowMs: 9e6, durable: true } as const
  await store.hit({ hits: [hit], now })
  const gone = await registered(store)
  const deletion = { userId: gone.id, expectEpoch: null, idHash: hashOfId(gone.id), now }
  assert.equal((await store.deleteUser(deletion, newTrail(null))).kind, 'deleted')
  return { admin, user, session, token, idempotency, hit }
}

type Everything = ReadonlyMap<RecordKind, readonly JsonObject[]>

/** All records, each kind in the order of its keys' texts, since engines have their own orders. */
async function everything(store: Store, limit: number = limits.recordsPerPage): Promise<Everything> {
  const all = new Map<RecordKind, readonly JsonObject[]>()
  for (const kind of recordKinds) {
    const found: JsonObject[] = []
    for (let after: string | null = null; ;) {
      const page = await store.readRecords({ kind, after, limit })
      found.push(...page.records)
      after = page.next
      if (after === null) break
    }
    const keyed = found.map(
      (record) => [JSON.stringify(recordForms[kind].key.map((name) => record[name])), record] as const,
    )
    assert.equal(new Set(keyed.map(([key]) => key)).size, keyed.length, `${kind}: a record was read twice`)
    all.set(
      kind,
      keyed.toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, record]) => record),
    )
  }
  return all
}

async function writeAll(store: Store, all: Everything): Promise<void> {
  for (const [kind, records] of all) await store.writeRecords({ kind, records, place: null })
}

function records(harness: Harness): void {
  test('what is read of one store and written to an empty one reads the same there, and works', async (t) => {
    const { store } = await harness.open(t)
    const { admin, user, session, token, idempotency, hit } = await populated(store)
    const all = await everything(store)
    for (const [kind, found] of all) assert.ok(found.length > 0, `there is nothing of the kind ${kind}`)
    assert.deepEqual(await everything(store, 1), all)
    const before = [await current(store, admin.id), await current(store, user.id), await store.loadKeys()]

    const { store: copy } = await harness.open(t)
    assert.equal(await copy.isEmpty(), true)
    await copy.beginCopy({ source: new Uint8Array(32) })
    await writeAll(copy, all)
    await copy.endCopy()
    assert.deepEqual(await everything(copy), all)
    await writeAll(copy, all)
    assert.deepEqual(await everything(copy), all)
    assert.equal(await copy.isEmpty(), false)

    assert.deepEqual(
      [await current(copy, admin.id), await current(copy, user.id), await copy.loadKeys()],
      before,
    )
    assert.deepEqual(await verified(copy), [])
    const found = await copy.findSession({ userId: user.id, sessionId: session.id, now })
    assert.equal(found?.session.deviceName, 'phone')
    assert.equal((await copy.peekToken({ hash: token.hash, kinds: [token.kind], now }))?.kind, 'live')
    const due = Date.now()
    assert.equal((await copy.claimMail({ now: due, leaseUntil: due + 1, limit: 9 })).length, 3)
    const again = await copy.createUser({ user: newUser({ email: user.email }), idempotency }, newTrail(null))
    assert.equal(again.kind, 'repeated')
    assert.equal((await copy.hit({ hits: [{ ...hit, cost: 0 }], now }))[0]?.count, 2)
    const deletion = { userId: admin.id, expectEpoch: null, idHash: hashOfId(admin.id), now }
    assert.deepEqual(await copy.deleteUser(deletion, newTrail(null)), { kind: 'last_admin' })
    const deleted = await copy.deleteUser(
      { ...deletion, userId: user.id, idHash: hashOfId(user.id) },
      newTrail(null),
    )
    assert.equal(deleted.kind, 'deleted')
    assert.deepEqual(await verified(copy), [])
  })

  test('a record takes the place of the one with its key, with nothing left of that', async (t) => {
    const { store } = await harness.open(t)
    const { user, session } = await populated(store)
    const all = await everything(store)
    const remembered = all.get('identifiers')?.find(({ body }) => body !== null)
    assert.ok(remembered?.['body'])
    const other = { ...remembered, body: null, expires_at: null }
    await store.writeRecords({ kind: 'identifiers', records: [other], place: null })
    const opened = all.get('sessions')?.find(({ id }) => id === session.id)
    assert.ok(opened)
    await store.writeRecords({ kind: 'sessions', records: [{ ...opened, device_name: null }], place: null })
    const after = await everything(store)
    assert.deepEqual(
      after.get('identifiers')?.find(({ key }) => key === remembered['key']),
      other,
    )
    const found = await store.findSession({ userId: user.id, sessionId: session.id, now })
    assert.equal(found?.session.deviceName, null)
  })

  test('records of a user that is not there are left out, whatever they are', async (t) => {
    const { store } = await harness.open(t)
    await populated(store)
    const before = await everything(store)
    const nobody = newId()
    for (const kind of [
      'identifiers',
      'sessions',
      'one_time_tokens',
      'outgoing_mails',
      'inbox_messages',
    ] as const) {
      const [record] = before.get(kind) ?? []
      assert.ok(record)
      const strange = { ...record, ...strangeKey(kind), user_id: nobody }
      await store.writeRecords({ kind, records: [strange], place: null })
    }
    assert.deepEqual(await everything(store), before)
  })
}

function strangeKey(kind: RecordKind): JsonObject {
  if (kind === 'identifiers') return { key: 'e:nobody@example.com' }
  return kind === 'one_time_tokens' ? { hash: randomBytes(32).toString('base64') } : { id: newId() }
}

async function verified(store: Store): Promise<readonly unknown[]> {
  const findings: unknown[] = []
  for (let cursor: string | null = null; ;) {
    const step = await store.verify({ cursor })
    findings.push(...step.findings)
    cursor = step.cursor
    if (cursor === null) return findings
  }
}

function marks(harness: Harness): void {
  const source = new Uint8Array(randomBytes(32))

  test('a copy is begun in an empty store only, and goes on only from its own source', async (t) => {
    const { store } = await harness.open(t)
    assert.deepEqual(await store.beginCopy({ source }), { kind: 'begun', place: null })
    assert.deepEqual(await store.beginCopy({ source }), { kind: 'resumed', place: null })
    await store.writeRecords({ kind: 'meta', records: [], place: 'as far as this' })
    assert.deepEqual(await store.beginCopy({ source }), { kind: 'resumed', place: 'as far as this' })
    assert.deepEqual(await store.beginCopy({ source: new Uint8Array(32) }), { kind: 'other_source' })
    assert.equal(await store.isEmpty(), true)
    for (const _ of upTo(2)) await store.endCopy()
    await registered(store)
    assert.deepEqual(await store.beginCopy({ source }), { kind: 'not_empty' })
    assert.deepEqual(
      await store.beginCopy({ source }),
      { kind: 'not_empty' },
      'a refused copy leaves no mark',
    )
  })

  test('where no copy is under way no place is kept, and its end counts nobody anew', async (t) => {
    const { store } = await harness.open(t)
    const admin = await registered(store, { roles: ['admin', 'user'] })
    await store.writeRecords({ kind: 'meta', records: [], place: 'somewhere' })
    await store.endCopy()
    assert.equal(await store.hasAdmin(), true)
    const deletion = { userId: admin.id, expectEpoch: null, idHash: hashOfId(admin.id), now }
    assert.deepEqual(await store.deleteUser(deletion, newTrail(null)), { kind: 'last_admin' })
    assert.ok((await store.countRecords()) > 0)
  })
}
