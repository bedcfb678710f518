/** Copies between stores that are cut off anywhere, by the command that operators use. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { Binary, MongoClient } from 'mongodb'
import { recordKinds, type RecordKind } from '../../src/domain/ports/copying.ts'
import { loadConfig } from '../../src/config.ts'
import { copyBetween } from '../../src/copy-store.ts'
import { openStore } from '../../src/store/open-store.ts'
import { startDatabase } from '../support/mongodb-database.ts'
import { liftFaults } from '../support/mongodb-faults.ts'
import { newInstallation, sha256Of, type Installation } from '../support/moved-installation.ts'
import { runToEnd, startCommand, until, type CommandProcess, type Ended } from '../support/process.ts'
import { newId, newKeptLog, newTestClock, release } from '../support/store-fixtures.ts'
import { valueIn } from '../support/store-files.ts'
import { fill, newFile, pathOf, rowsIn } from '../support/stores-by-url.ts'
import { addSummary } from '../support/summary.ts'

const starting = startDatabase('copy')
after(async () => (await starting).stop())

function rateOf({ stdout }: Ended): string {
  const { records, seconds } = JSON.parse(stdout)
  return `${records} records copied and checked in ${seconds} s`
}

/** So many users that every larger kind has several pages, each with a session. */
const users = release ? 100_000 : 2500

/** The same installation for what follows. */
const seeding = seeded()

async function seeded(): Promise<Installation> {
  const installation = await newInstallation()
  const seed = await installation.command('sqlite:users.db', `seed --users ${users} --password-stdin`)
  assert.equal(seed.code, 0, seed.stderr)
  const { dataDir } = installation
  const store = await openStore({ dataDir, clock: newTestClock(), log: newKeptLog() })
  for (let after: string | null = null; ;) {
    const ids: readonly string[] = await store.listUserIds({ after, limit: 2000 })
    const records = ids.map((id) => sessionRecord(id))
    await store.writeRecords({ kind: 'sessions', records, place: null })
    after = ids.at(-1) ?? null
    if (after === null) break
  }
  await store.close()
  return installation
}

function sessionRecord(userId: string) {
  const now = Date.now()
  return {
    user_id: userId,
    id: newId(),
    epoch: 1,
    generation: 1,
    refresh_key_id: 1,
    rotated_at: now,
    repeats: 0,
    auth_time: now,
    device_name: null,
    user_agent: 'test',
    created_at: now,
    last_used_at: now,
    expires_at: now + 86_400_000,
  }
}

async function assertNoServer({ dataDir, keyFile }: Installation, url: string): Promise<void> {
  const settings = { UM_MASTER_KEY_FILE: keyFile, UM_DATABASE_URL: url }
  const { code, stderr } = await runToEnd({ dataDir, settings, how: 'directly' })
  assert.equal(code, 4)
  assert.match(stderr, /unfinished copy of another one: run "user-management copy-store" again/)
}

suite('a copy that is cut off', () => {
  const copied = { url: '', sha256: '' }

  test('killed at any point on the way to MongoDB it goes on, and ends as one that was not', async (t) => {
    const database = await starting
    const installation = await seeding
    copied.url = database.another('killed')
    const client = await new MongoClient(copied.url).connect()
    t.after(() => client.close())
    const db = client.db()
    const mark = () => db.collection<Mark>('meta').findOne({ _id: 'unfinished_copy' })
    const places: (string | undefined)[] = []
    // The nth of these commands waits until the one that sent it is killed; the last one belongs to the check.
    for (const [command, collection, skip] of [
      ['insert', 'users', 1],
      ['insert', 'identifiers', 5],
      ['update', 'meta', 4],
      ['find', 'audit', 0],
    ] as const) {
      const namespace = `${db.databaseName}.${collection}`
      const data = { failCommands: [command], namespace, blockConnection: true, blockTimeMS: 3000 }
      const fault = { configureFailPoint: 'failCommand', mode: { skip }, data }
      const { count } = await client.db('admin').command(fault)
      const copying = startCopy(installation, 'sqlite:users.db', copied.url)
      const met = { waitForFailPoint: 'failCommand', timesEntered: count + 1, maxTimeMS: 120_000 }
      await client.db('admin').command(met)
      copying.kill()
      await liftFaults(client)
      assert.equal((await copying.ended).signal, 'SIGKILL')
      places.push((await mark())?.place?.split(' ')[0])
    }
    const [first, second, third, last] = places
    assert.deepEqual([first, second, last], [undefined, 'identifiers', 'end'])
    const reached = recordKinds.findIndex((kind) => kind === third)
    assert.ok(reached >= recordKinds.indexOf('identifiers'), `it went back to ${third}`)
    await assertNoServer(installation, copied.url)

    const other = newFile()
    await fill(other)
    const config = loadConfig({ UM_MASTER_KEY_FILE: installation.keyFile })
    const mixed = await copyBetween(config, { from: other, to: copied.url, reached: () => undefined })
    assert.deepEqual(mixed, { kind: 'other_source' })

    // The source has gone on meanwhile, and the copy holds what the source has not.
    await fill(`sqlite:${join(installation.dataDir, 'users.db')}`)
    const surplus = { _id: new Binary(randomBytes(32)), at: new Date(), purgeAt: new Date(Date.now() + 1e10) }
    await db.collection<{ _id: Binary }>('deletions').insertOne(surplus)
    const differing = await installation.copy('sqlite:users.db', copied.url)
    assert.deepEqual([differing.code, differing.stdout], [1, ''])
    const said = differing.stderr.split('\n').filter((line) => line.includes('in --from'))
    assert.deepEqual(said, ['user-management:   deletions: 0 in --from, 1 in --to'])
    await assertNoServer(installation, copied.url)

    await db.collection<{ _id: Binary }>('deletions').deleteOne({ _id: surplus._id })
    assert.equal((await installation.copy('sqlite:users.db', copied.url)).code, 0)
    assert.equal(await mark(), null)
    // At one go, in memory that does not hang on how much there is.
    const fresh = database.another('whole')
    const whole = await installation.copy('sqlite:users.db', fresh, {
      NODE_OPTIONS: '--max-old-space-size=64',
    })
    copied.sha256 = sha256Of(whole)
    addSummary(`copy-store: SQLite to MongoDB, ${rateOf(whole)}`)
  })

  test('killed on the way to SQLite it goes on, too', async () => {
    const installation = await seeding
    const to = newFile()
    const path = pathOf(to)
    for (const least of ['users', 'sessions'] as const) {
      const copying = startCopy(installation, copied.url, to)
      await until(() => (hasReached(path, least) ? true : null), `a place behind ${least}`)
      copying.kill()
      assert.equal((await copying.ended).signal, 'SIGKILL')
      await assertNoServer(installation, to)
    }
    const rest = await installation.copy(copied.url, to, { NODE_OPTIONS: '--max-old-space-size=64' })
    assert.equal(sha256Of(rest), copied.sha256)
    addSummary(`copy-store: MongoDB to SQLite, the rest after two kills: ${rateOf(rest)}`)
    assert.deepEqual(rowsIn(to), rowsIn(`sqlite:${join(installation.dataDir, 'users.db')}`))
  })
})

interface Mark {
  readonly _id: string
  readonly place: string | null
}

function startCopy({ dataDir, keyFile }: Installation, from: string, to: string): CommandProcess {
  const words = ['copy-store', '--from', from, '--to', to]
  return startCommand({ dataDir, settings: { UM_MASTER_KEY_FILE: keyFile }, words })
}

function hasReached(path: string, least: RecordKind): boolean {
  if (!existsSync(path)) return false
  let place: unknown
  try {
    place = valueIn(path, 'SELECT place FROM unfinished_copy')
  } catch {
    // The file is just being made.
    return false
  }
  if (typeof place !== 'string') return false
  const kind = recordKinds.findIndex((each) => each === place.split(' ')[0])
  return kind < 0 || kind >= recordKinds.indexOf(least)
}

test('a MongoDB whose name is misspelt is refused as a source, and stays as it was', async () => {
  const { keyFile } = await newInstallation()
  const misspelt = (await starting).another('misspelt')
  const request = { from: misspelt, to: newFile(), reached: () => undefined }
  await assert.rejects(copyBetween(loadConfig({ UM_MASTER_KEY_FILE: keyFile }), request), {
    code: 'start_refused',
    message: /--from: There is no installation in this database/,
  })
  const client = await new MongoClient(misspelt).connect()
  assert.deepEqual(await client.db().listCollections().toArray(), [])
  await client.close()
})
