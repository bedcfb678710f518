/** A restore that is cut off leaves the old data or the new ones, never something between; then it is run again. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadConfig } from '../../src/config.ts'
import { restore, type Restored } from '../../src/restore.ts'
import { keepLedgerFile, ledgerFileIn } from '../../src/store/ledger-file.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import type { User } from '../../src/domain/user.ts'
import { temporaryFolder } from '../support/process.ts'
import { valueIn } from '../support/store-files.ts'
import {
  hashOfId,
  newKeptLog,
  newTrail,
  registered,
  release,
  signedIn,
  upTo,
} from '../support/store-fixtures.ts'

const STEPS = 7
const folder = temporaryFolder()
const backup = join(folder, 'backup')
const clock = { now: () => Date.now() }
const log = newKeptLog()
let users: readonly User[]

/** A data folder whose database has lost one of three users, and gained one, since the backup. */
before(async () => {
  const dataDir = join(folder, 'data')
  mkdirSync(dataDir, { mode: 0o700 })
  writeFileSync(join(dataDir, 'master.key'), 'cd'.repeat(32), { mode: 0o600 })
  const opened = await openStore({ dataDir, clock, log })
  const { store } = keepLedgerFile({ store: opened, path: ledgerFileIn(dataDir) }, { clock, log })
  users = [await registered(store, { roles: ['admin'] }), await registered(store), await registered(store)]
  for (const user of users) await signedIn(store, user)
  assert.equal((await store.backUp({ path: backup })).kind, 'written')
  await remove(store, users[1])
  await registered(store)
  await store.close()
})

async function remove(store: Store, user: User | undefined): Promise<void> {
  const { id: userId } = user ?? assert.fail()
  const deletion = { userId, expectEpoch: null, idHash: hashOfId(userId), now: clock.now() }
  assert.equal((await store.deleteUser(deletion, newTrail(userId))).kind, 'deleted')
}

function newCopy(name: string): string {
  const dataDir = join(folder, name)
  cpSync(join(folder, 'data'), dataDir, { recursive: true })
  return dataDir
}

function restoreIn(dataDir: string, ledgers: readonly string[] = []): Promise<Restored> {
  const onStep = () => undefined
  return restore(loadConfig({ UM_DATA_DIR: dataDir }), { backup, ledgers, clock, log, onStep })
}

function idsIn(dataDir: string): string {
  const all = "SELECT group_concat(lower(hex(id)), ' ') FROM (SELECT id FROM users ORDER BY id)"
  return String(valueIn(join(dataDir, 'users.db'), all))
}

function hexOf(some: readonly (User | undefined)[]): string {
  return some.map((user) => user?.id.replaceAll('-', '')).join(' ')
}

async function assertRestored(dataDir: string, title: string): Promise<void> {
  const left = readdirSync(dataDir).filter((name) => /restoring|\.new$|users\.db-wal$/.test(name))
  assert.deepEqual(left, [], title)
  assert.equal(idsIn(dataDir), hexOf([users[0], users[2]]), title)
  const store = await openStore({ dataDir, clock, log })
  const [ledger] = [await store.listDeletions({ after: null, limit: 9 })]
  assert.deepEqual(
    ledger.map(({ hash }) => hash.toHex()),
    [hashOfId(users[1]?.id ?? '').toHex()],
  )
  for (const user of users) {
    assert.deepEqual(await store.listSessions({ userId: user.id, now: clock.now() }), [])
  }
  await store.close()
}

test('killed at any step, the old data are whole, and the same command finishes', async () => {
  const script = fileURLToPath(new URL('../support/restore-crash-child.ts', import.meta.url))
  const old = idsIn(join(folder, 'data'))
  const steps = release ? upTo(STEPS).map((index) => index + 1) : [2, 5, STEPS]
  for (const step of steps) {
    const dataDir = newCopy(`killed-${step}`)
    const child = spawnSync(process.execPath, [script, dataDir, backup, String(step)], { encoding: 'utf8' })
    assert.equal(child.signal, 'SIGKILL', child.stderr)
    assert.equal(idsIn(dataDir), old, `after a kill at step ${step} the old database is in its place`)
    const { deletedAgain } = await restoreIn(dataDir)
    assert.equal(deletedAgain, 1)
    await assertRestored(dataDir, `step ${step}`)
  }
  const beyond = spawnSync(process.execPath, [script, newCopy('beyond'), backup, String(STEPS + 1)])
  assert.equal(beyond.status, 0, 'there is no step that was not killed')
})

test('a kill between the two names of the old database leaves one kept copy in the end', async () => {
  const dataDir = newCopy('linked')
  const present = join(dataDir, 'users.db')
  linkSync(present, `${present}.before-restore-2020-01-01T00-00-00-000Z`)
  writeFileSync(`${present}.restoring`, 'half of it')
  writeFileSync(`${present}.restoring-wal`, 'of another time')
  await restoreIn(dataDir)
  await assertRestored(dataDir, 'linked')
  const kept = readdirSync(dataDir).filter((name) => name.includes('.before-restore-'))
  assert.equal(kept.length, 1)
})

test('a restore that is done again changes nothing but what is kept', async () => {
  const dataDir = newCopy('twice')
  assert.equal((await restoreIn(dataDir)).deletedAgain, 1)
  assert.equal((await restoreIn(dataDir)).deletedAgain, 1)
  await assertRestored(dataDir, 'twice')
  assert.equal(readdirSync(dataDir).filter((name) => name.includes('.before-restore-')).length, 2)
})

test('a present database that cannot be read is kept as it is, with its log, and the file knows the ledger', async () => {
  const dataDir = newCopy('damaged')
  const rubbish = Buffer.alloc(9000, 7)
  writeFileSync(join(dataDir, 'users.db'), rubbish)
  writeFileSync(join(dataDir, 'users.db-wal'), 'a log')
  const { kept, warnings, deletedAgain } = await restoreIn(dataDir)
  assert.equal(deletedAgain, 1)
  assert.match(
    warnings.join(),
    /cannot be read: who was deleted since is known from .*deletions\.ndjson only/,
  )
  assert.ok(kept !== null && readFileSync(kept).equals(rubbish))
  assert.equal(readFileSync(`${kept}-wal`, 'utf8'), 'a log')
  await assertRestored(dataDir, 'damaged')
})

test('the last administrator who was deleted since stays away too, and that is said', async () => {
  const dataDir = newCopy('without-admin')
  const opened = await openStore({ dataDir, clock, log })
  await registered(opened, { roles: ['admin'] })
  await remove(opened, users[0])
  await opened.close()
  const { hasAdmin, deletedAgain } = await restoreIn(dataDir)
  assert.deepEqual([hasAdmin, deletedAgain], [false, 2])
  assert.equal(idsIn(dataDir), hexOf([users[2]]))
})

test('a ledger file that cannot be read stops the restore before anything is replaced', async () => {
  const dataDir = newCopy('bad-ledger')
  const old = idsIn(dataDir)
  const wrong = join(folder, 'wrong.ndjson')
  writeFileSync(wrong, '{"name":"somebody"}\n')
  await assert.rejects(restoreIn(dataDir, [wrong]), /Line 1 of .*wrong\.ndjson is none of a deletion ledger/)
  await assert.rejects(restoreIn(dataDir, [join(folder, 'nowhere')]), /cannot be read \(ENOENT\)/)
  assert.equal(idsIn(dataDir), old)
  assert.ok(!readdirSync(dataDir).some((name) => name.includes('.before-restore-')))
  copyFileSync(ledgerFileIn(join(folder, 'data')), wrong)
  await restoreIn(dataDir, [wrong])
  await assertRestored(dataDir, 'with the right ledger')
})
