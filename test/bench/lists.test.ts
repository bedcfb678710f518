/** Pages of a list cost the same at any depth: as ratios within one run, since times are of one machine. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { allLists, measureList, seedStore } from '../../bench/list-pages.ts'
import { openStore } from '../../src/store/open-store.ts'
import { newKeptLog, newTestClock } from '../support/store-fixtures.ts'

const USERS = 10_000
const PAGE = 50
/** The median of the deepest pages against that of the first ones. */
const RATIO_MAX = 3
/** A list that is shorter than this has no depth to speak of. */
const PAGES_MIN = 8

const dataDir = mkdtempSync(join(tmpdir(), 'um-lists-'))
const store = await openStore({ url: 'sqlite:users.db', dataDir, clock: newTestClock(), log: newKeptLog() })
after(async () => {
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})
await seedStore(store, USERS, () => undefined)

for (const list of allLists()) {
  test(`pages far behind in the list by ${list.name} cost what the first ones cost`, async () => {
    const measured = await measureList(store, list, PAGE)
    assert.ok(measured.users > 0)
    const { search, role, status, verified } = list.query
    const unfiltered = [search, role, status, verified].every((filter) => filter === null)
    assert.equal(
      measured.users === USERS,
      unfiltered || (role === 'user' && status === null) || search === 'seed-0',
    )
    assert.ok(measured.pages < PAGES_MIN || measured.ratio <= RATIO_MAX, JSON.stringify(measured))
  })
}
