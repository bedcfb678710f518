/** The deletion ledger outside of the database: in step with it, and still there when it is lost. */
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import type { User } from '../../src/domain/user.ts'
import { keepLedgerFile, ledgerFileIn, readLedgerFile } from '../../src/store/ledger-file.ts'
import { openStore } from '../../src/store/open-store.ts'
import { temporaryFolder } from '../support/store-files.ts'
import {
  hashOfId,
  newId,
  newKeptLog,
  newTestClock,
  newTrail,
  registered,
  upTo,
} from '../support/store-fixtures.ts'

async function opened(t: TestContext) {
  const clock = newTestClock()
  const log = newKeptLog()
  const folder = temporaryFolder(t, async () => inner.close())
  const inner = await openStore({ dataDir: folder, clock, log })
  const path = ledgerFileIn(folder)
  return { path, clock, log, inner, ...keepLedgerFile({ store: inner, path }, { clock, log }) }
}

async function remove(store: Store, { id: userId }: User, now: number): Promise<void> {
  const deletion = { userId, expectEpoch: null, idHash: hashOfId(userId), now }
  assert.equal((await store.deleteUser(deletion, newTrail(userId))).kind, 'deleted')
}

async function hashesIn(path: string): Promise<readonly string[]> {
  const all: string[] = []
  for await (const batch of readLedgerFile(path)) all.push(...batch.map(({ hash }) => hash.toHex()))
  return all
}

const hexOf = ({ id }: { readonly id: string }): string => hashOfId(id).toHex()
const lineOf = (hash: string, at: number): string =>
  `{"hash":"${hash}","at":"${new Date(at).toISOString()}"}\n`

test('every deletion that was answered is in the file, of many at once too, and a refused one is not', async (t) => {
  const { store, path, clock } = await opened(t)
  const users = await Promise.all(upTo(20).map(() => registered(store)))
  const admin = await registered(store, { roles: ['admin'] })
  await Promise.all(users.map((user) => remove(store, user, clock.now())))
  const refused = { userId: admin.id, expectEpoch: null, idHash: hashOfId(admin.id), now: clock.now() }
  assert.equal((await store.deleteUser(refused, newTrail(admin.id))).kind, 'last_admin')
  assert.deepEqual((await hashesIn(path)).toSorted(), users.map(hexOf).toSorted())
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('a line that a crash cut off costs nobody else its place', async (t) => {
  const { store, path, clock } = await opened(t)
  const [first, second] = [await registered(store), await registered(store)]
  await remove(store, first, clock.now())
  appendFileSync(path, lineOf(hexOf({ id: newId() }), clock.now()).slice(0, 40))
  await remove(store, second, clock.now())
  assert.deepEqual(await hashesIn(path), [hexOf(first), hexOf(second)])
})

test('settling makes file and database know the same, and says until the replay that the data are older', async (t) => {
  const { store, inner, settle, replayed, path, clock } = await opened(t)
  const user = await registered(store)
  await remove(inner, user, clock.now())
  assert.ok(!existsSync(path))
  assert.deepEqual(await settle(), { isOlder: false })
  assert.deepEqual(await hashesIn(path), [hexOf(user)])

  const [elsewhere, forgotten] = [hexOf({ id: newId() }), hexOf({ id: newId() })]
  appendFileSync(path, lineOf(elsewhere, clock.now()))
  appendFileSync(path, lineOf(forgotten, clock.now() - lifetimes.deletionLedgerMs))
  appendFileSync(path, '{"hash":"ab')
  for (const _ of upTo(2)) assert.deepEqual(await settle(), { isOlder: true })
  await replayed()
  assert.deepEqual(await settle(), { isOlder: false })
  const known = [hexOf(user), elsewhere].toSorted()
  assert.deepEqual(await hashesIn(path), known)
  const stored = await inner.listDeletions({ after: null, limit: 9 })
  assert.deepEqual(
    stored.map(({ hash }) => hash.toHex()),
    known,
  )
  assert.ok(!existsSync(`${path}.new`))
})

test('a long ledger goes through in stretches, and comes out whole and in order', async (t) => {
  const { settle, path, clock, inner } = await opened(t)
  const hashes = upTo(2500).map(() => hexOf({ id: newId() }))
  writeFileSync(path, hashes.map((hash) => lineOf(hash, clock.now())).join(''))
  assert.deepEqual(await settle(), { isOlder: true })
  assert.deepEqual(await hashesIn(path), hashes.toSorted())
  assert.equal((await inner.findDeletions(hashes.map((hash) => Uint8Array.fromHex(hash)))).length, 2500)
})

test('a deletion goes through where the file cannot be written; it is said, and made up for', async (t) => {
  const { store, path, clock, log } = await opened(t)
  mkdirSync(path)
  const [first, second] = [await registered(store), await registered(store)]
  await remove(store, first, clock.now())
  assert.match(log.lines.join('\n'), /a deletion is not in deletions\.ndjson yet .*deletion_ledger_behind/)
  rmSync(path, { recursive: true })
  await remove(store, second, clock.now())
  assert.deepEqual((await hashesIn(path)).toSorted(), [hexOf(first), hexOf(second)].toSorted())
})

test('a file of another kind is refused by its first wrong line, and no personal word of it is repeated', async (t) => {
  const { path, settle } = await opened(t)
  for (const content of [
    '{"name":"ada"}\n',
    'ada,1,2\n',
    `${lineOf('ab'.repeat(32), 0)}ada\n`,
    'x'.repeat(9999),
  ]) {
    writeFileSync(path, content)
    const failure = await hashesIn(path).catch((error: unknown) => String(error))
    assert.match(String(failure), /is none of a deletion ledger|is no deletion ledger/)
    assert.doesNotMatch(String(failure), /ada/)
    await assert.rejects(settle())
    assert.equal(readFileSync(path, 'utf8'), content, 'what is not understood is not written over')
  }
})
