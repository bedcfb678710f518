/** Pages of a list cost the same at any depth: as ratios within one run, since times are of one machine. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { allLists, measureList, seedStore, type Measured } from '../../bench/list-pages.ts'
import { openStore } from '../../src/store/open-store.ts'
import { newKeptLog, newTestClock } from '../support/store-fixtures.ts'

const USERS = 10_000
const PAGE = 50
/** The median of the deepest pages against that of the first ones. */
const RATIO_MAX = 3
/** A list that is shorter than this has no depth to speak of. */
const PAGES_MIN = 8
/** Other work on the machine can make one measurement wrong, and depth would make all of them so. */
const MEASUREMENTS_MAX = 3

const dataDir = mkdtempSync(join(tmpdir(), 'um-lists-'))
const store = await openStore({ url: 'sqlite:users.db', dataDir, clock: newTestClock(), log: newKeptLog() })
after(async () => {
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})
await seedStore(store, USERS, () => undefined)

for (const list of allLists()) {
  test(`pages far behind in the list by ${list.name} cost what the first ones cost`, async () => {
    const flat = ({ pages, ratio }: Measured): boolean => pages < PAGES_MIN || ratio <= RATIO_MAX
    let measured = await measureList(store, list, PAGE)
    for (let times = 1; times < MEASUREMENTS_MAX && !flat(measured); times += 1)
      measured = await measureList(store, list, PAGE)
    assert.ok(measured.users > 0)
    const { search, role, status, verified } = list.query
    const unfiltered = [search, role, status, verified].every((filter) => filter === null)
    assert.equal(
      measured.users === USERS,
      unfiltered || (role === 'user' && status === null) || search === 'seed-0',
    )
    assert.ok(flat(measured), JSON.stringify(measured))
  })
}
