/** Deletion really deletes: thousands of people with a marker in every field, and a search for what is left. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import { startApp, type App } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { domainDoor, httpDoor, shortLife, wholeLife, type Door } from '../support/canary-doors.ts'
import { bytesOf, dumpOf, filesIn, leftOf, markedCrowd, markersIn, type Person } from '../support/canary.ts'
import { clientOf, patient, type Client } from '../support/process-client.ts'
import { temporaryFolder, until } from '../support/process.ts'
import { addSummary } from '../support/summary.ts'

const everythingOverHttp = process.env['UM_TEST_SIZE'] === 'release'
const size = 6000
const seed = Number(process.env['UM_TEST_SEED'] ?? Math.floor(Math.random() * 1e7))
const crowd = markedCrowd(size, seed)
/** 2,500 of them, one beside the other with those that stay: their rows share pages. */
const leaving = crowd.people.filter(({ index }) => index % 12 < 5)
const staying = crowd.people.filter(({ index }) => index % 12 >= 5)
const gone = new Set(leaving.map(({ index }) => index))
const exporting = leaving.filter(({ index }) => index < 60 || index % 100 === 0)

const folder = temporaryFolder()
const dataDir = join(folder, 'data')
const databaseFile = join(dataDir, 'users.db')
const logFile = join(folder, 'log')

let app: App
let call: Client
let doorOf: (person: Person) => Door

/** More than the real log prints: everything that it is given. */
function write(...said: readonly unknown[]): void {
  appendFileSync(logFile, `${inspect(said, { depth: 9, maxStringLength: null })}\n`)
}

before(async () => {
  const config = loadConfig({ UM_DATA_DIR: dataDir, UM_PORT: '0', UM_RATE_LIMITS: 'off' })
  app = await startApp(config, { log: { info: write, warn: write, error: write } })
  call = patient(clientOf(app.publicUrl))
  const byHttp = httpDoor(call)
  const hash = await app.deps.passwords.hash('one hash for all of them')
  const byUseCase = domainDoor(app.deps, hash)
  doorOf = ({ index }) => (everythingOverHttp || index < 60 ? byHttp : byUseCase)
})
let stopped = false
after(() => (stopped ? undefined : app.stop()))

/** Everybody in turn, this many at a time. */
async function each(people: readonly Person[], act: (person: Person) => Promise<void>, width = 48) {
  const queue = people.values()
  const worker = async (): Promise<void> => {
    for (const person of queue) await act(person)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

/** The first few are enough to see what is wrong. */
function assertNone(markers: readonly string[], what = `seed ${seed}`): void {
  assert.deepEqual(markers.slice(0, 5), [], `${markers.length} markers: ${what}`)
}

function bytesNow(): { file: Buffer; log: Buffer } {
  return { file: bytesOf(databaseFile), log: bytesOf(`${databaseFile}-wal`) }
}

test('an export holds every marker of its user that the tables hold, and everything current', async () => {
  await each(crowd.people, (person) =>
    gone.has(person.index) ? wholeLife(person, doorOf(person)) : shortLife(person, doorOf(person)),
  )
  const stored = markersIn(dumpOf(databaseFile))
  assert.ok(exporting.length >= 50)
  await each(exporting, async (person) => {
    const exported = markersIn(await doorOf(person).exportAll(person))
    const own = [...stored].filter((marker) => crowd.ownerOf(marker) === person.index)
    assert.ok(person.current.size >= 14)
    assertNone([...own, ...person.current].filter((marker) => !exported.has(marker)))
    const strange = [...exported].filter((marker) => crowd.ownerOf(marker) !== person.index)
    assertNone(strange, 'nothing of anybody else')
  })
})

test('once deleted, nobody is in any table or in the inbox, and soon not in the log file either', async () => {
  const found = markersIn(dumpOf(databaseFile))
  const missing = leaving.flatMap(({ current }) => [...current].filter((marker) => !found.has(marker)))
  assertNone(missing, 'before, the tables held all of it, so this test can fail')

  await each(leaving, (person) => doorOf(person).remove(person))
  const { file, log } = bytesNow()
  assertNone(leftOf(crowd, gone, dumpOf(databaseFile)))
  assertNone(leftOf(crowd, gone, (await call('GET /dev/mail/messages')).text))

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
  await app.deps.store.scrub()
  const { file, log } = bytesNow()
  assertNone(leftOf(crowd, gone, file))
  assertNone(leftOf(crowd, gone, log))
  const inbox = (await call('GET /dev/mail/messages')).text
  assertNone(leftOf(crowd, gone, inbox))
  assert.ok(markersIn(inbox).size > 100, 'the inbox still shows the mails of the others')

  const dump = dumpOf(databaseFile)
  assertNone(leftOf(crowd, gone, dump))
  const found = markersIn(dump)
  const lost = staying.flatMap(({ current }) => [...current].filter((marker) => !found.has(marker)))
  assertNone(lost, 'whoever stays has lost nothing')
  const inFile = markersIn(file)
  assert.ok(staying.every(({ current }) => [...current].some((marker) => inFile.has(marker))))
})

test('the logs hold no marker of anybody, and neither does any file once the server has stopped', async () => {
  assertNone([...markersIn(readFileSync(logFile))])
  assert.ok(readFileSync(logFile).length > 0)
  stopped = true
  await app.stop()
  const files = filesIn(dataDir)
  assert.ok(files.some((path) => path.endsWith('owner.lock.db')) && files.includes(databaseFile))
  for (const path of files) assertNone(leftOf(crowd, gone, bytesOf(path)), path)
})
