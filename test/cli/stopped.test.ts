import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { clientOf } from '../support/process-client.ts'
import { runToEnd, startServer, temporaryFolder, type Ended, type ServerProcess } from '../support/process.ts'
import { addSummary } from '../support/summary.ts'
import { password, rowsOf } from './journey.ts'

const dataDir = join(temporaryFolder(), 'data')
let server: ServerProcess | null = null
after(() => server?.end('SIGKILL'))

function command(line: string, input = ''): Promise<Ended> {
  return runToEnd({ dataDir, words: line.split(' '), input })
}

test('a data folder that is not there ends with 4 and is not made', async () => {
  const { code, stdout, stderr } = await command('users list')
  assert.deepEqual([code, stdout], [4, ''])
  assert.match(stderr, /There is no data folder .*UM_DATA_DIR/)
  assert.ok(!existsSync(dataDir))
})

test('without a server commands open the database themselves, and leave it to the next one', async () => {
  const made = await command('users create grace grace@navy.example --role admin --verified', password)
  assert.deepEqual([made.code, made.stderr], [0, ''])
  const began = performance.now()
  const listed = await command('users list --output ndjson')
  const ms = performance.now() - began
  assert.deepEqual(
    rowsOf(listed).map(({ username }) => username),
    ['grace'],
  )
  addSummary(
    `command line: ${ms.toFixed(0)} ms for "users list" on a stopped instance (beside the other tests)`,
  )

  const last = await command('users disable grace')
  assert.deepEqual([last.code, last.stdout], [1, ''])
  assert.match(last.stderr, /^user-management: grace: This is the last administrator\./)
  assert.ok(!existsSync(join(dataDir, 'control.sock')))
})

test('the master key is rotated while the server is stopped, and not beside a running one', async () => {
  const key = join(dataDir, 'master.key')
  const before = readFileSync(key, 'utf8')
  const rotated = await command('keys rotate --master')
  assert.deepEqual([rotated.code, rotated.stderr], [0, ''])
  const renewed = readFileSync(key, 'utf8')
  assert.notEqual(renewed, before)

  server = await startServer({ dataDir })
  const body = { username: 'grace', password }
  assert.equal((await clientOf(server.url)('POST /users/login', { body })).status, 200)
  const refused = await command('keys rotate --master')
  assert.deepEqual([refused.code, refused.stdout], [4, ''])
  assert.match(refused.stderr, /The server is running.*stop it/)
  assert.equal(readFileSync(key, 'utf8'), renewed)
})

test('a socket whose server was killed is no obstacle, to a command or to the next server', async () => {
  await server?.end('SIGKILL')
  assert.ok(existsSync(join(dataDir, 'control.sock')))
  const listed = await command('users get grace --output ndjson')
  assert.deepEqual([listed.code, rowsOf(listed)[0]?.['username']], [0, 'grace'])
  server = await startServer({ dataDir })
  const found = await command('users get grace --output ndjson')
  assert.deepEqual([found.code, rowsOf(found)[0]?.['username']], [0, 'grace'])
  await server.end('SIGTERM')
  assert.ok(!existsSync(join(dataDir, 'control.sock')))
})
