/** A backup is of one moment, and costs nobody beside it anything. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Store } from '../../src/domain/ports/store.ts'
import { openStore } from '../../src/store/open-store.ts'
import { inspectBackup } from '../../src/store/sqlite/inspect-backup.ts'
import { temporaryFolder } from '../support/store-files.ts'
import {
  newKeptLog,
  newTestClock,
  newTrail,
  newUser,
  registered,
  rounds,
  upTo,
} from '../support/store-fixtures.ts'
import { addSummary } from '../support/summary.ts'

async function opened(t: TestContext, users: number): Promise<{ store: Store; folder: string }> {
  const folder = temporaryFolder(t, async () => store.close())
  const store = await openStore({ dataDir: folder, clock: newTestClock(), log: newKeptLog() })
  for (let from = 0; from < users; from += 500) {
    await store.addUsers(
      upTo(Math.min(500, users - from)).map(() => newUser()),
      newTrail(null),
    )
  }
  return { store, folder }
}

const refusal = (outcome: Awaited<ReturnType<Store['backUp']>>): string =>
  outcome.kind === 'refused' ? outcome.reason : outcome.kind

test('while a backup is written, writes are acknowledged, and it holds what was there at one moment', async (t) => {
  const before = rounds(100_000)
  const { store, folder } = await opened(t, before)
  const path = join(folder, 'copy')
  const began = performance.now()
  let over = false
  let longestMs = 0
  let during = 0
  const writing = (async () => {
    while (!over) {
      const at = performance.now()
      await registered(store)
      longestMs = Math.max(longestMs, performance.now() - at)
      during += 1
    }
  })()
  const done = await store.backUp({ path })
  const ms = performance.now() - began
  over = true
  await writing
  assert.ok(done.kind === 'written', refusal(done))
  assert.ok(done.users >= before && done.users <= before + during)
  const found = inspectBackup(path)
  assert.deepEqual([found.kind, found.kind === 'sound' && found.users], ['sound', done.users])
  addSummary(
    `backup: ${before} users (${(done.bytes / 1e6).toFixed(1)} MB) in ${ms.toFixed(0)} ms; ` +
      `${during} writes beside it, the longest ${longestMs.toFixed(0)} ms`,
  )
})

test('of two backups at the same time one is written, and a stop leaves nothing half written', async (t) => {
  const { store, folder } = await opened(t, 2000)
  const both = await Promise.all(['one', 'two'].map((name) => store.backUp({ path: join(folder, name) })))
  assert.deepEqual(both.map(({ kind }) => kind).toSorted(), ['refused', 'written'])
  assert.match(both.map(refusal).join(), /Another backup is being written/)
  const cut = store.backUp({ path: join(folder, 'three') })
  await store.close()
  const { kind } = await cut
  const names = readdirSync(folder)
  assert.ok(!names.some((name) => name.endsWith('.partial')))
  assert.equal(names.includes('three'), kind === 'written')
  if (kind === 'written') assert.equal(inspectBackup(join(folder, 'three')).kind, 'sound')
})

test('a place where nothing can be written is refused with its reason, and an earlier half is no obstacle', async (t) => {
  const { store, folder } = await opened(t, 1)
  const nowhere = join(folder, 'nowhere', 'copy')
  assert.match(refusal(await store.backUp({ path: nowhere })), /cannot be made \(ENOENT\)/)
  const taken = join(folder, 'taken')
  writeFileSync(taken, 'precious')
  assert.match(refusal(await store.backUp({ path: taken })), /There is a file .*taken already/)
  assert.match(refusal(await store.backUp({ path: join(folder, 'users.db') })), /There is a file/)
  const path = join(folder, 'copy')
  symlinkSync(join(folder, 'users.db'), `${path}.partial`)
  assert.equal((await store.backUp({ path })).kind, 'written')
  assert.ok(!existsSync(`${path}.partial`))
  const { findings } = await store.verify({ cursor: null })
  assert.deepEqual(findings, [])
})
