/** Deletion really deletes: thousands of people with a marker in every field, and a search for what is left. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  assertExports,
  assertGone,
  assertInbox,
  assertLogClean,
  assertThere,
  crowd,
  dataDir,
  each,
  gone,
  leaving,
  lifeOf,
  size,
  startCanary,
  staying,
  type Canary,
} from '../support/canary-run.ts'
import { bytesOf, dumpOf, filesIn, leftOf, markersIn } from '../support/canary.ts'
import { until } from '../support/process.ts'
import { addSummary } from '../support/summary.ts'

const databaseFile = join(dataDir, 'users.db')

let canary: Canary
let stopped = false
before(async () => {
  canary = await startCanary()
})
after(() => (stopped ? undefined : canary.app.stop()))

function bytesNow(): { file: Buffer; log: Buffer } {
  return { file: bytesOf(databaseFile), log: bytesOf(`${databaseFile}-wal`) }
}

test('an export holds every marker of its user that the tables hold, and everything current', async () => {
  await each(crowd.people, lifeOf(canary).live)
  await assertExports(canary, dumpOf(databaseFile))
})

test('once deleted, nobody is in any table or in the inbox, and soon not in the log file either', async () => {
  assertThere(leaving, dumpOf(databaseFile), 'before, the tables held all of it, so this test can fail')
  await each(leaving, lifeOf(canary).remove)
  const { file, log } = bytesNow()
  assertGone(dumpOf(databaseFile))
  assertGone((await canary.call('GET /dev/mail/messages')).text)

  const began = performance.now()
  await until(() => (leftOf(crowd, gone, bytesNow().log).length === 0 ? true : null), 'an empty log file')
  const ms = performance.now() - began
  const later = leftOf(crowd, gone, bytesNow().file).length
  addSummary(
    `erasure: ${leaving.length} of ${size} deleted; markers left before the scrub: ` +
      `${leftOf(crowd, gone, file).length} in the file, ${leftOf(crowd, gone, log).length} in the log at once; ` +
      `the log was clean ${ms.toFixed(0)} ms later, the file then held ${later}`,
  )
})

test('after the scrub nothing of the deleted is in any byte of any file, and the others are all there', async () => {
  await canary.app.deps.store.scrub()
  const { file, log } = bytesNow()
  assertGone(file)
  assertGone(log)
  await assertInbox(canary)

  const dump = dumpOf(databaseFile)
  assertGone(dump)
  assertThere(staying, dump, 'whoever stays has lost nothing')
  const inFile = markersIn(file)
  assert.ok(staying.every(({ current }) => [...current].some((marker) => inFile.has(marker))))
})

test('the logs hold no marker of anybody, and neither does any file once the server has stopped', async () => {
  assertLogClean()
  stopped = true
  await canary.app.stop()
  const files = filesIn(dataDir)
  assert.ok(files.some((path) => path.endsWith('owner.lock.db')) && files.includes(databaseFile))
  for (const path of files) assertGone(bytesOf(path), path)
})
