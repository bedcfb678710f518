/** Users move into a server that runs, and sign in with their old passwords. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { hash as bcrypt } from 'bcryptjs'
import { runCommand } from '../../bench/import.ts'
import { clientOf } from '../support/process-client.ts'
import { runToEnd, startServer, temporaryFolder, type Ended, type ServerProcess } from '../support/process.ts'
import { release } from '../support/store-fixtures.ts'
import { addSummary } from '../support/summary.ts'
import { recordLines } from './records.ts'

const folder = temporaryFolder()
const dataDir = join(folder, 'data')
const password = 'an old password that is kept'
let server: ServerProcess
before(async () => {
  server = await startServer({ dataDir, how: 'directly' })
})
after(() => server.end('SIGKILL'))

const run = (...words: readonly string[]): Promise<Ended> =>
  runToEnd({ dataDir, words: [...words, '--output', 'ndjson'], how: 'directly' })

test('an imported user signs in with the password that it had, whose hash then is one of ours', async () => {
  const file = join(folder, 'users.ndjson')
  const hash = await bcrypt(password, 10)
  const ada = {
    id: 'source-1',
    username: 'ada',
    email: 'ada@example.com',
    password_hash: hash,
    shoe_size: 43,
  }
  const bob = {
    email: 'bob@example.com',
    password_hash: '5f4dcc3b5aa765d61d8327deb882cf99',
    full: { name: 'Bob B.' },
  }
  writeFileSync(
    file,
    [ada, bob, ...recordLines(1500).map((line): unknown => JSON.parse(line))]
      .map((each) => JSON.stringify(each))
      .join('\n'),
  )
  const mapped = ['--profile-field', 'display_name=full.name', '--without-unknown-hashes']
  const ended = await run('users', 'import', file, ...mapped)
  assert.equal(ended.code, 0, ended.stderr)
  const { imported, without_password: withoutPassword, left_behind: leftBehind } = JSON.parse(ended.stdout)
  assert.deepEqual([imported, withoutPassword, leftBehind], [1502, 1, { shoe_size: 1 }])

  const send = clientOf(server.url)
  assert.equal(
    (await send('POST /users/login', { body: { username: 'ada', password: `${password}!` } })).status,
    401,
  )
  assert.equal((await send('POST /users/login', { body: { username: 'ada', password } })).status, 200)
  assert.equal(
    (await send('POST /users/login', { body: { email: 'bob@example.com', password: 'password' } })).status,
    401,
  )
  const exported = await run('users', 'export')
  const users = exported.stdout
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))
  assert.equal(users.length, 1502)
  const [first, second] = ['ada@example.com', 'bob@example.com'].map((email) =>
    users.find((user) => user['email'] === email),
  )
  assert.match(String(first?.['password_hash']), /^\$argon2id\$/)
  assert.notEqual(first?.['last_sign_in_at'], null)
  assert.deepEqual([second?.['password_hash'], second?.['profile']], [null, { display_name: 'Bob B.' }])
})

test('a trial beside the server leaves it as it is', async () => {
  const file = join(folder, 'more.ndjson')
  writeFileSync(file, '{"email":"late@example.com"}\n{"email":"ADA@example.com"}\n')
  const trial = await run('users', 'import', file, '--dry-run')
  assert.equal(trial.code, 3)
  assert.deepEqual(JSON.parse(trial.stdout).rejected_by, { email_taken: 1 })
  assert.match(trial.stderr, /more\.ndjson:2 email_taken/)
  assert.equal((await run('users', 'get', 'late@example.com')).code, 1)
})

test('a file ten times as long takes no more memory', async () => {
  const peaks: number[] = []
  for (const users of release ? [20_000, 200_000] : [300, 3000]) {
    const file = join(folder, `${users}.ndjson`)
    writeFileSync(file, recordLines(users).join('\n'))
    const settings = { UM_DATA_DIR: join(folder, `data-${users}`) }
    peaks.push((await runCommand(['users', 'import', file], settings)).peakMb)
  }
  const [small = 0, large = 0] = peaks
  addSummary(`import: ${small} MB of memory at the most, ${large} MB for ten times as many users`)
  assert.ok(large <= small * 2, `${small} MB, then ${large} MB`)
})
