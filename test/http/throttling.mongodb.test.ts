/** What is counted on one server is counted for all: two of them on one MongoDB. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { guessing } from '../../src/domain/limits.ts'
import type { Answer } from '../support/client.ts'
import { startDatabase } from '../support/mongodb-database.ts'
import { addressOf, from, proxied, rateFieldsOf } from '../support/networks.ts'
import { eventually } from '../support/mongodb-faults.ts'
import { PASSWORD } from '../support/server-users.ts'
import { startTestServer, type TestClock } from '../support/server.ts'
import { upTo } from '../support/store-fixtures.ts'
import { failUntilThrottled } from '../support/throttled.ts'

const FAILURES = 10
const MAILS = 3
const WRONG = 'a wrong password here'

const database = await startDatabase('throttling')
const folder = mkdtempSync(join(tmpdir(), 'um-throttling-'))
const keyFile = join(folder, 'master.key')
writeFileSync(keyFile, randomBytes(32).toString('hex'), { mode: 0o600 })

const settings = {
  ...proxied,
  UM_DATABASE_URL: database.another('shared'),
  UM_MASTER_KEY_FILE: keyFile,
  UM_PUBLIC_URL: 'http://localhost:8080',
  UM_RATE_LIMITS: `login=${FAILURES}/h,recipient=${MAILS}/h`,
}
const [here, there] = [await startTestServer(settings), await startTestServer(settings)]
/** Of both. */
const clock: TestClock = {
  now: () => here.clock.now(),
  advance: (ms) => [here, there].forEach((server) => server.clock.advance(ms)),
}
/** By turns. */
const turn = (number: number) => (number % 2 === 0 ? here : there)

let networks = 0
const elsewhere = () => from(addressOf(networks++))

function login({ client }: typeof here, json: object, headers = elsewhere()): Promise<Answer> {
  return client.send('POST', '/users/login', { headers, json })
}

test('a network that fails at two servers has failed as often as at one, and both say how often', async () => {
  const headers = elsewhere()
  for (const number of upTo(FAILURES)) {
    const answer = await login(turn(number), { username: `nobody-${number}`, password: WRONG }, headers)
    assert.equal(answer.problem.code, 'invalid_credentials')
    const fields = rateFieldsOf(answer)
    assert.deepEqual(
      [fields?.name, fields?.limit, fields?.windowSeconds, fields?.remaining],
      ['login', FAILURES, 3600, FAILURES - 1 - number],
    )
  }
  const refused = await Promise.all(
    [here, there].map((server) => login(server, { username: 'nobody', password: WRONG }, headers)),
  )
  assert.deepEqual(
    refused.map((answer) => [answer.problem.code, rateFieldsOf(answer)?.remaining]),
    [
      ['rate_limited', 0],
      ['rate_limited', 0],
    ],
  )
  const ends = refused.map((answer) => rateFieldsOf(answer)?.resetSeconds ?? 0)
  assert.ok(Math.abs((ends[0] ?? 0) - (ends[1] ?? 0)) <= 1, `one window ends at one time: ${ends.join(' ')}`)
  assert.equal((await login(there, { username: 'nobody', password: WRONG })).status, 401, 'another network')
})

test('of many failures at the same moment at two servers exactly as many count as the limit allows', async () => {
  const headers = elsewhere()
  const attempts = upTo(3 * FAILURES).map((number) =>
    login(turn(number), { username: `nobody-${number}`, password: WRONG }, headers),
  )
  const answers = await Promise.all(attempts)
  const counted = answers.filter(({ problem }) => problem.code === 'invalid_credentials')
  assert.equal(counted.length, FAILURES)
  assert.equal(new Set(counted.map((answer) => rateFieldsOf(answer)?.remaining)).size, FAILURES)
  assert.ok(answers.every((answer) => counted.includes(answer) || answer.problem.code === 'rate_limited'))
})

test('an account that is guessed at on one server waits on the other, and not for a known device', async () => {
  const user = await here.newUser()
  const { device_token } = await here.signIn(user)
  const { username } = user
  let failures = 0
  await failUntilThrottled(clock, async () => {
    assert.equal((await login(turn(failures++), { username, password: WRONG })).status, 401)
  })
  const right = { username, password: PASSWORD }
  for (const server of [there, here]) {
    assert.equal((await login(server, right)).problem.code, 'invalid_credentials')
    assert.equal((await login(server, { ...right, device_token })).status, 200)
  }
  clock.advance(guessing.longestWaitMs)
  assert.equal((await login(there, right)).status, 200, 'time helps, and a wait is not for ever')
})

test('an address gets as many links from two servers as from one', async () => {
  const { email } = await here.newUser()
  const ask = async (number: number) => {
    const sent = { headers: elsewhere(), json: { email } }
    assert.equal((await turn(number).client.send('POST', '/users/reset-password', sent)).status, 202)
  }
  for (const number of upTo(MAILS + 3)) await ask(number)
  await eventually(async () => (await here.deps.store.mailBacklog()).waiting === 0)
  assert.equal((await there.mailbox.list({ to: email })).length, MAILS)
})

after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await database.stop()
})
