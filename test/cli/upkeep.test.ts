/** The real commands about the data as a whole, without a server and beside one. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { openControl } from '../../src/control.ts'
import { seedUser } from '../../src/domain/seed.ts'
import { runToEnd, startServer } from '../support/process.ts'
import { startTestServer } from '../support/server.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'um-upkeep-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))
const passwordFile = join(dataDir, 'password')
writeFileSync(passwordFile, 'one password for all of them\n')

const run = (words: string, settings: Readonly<Record<string, string>> = {}) =>
  runToEnd({ dataDir, words: [...words.split(' '), '--output', 'ndjson'], settings, how: 'directly' })

const seed = (users: number) => run(`seed --users ${users} --password-file ${passwordFile}`)

interface Check {
  readonly check: string
  readonly state: string
  readonly detail: string
  readonly remedy: string | null
}

function checksOf(stdout: string): Map<string, Check> {
  const checks = stdout
    .trimEnd()
    .split('\n')
    .map((line): Check => JSON.parse(line))
  return new Map(checks.map((each) => [each.check, each]))
}

test('made-up users are added, and a second run goes on where the first one ended', async () => {
  const first = await seed(600)
  assert.equal(first.code, 0, first.stderr)
  assert.deepEqual(JSON.parse(first.stdout), { added: 600, repeated: 0, taken: 0 })
  assert.deepEqual(JSON.parse((await seed(700)).stdout), { added: 100, repeated: 600, taken: 0 })
})

test('beside a running server a made-up user signs in, and the check-up sees the server', async () => {
  const server = await startServer({ dataDir, how: 'directly' })
  const login = await fetch(`${server.url}/users/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'seed-000001', password: 'one password for all of them' }),
  })
  assert.equal(login.status, 200)
  const { code, stdout, stderr } = await run('doctor')
  const checks = checksOf(stdout)
  assert.equal(code, 0, stderr + stdout)
  assert.equal(checks.get('administrator')?.state, 'warn')
  for (const name of ['settings', 'node', 'store', 'signing keys', 'clock', 'outbox', 'master key'])
    assert.equal(checks.get(name)?.state, 'ok', name)
  assert.equal((await run('scrub')).code, 0)
  await server.end('SIGTERM')
})

test('a key that others can read and a mail server that is not there fail the check-up, with remedies', async () => {
  chmodSync(join(dataDir, 'master.key'), 0o644)
  const { code, stdout } = await run('doctor', { UM_SMTP_URL: 'smtp://127.0.0.1:9' })
  chmodSync(join(dataDir, 'master.key'), 0o600)
  assert.equal(code, 1)
  const checks = checksOf(stdout)
  assert.match(checks.get('master key')?.remedy ?? '', /chmod 600/)
  assert.equal(checks.get('mail server')?.state, 'fail')
  assert.match(checks.get('mail server')?.remedy ?? '', /UM_SMTP_URL/)
})

test('settings that are wrong are a check that fails, not a crash', async () => {
  const { code, stdout } = await run('doctor', { UM_PORT: 'many' })
  assert.equal(code, 1)
  assert.match(checksOf(stdout).get('settings')?.detail ?? '', /UM_PORT/)
})

test('data that are right are found right; a claim without its user fails the command and is named', async () => {
  const right = await run('verify')
  assert.deepEqual([right.code, right.stdout], [0, ''], right.stderr)
  const db = new DatabaseSync(join(dataDir, 'users.db'))
  db.exec('PRAGMA foreign_keys = OFF')
  const id = Buffer.from(seedUser(7, '').id.replaceAll('-', ''), 'hex')
  assert.equal(db.prepare('DELETE FROM users WHERE id = ?').run(id).changes, 1)
  db.close()
  const wrong = await run('verify')
  assert.equal(wrong.code, 1, wrong.stdout)
  assert.match(wrong.stdout, /"claim_without_user"/)
  assert.match(wrong.stderr, /not as they should be/)
})

test('a server in production takes made-up users only when it was told so', async () => {
  const { app } = await startTestServer({
    UM_MODE: 'production',
    UM_HOST: 'localhost',
    UM_PUBLIC_URL: 'https://accounts.example.com',
    UM_SMTP_URL: 'smtp://localhost:9',
    UM_MAIL_FROM: 'accounts@example.com',
    UM_SHUTDOWN_DELAY: '0',
  })
  // As a command with other settings than its server would.
  const control = await openControl(loadConfig({ UM_DATA_DIR: app.dataDir }))
  const step = { from: 1, count: 3, password: 'one password for all of them' }
  const refused = await control.request('POST', '/control/seed', { ...step, in_production: false })
  assert.equal(refused.status, 422)
  assert.match(JSON.stringify(refused.json), /--yes/)
  assert.equal(await app.deps.store.findUserByIdentifier({ key: 'u:seed-000001' }), null)
  const told = await control.request('POST', '/control/seed', { ...step, in_production: true })
  await control.close()
  assert.deepEqual(told.json, { added: 3, repeated: 0, taken: 0 })
})
