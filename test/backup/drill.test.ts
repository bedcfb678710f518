/** The restore drill, by the real command and over HTTP: what was deleted stays away, what was backed up is back. */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { filesWith } from '../support/store-files.ts'
import { clientOf, type Answer, type Body } from '../support/process-client.ts'
import {
  runToEnd,
  startServer,
  temporaryFolder,
  until,
  type Ended,
  type ServerProcess,
} from '../support/process.ts'
import { rowsOf } from '../cli/journey.ts'

const password = 'correct horse battery staple'
const later = 'another horse, another battery'
const marker = 'Zanzibar-Quilt'
const folder = temporaryFolder()
const dataDir = join(folder, 'data')
const backup = join(folder, 'monday.backup')
const shipped = join(folder, 'shipped.ndjson')
const keyFile = join(dataDir, 'master.key')

let server: ServerProcess
const signedIn: Record<string, Body> = {}
after(() => server.end('SIGKILL'))

function command(words: string, where = dataDir, input = ''): Promise<Ended> {
  return runToEnd({ dataDir: where, words: words.split(' '), input })
}

function call(operation: string, body?: unknown, token?: string): Promise<Answer> {
  return clientOf(server.url)(operation, {
    ...(body !== undefined && { body }),
    ...(token !== undefined && { token }),
  })
}

function login(username: string, word = password): Promise<Answer> {
  return call('POST /users/login', { username, password: word })
}

async function register(username: string): Promise<void> {
  const profile = { display_name: `${marker} ${username}` }
  const body = { username, email: `${username}@example.com`, password, profile }
  assert.equal((await call('POST /users/register', body)).status, 201)
}

before(async () => {
  mkdirSync(dataDir, { mode: 0o700 })
  const made = await command(
    'users create grace grace@navy.example --role admin --verified',
    dataDir,
    password,
  )
  assert.equal(made.code, 0, made.stderr)
  server = await startServer({ dataDir })
  for (const username of ['ann', 'bob']) {
    await register(username)
    signedIn[username] = (await login(username)).body
  }
})

test('a backup is written beside a server that goes on answering, for its owner alone', async () => {
  let answered = 0
  let over = false
  const load = (async () => {
    while (!over) {
      const { status } = await call('GET /users/profile', undefined, signedIn['ann']?.access_token)
      assert.equal(status, 200)
      answered += 1
    }
  })()
  const done = await command(`backup create ${backup} --output json`)
  over = true
  await load
  assert.equal(done.code, 0, done.stderr)
  assert.ok(answered > 0)
  const { bytes, users } = JSON.parse(done.stdout)
  assert.deepEqual([bytes, users], [statSync(backup).size, 3])
  assert.equal(statSync(backup).mode & 0o777, 0o600)
  assert.match(done.stderr, /master key is NOT in it. Keep .*master\.key in another safe place/)
  assert.ok(!existsSync(`${backup}.partial`))
})

test('the key is not in the backup, in no form, and a file that is there is not written over', async () => {
  const content = readFileSync(backup)
  const hex = readFileSync(keyFile, 'utf8').trim()
  const key = Buffer.from(hex, 'hex')
  for (const form of [
    key,
    hex,
    key.toString('base64').slice(0, 40),
    key.toString('base64url').slice(0, 40),
  ]) {
    assert.equal(content.indexOf(form), -1)
  }
  assert.ok(content.indexOf(`${marker} bob`) > 0, 'what is in it can be found')
  const again = await command(`backup create ${backup}`)
  assert.deepEqual([again.code, again.stdout], [1, ''])
  assert.match(again.stderr, /There is a file .*monday\.backup already\./)
  assert.ok(readFileSync(backup).equals(content))
  const sound = await command(`backup verify ${backup} --output ndjson`)
  assert.deepEqual([sound.code, sound.stderr, rowsOf(sound)[0]?.['users']], [0, '', 3])
})

test('a deletion is in the ledger file by its answer, and the receipt says so', async () => {
  const { status, body } = await call('DELETE /users/delete', { password }, signedIn['bob']?.access_token)
  assert.equal(status, 200)
  assert.ok(body.retained.some(({ what }) => what === 'deletion_ledger'))
  const ledger = readFileSync(join(dataDir, 'deletions.ndjson'), 'utf8')
  assert.match(ledger, /^\{"hash":"[0-9a-f]{64}","at":"[^"]+Z"\}\n$/)
  assert.doesNotMatch(ledger, new RegExp(`bob|${signedIn['bob']?.user.id}`))
  assert.equal(statSync(join(dataDir, 'deletions.ndjson')).mode & 0o777, 0o600)

  await register('late')
  const change = { current_password: password, new_password: later }
  assert.equal((await call('PUT /users/password', change, signedIn['ann']?.access_token)).status, 204)
})

test('beside a running server nothing is restored', async () => {
  const refused = await command(`restore ${backup} --yes`)
  assert.deepEqual([refused.code, refused.stdout], [4, ''])
  assert.match(refused.stderr, /The server is running: stop it/)
  assert.equal((await login('late')).status, 200)
  await server.end('SIGTERM')
  const unasked = await command(`restore ${backup}`)
  assert.equal(unasked.code, 2)
  copyFileSync(join(dataDir, 'deletions.ndjson'), shipped)
})

test('after a restore the deleted user stays away, and the others are as they were', async () => {
  const done = await command(`restore ${backup} --yes --output ndjson`)
  assert.equal(done.code, 0, done.stderr)
  const [{ deleted_again: again, kept } = {}] = rowsOf(done)
  assert.equal(again, 1)
  assert.match(done.stderr, /Everybody has to sign in again.*\n.*is kept as/)
  assert.ok(existsSync(String(kept)))
  rmSync(String(kept))
  assert.deepEqual(filesWith(dataDir, `${marker} bob`), [], 'no byte of the deleted one is left')
  assert.deepEqual(filesWith(dataDir, `${marker} ann`), ['users.db'])

  server = await startServer({ dataDir })
  assert.equal((await login('bob')).status, 401)
  assert.equal((await login('late')).status, 401)
  assert.equal((await login('ann', later)).status, 401)
  assert.equal((await login('ann')).status, 200)
  const { body } = await login('grace')
  const { body: page } = await call('GET /users', undefined, body.access_token)
  assert.deepEqual(page.items.map(({ username }) => username).toSorted(), ['ann', 'grace'])
})

test('sessions of the time before are refused, and the deleted name is free', async () => {
  const { access_token: access, refresh_token: refresh } = signedIn['ann'] ?? assert.fail()
  assert.equal((await call('GET /users/profile', undefined, access)).status, 401)
  assert.equal((await call('POST /users/token/refresh', { refresh_token: refresh })).status, 401)
  await register('bob')
  assert.equal((await login('bob')).status, 200)
  await server.end('SIGTERM')
})

test('an older database that was put there by hand is held to the ledger file by the server itself', async () => {
  rmSync(join(dataDir, 'users.db'))
  copyFileSync(backup, join(dataDir, 'users.db'))
  server = await startServer({ dataDir })
  await until(async () => ((await login('bob')).status === 401 ? true : null), 'the deletion of bob')
  assert.equal((await login('ann')).status, 200)
  assert.match(server.stderr(), /the data are older than deletions\.ndjson/)
  await server.end('SIGTERM')
})

test('a lost data folder comes back from key, backup and a ledger that was kept elsewhere', async () => {
  const lost = join(folder, 'lost')
  mkdirSync(lost, { mode: 0o700 })
  const keyless = await command(`restore ${backup} --yes`, lost)
  assert.deepEqual([keyless.code, keyless.stdout], [4, ''])
  assert.match(keyless.stderr, /There is no master key file .*master\.key/)
  assert.ok(!existsSync(join(lost, 'master.key')))

  copyFileSync(keyFile, join(lost, 'master.key'))
  const blind = await command(`restore ${backup} --yes`, lost)
  assert.equal(blind.code, 0, blind.stderr)
  assert.match(blind.stderr, /there was no deletion ledger: whoever was deleted after .* is there again/)
  const told = await command(`restore ${backup} --yes --ledger ${shipped} --output ndjson`, lost)
  assert.equal(told.code, 0, told.stderr)
  assert.equal(rowsOf(told)[0]?.['deleted_again'], 1)
  assert.equal(readFileSync(join(lost, 'deletions.ndjson'), 'utf8'), readFileSync(shipped, 'utf8'))
  const { stdout } = await command('users list --output ndjson', lost)
  const names = rowsOf({ stdout }).map(({ username }) => username)
  assert.deepEqual(new Set(names), new Set(['ann', 'grace']))
})
