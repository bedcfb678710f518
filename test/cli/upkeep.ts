/** The real commands about the data as a whole, without a server and beside one. */
import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { seedUser } from '../../src/domain/seed.ts'
import { clientOf } from '../support/process-client.ts'
import { runToEnd, startServer, temporaryFolder, type Ended } from '../support/process.ts'

export const password = 'one password for all of them'
export const dataDir = temporaryFolder()
const passwordFile = join(temporaryFolder(), 'password')
writeFileSync(passwordFile, `${password}\n`)

type Settings = Readonly<Record<string, string>>

interface Place {
  readonly settings: () => Promise<Settings>
  /** Takes a user away behind the back of the store, and nothing else of it. Returns how many went. */
  readonly loseUser: (id: string) => Promise<number>
}

interface Check {
  readonly check: string
  readonly state: string
  readonly detail: string
  readonly remedy: string | null
}

export function run(words: string, settings: Settings): Promise<Ended> {
  return runToEnd({ dataDir, words: [...words.split(' '), '--output', 'ndjson'], settings, how: 'directly' })
}

export function checksOf({ stdout }: Pick<Ended, 'stdout'>): Map<string, Check> {
  const checks = stdout
    .trimEnd()
    .split('\n')
    .map((line): Check => JSON.parse(line))
  return new Map(checks.map((each) => [each.check, each]))
}

export function upkeepJourney(place: Place): void {
  let settings: Settings
  const command = (words: string, others: Settings = {}) => run(words, { ...settings, ...others })
  const seed = (users: number) => command(`seed --users ${users} --password-file ${passwordFile}`)
  before(async () => {
    settings = await place.settings()
  })

  test('made-up users are added, and a second run goes on where the first one ended', async () => {
    const first = await seed(600)
    assert.equal(first.code, 0, first.stderr)
    assert.deepEqual(JSON.parse(first.stdout), { added: 600, repeated: 0, taken: 0 })
    assert.deepEqual(JSON.parse((await seed(700)).stdout), { added: 100, repeated: 600, taken: 0 })
  })

  test('beside a running server a made-up user signs in, and the check-up sees the server', async () => {
    const server = await startServer({ dataDir, settings, how: 'directly' })
    const login = await clientOf(server.url)('POST /users/login', {
      body: { username: 'seed-000001', password },
    })
    assert.equal(login.status, 200)
    const found = await command('doctor')
    const checks = checksOf(found)
    assert.equal(found.code, 0, found.stderr + found.stdout)
    assert.equal(checks.get('administrator')?.state, 'warn')
    for (const name of ['settings', 'node', 'store', 'signing keys', 'clock', 'outbox', 'master key'])
      assert.equal(checks.get(name)?.state, 'ok', name)
    assert.equal((await command('scrub')).code, 0)
    await server.end('SIGTERM')
  })

  test('a key that others can read and a mail server that is not there fail the check-up, with remedies', async () => {
    chmodSync(join(dataDir, 'master.key'), 0o644)
    const found = await command('doctor', { UM_SMTP_URL: 'smtp://127.0.0.1:9' })
    chmodSync(join(dataDir, 'master.key'), 0o600)
    assert.equal(found.code, 1)
    const checks = checksOf(found)
    assert.match(checks.get('master key')?.remedy ?? '', /chmod 600/)
    assert.equal(checks.get('mail server')?.state, 'fail')
    assert.match(checks.get('mail server')?.remedy ?? '', /UM_SMTP_URL/)
  })

  test('data that are right are found right; a claim without its user fails the command and is named', async () => {
    const right = await command('verify')
    assert.deepEqual([right.code, right.stdout], [0, ''], right.stderr)
    assert.equal(await place.loseUser(seedUser(7, '').id), 1)
    const wrong = await command('verify')
    assert.equal(wrong.code, 1, wrong.stdout)
    assert.match(wrong.stdout, /"claim_without_user"/)
    assert.ok(wrong.stdout.includes('"u:seed-000007"'), wrong.stdout)
    assert.ok(!wrong.stdout.includes('seed-000008'))
    assert.match(wrong.stderr, /not as they should be/)
  })
}
