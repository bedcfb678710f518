/** Deletion really deletes, on MongoDB too: the same crowd, and a search through every document that there is. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mongodb } from '../../src/domain/limits.ts'
import { dumpOf, storedLives } from '../support/canary-mongodb.ts'
import {
  assertExports,
  assertGone,
  assertInbox,
  assertLogClean,
  assertThere,
  crowd,
  dataDir,
  each,
  leaving,
  size,
  startCanary,
  staying,
  type Canary,
} from '../support/canary-run.ts'
import { bytesOf, filesIn, markersIn } from '../support/canary.ts'
import { startDatabase, type MongodbDatabase } from '../support/mongodb-database.ts'
import { addSummary } from '../support/summary.ts'

/** Fewer than the store runs transactions at once, so that the mails go on going out. */
const width = mongodb.transactionsAtOnce - 8

let database: MongodbDatabase
let canary: Canary
let lives: ReturnType<typeof storedLives>
let stopped = false
before(async () => {
  database = await startDatabase('canary')
  canary = await startCanary({ UM_DATABASE_URL: database.url })
  lives = storedLives(canary)
})
after(async () => {
  if (!stopped) await canary.app.stop()
  await database.stop()
})

test('an export holds every marker of its user that the collections hold, and everything current', async () => {
  const { byUseCases } = lives
  // First those that wait for their mails: the rest takes every transaction that there is.
  await each([...byUseCases], lives.live, width)
  await each(
    crowd.people.filter((person) => !byUseCases.has(person)),
    lives.live,
    width,
  )
  await assertExports(canary, await dumpOf(database.db))
})

test('once deleted, nobody is in any document of any collection or in the inbox', async () => {
  const dump = await dumpOf(database.db)
  assertThere(leaving, dump, 'before, the collections held all of it, so this test can fail')
  const began = performance.now()
  await each(leaving, lives.remove, width)
  const ms = performance.now() - began
  assertGone(await dumpOf(database.db))
  await assertInbox(canary)
  addSummary(
    `erasure on MongoDB: ${leaving.length} of ${size} deleted in ${ms.toFixed(0)} ms, no marker left`,
  )
})

test('after the scrub nothing of the deleted is back, and the others are all there', async () => {
  await canary.app.deps.store.scrub()
  const dump = await dumpOf(database.db)
  assertGone(dump)
  assertThere(staying, dump, 'whoever stays has lost nothing')
  await assertInbox(canary)
})

test('the logs hold no marker of anybody, and neither does a file or, of the deleted, a document at the end', async () => {
  assertLogClean()
  stopped = true
  await canary.app.stop()
  assertGone(await dumpOf(database.db))
  const files = filesIn(dataDir)
  assert.ok(files.some((path) => path.endsWith('master.key')))
  for (const path of files) assert.deepEqual([...markersIn(bytesOf(path))], [], path)
})
