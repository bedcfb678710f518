/** On MongoDB its own tools back up and restore; what was deleted since is deleted again by our replay. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Document } from 'mongodb'
import { rowsOf } from '../cli/journey.ts'
import { startDatabase, type MongodbDatabase } from '../support/mongodb-database.ts'
import { clientOf, type Answer } from '../support/process-client.ts'
import { runToEnd, startServer, temporaryFolder, type Ended, type ServerProcess } from '../support/process.ts'

const password = 'correct horse battery staple'
const dataDir = join(temporaryFolder(), 'data')
const elsewhere = join(temporaryFolder(), 'other-node')

let database: MongodbDatabase
let server: ServerProcess
let settings: Readonly<Record<string, string>>
let dump: ReadonlyMap<string, readonly Document[]>
let session: Answer
after(async () => {
  await server.end('SIGKILL')
  await database.stop()
})

function command(words: string, where = dataDir): Promise<Ended> {
  return runToEnd({ dataDir: where, settings, words: words.split(' '), input: password })
}

function login(username: string): Promise<Answer> {
  return clientOf(server.url)('POST /users/login', { body: { username, password } })
}

function linesIn(folder: string): number {
  return readFileSync(join(folder, 'deletions.ndjson'), 'utf8').trim().split('\n').length
}

/** What `mongodump` would have: every document of every collection. */
async function dumped(): Promise<ReadonlyMap<string, readonly Document[]>> {
  const names = (await database.db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, readonly Document[]]> => [
        name,
        await database.db.collection(name).find().toArray(),
      ]),
    ),
  )
}

/** What `mongorestore --drop` does, the indexes aside. */
async function restored(): Promise<void> {
  for (const [name, documents] of dump) {
    await database.db.collection(name).deleteMany({})
    if (documents.length > 0) await database.db.collection(name).insertMany([...documents])
  }
}

before(async () => {
  database = await startDatabase('replay')
  settings = { UM_DATABASE_URL: database.url }
  server = await startServer({ dataDir, settings })
  for (const words of ['ann ann@example.com', 'bob bob@example.com', 'eve eve@example.com --role admin']) {
    const { code, stderr } = await command(`users create ${words} --verified`)
    assert.equal(code, 0, stderr)
  }
  session = await login('ann')
  dump = await dumped()
})

test('a backup and a restore of a file are refused, and say what to use', async () => {
  const file = join(dataDir, 'no.backup')
  const written = await command(`backup create ${file}`)
  assert.deepEqual([written.code, written.stdout], [1, ''])
  assert.match(written.stderr, /mongodump.*mongorestore.*deletions replay.*back-up\.md/)
  const brought = await command(`restore ${file} --yes`)
  assert.deepEqual([brought.code, brought.stdout], [4, ''])
  assert.match(brought.stderr, /mongorestore.*deletions replay/)
  assert.ok(!existsSync(file))
})

test('a deletion is in the ledger file of the node that made it, by its answer', async () => {
  const { body } = await login('bob')
  const gone = await clientOf(server.url)('DELETE /users/delete', {
    body: { password },
    token: body.access_token,
  })
  assert.equal(gone.status, 200)
  assert.equal(linesIn(dataDir), 1)
  await server.end('SIGTERM')
})

test('after the dump is back, the replay deletes again and signs everybody out', async () => {
  await restored()
  const unasked = await command('deletions replay')
  assert.equal(unasked.code, 2)
  const done = await command('deletions replay --yes --output ndjson')
  assert.equal(done.code, 0, done.stderr)
  const [{ users_checked: checked, deleted_again: again } = {}] = rowsOf(done)
  assert.deepEqual([checked, again], [3, 1])
  assert.match(done.stderr, /Everybody has to sign in again/)
  server = await startServer({ dataDir, settings })
  assert.equal((await login('bob')).status, 401)
  assert.equal((await login('eve')).status, 200)
  const old = session.body.access_token
  assert.equal((await clientOf(server.url)('GET /users/profile', { token: old })).status, 401)
  assert.equal((await login('ann')).status, 200)
  const sound = await command('verify')
  assert.equal(sound.code, 0, sound.stderr)
  const left = JSON.stringify(await database.db.collection('users').find().toArray())
  assert.doesNotMatch(left, /bob/)
})

test('a machine without that file takes the ledger that was kept elsewhere', async () => {
  await server.end('SIGTERM')
  await restored()
  const key = { UM_MASTER_KEY_FILE: join(dataDir, 'master.key') }
  settings = { ...settings, ...key }
  const prepared = await command('users create max max@example.com', elsewhere)
  assert.equal(prepared.code, 0, prepared.stderr)
  const ledger = join(dataDir, 'deletions.ndjson')
  const done = await command(`deletions replay --yes --ledger ${ledger} --output ndjson`, elsewhere)
  assert.equal(done.code, 0, done.stderr)
  assert.equal(rowsOf(done)[0]?.['deleted_again'], 1)
  assert.equal(await database.db.collection('users').countDocuments(), 3)
  assert.equal(await database.db.collection('deletions').countDocuments(), 1)
  const deleted = await command('users delete max --yes', elsewhere)
  assert.equal(deleted.code, 0, deleted.stderr)
  assert.deepEqual([linesIn(dataDir), linesIn(elsewhere)], [1, 2], 'the file of whoever deletes')
  server = await startServer({ dataDir: elsewhere, settings })
  assert.equal((await login('bob')).status, 401)
  assert.equal((await login('ann')).status, 200)
})
