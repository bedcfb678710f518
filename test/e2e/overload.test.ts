/** A thousand sign-ins at once: which of them are answered, what else is, and what it costs (ASVS 15.1.3). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { http } from '../../src/domain/limits.ts'
import { clientOf } from '../support/process-client.ts'
import { fixedPort, startServer, temporaryFolder } from '../support/process.ts'
import { PASSWORD } from '../support/server-users.ts'
import { createStorm, residentBytes, type Shot } from '../support/storm.ts'

const LOGINS = 1000
const MIB = 1024 * 1024
/** The threads have 19 MiB each for their hashes, and a thousand sockets their buffers. */
const GROWTH_MAX_BYTES = 250 * MIB

const internalPort = await fixedPort()
const settings = { UM_RATE_LIMITS: 'off', UM_INTERNAL_PORT: String(internalPort) }
const server = await startServer({ dataDir: temporaryFolder(), settings, how: 'directly' })
const storm = createStorm(server.url, LOGINS + 10)
after(async () => {
  storm.close()
  await server.end('SIGKILL')
})
const user = { username: 'storm', email: 'storm@example.com', password: PASSWORD }
const credentials = { username: user.username, password: PASSWORD }
assert.equal((await clientOf(server.url)('POST /users/register', { body: user })).status, 201)

async function newToken(): Promise<string> {
  const { text, status } = await storm.send('POST /users/login', { json: credentials })
  assert.equal(status, 200, text)
  return JSON.parse(text).access_token
}

async function hashesBegun(): Promise<number> {
  const metrics = await (await fetch(`http://localhost:${internalPort}/metrics`)).text()
  return Number(/^um_password_hash_wait_seconds_count (\d+)$/m.exec(metrics)?.[1])
}

test('of a thousand sign-ins at once some are refused before any hash, and nobody else has to wait', async () => {
  // Never presented before: to be believed it has to be verified, which nothing of the storm may hold up.
  const token = await newToken()
  await newToken()
  const hashesBefore = await hashesBegun()
  const bytesBefore = residentBytes(server.pid)
  const refused = Promise.withResolvers<void>()
  let answered = 0
  const logins = Array.from({ length: LOGINS }, async (): Promise<Shot> => {
    const shot = await storm.send('POST /users/login', { json: credentials })
    if (shot.status === 503) refused.resolve()
    else answered += 1
    return shot
  })
  await Promise.race([refused.promise, Promise.all(logins)])

  const profile = await storm.send('GET /users/profile', { token })
  const answeredThen = answered
  const bytesThen = residentBytes(server.pid)
  const shots = await Promise.all(logins)
  const bytesAfter = residentBytes(server.pid)
  const admitted = shots.filter(({ status }) => status !== 503)
  const turnedAway = shots.filter(({ status }) => status === 503)

  assert.equal(profile.status, 200, profile.text)
  assert.ok(answeredThen < admitted.length, 'the profile was read before the queue had drained')
  assert.ok(admitted.length > 0 && turnedAway.length > 0)
  assert.deepEqual([...new Set(admitted.map(({ status }) => status))], [200])
  for (const { text, retryAfter } of turnedAway) {
    assert.equal(JSON.parse(text).code, 'overloaded')
    assert.equal(retryAfter, http.retryAfterSeconds)
  }
  assert.equal((await hashesBegun()) - hashesBefore, admitted.length, 'a hash for each that was admitted')
  assert.ok(Math.max(...shots.map(({ ms }) => ms)) < http.answerMs + http.requestTimeoutMs)
  for (const bytes of [bytesThen, bytesAfter])
    assert.ok((bytes ?? 0) - (bytesBefore ?? 0) < GROWTH_MAX_BYTES, `${bytesBefore} to ${bytes}`)
})

test('after the storm the server is as it was, and so is who was turned away', async () => {
  assert.ok(await newToken())
})

test('huge bodies are refused by the dozen, and none of them is kept', async () => {
  const json = `{"username":"storm","password":"${'x'.repeat(2 * MIB)}"}`
  const before = residentBytes(server.pid)
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, () =>
      storm.send('POST /users/login', { json }).then(
        ({ status }) => status,
        () => 'cut off',
      ),
    ),
  )
  assert.deepEqual(
    outcomes.filter((outcome) => outcome !== 413 && outcome !== 'cut off'),
    [],
  )
  assert.ok((residentBytes(server.pid) ?? 0) - (before ?? 0) < 50 * MIB)
  assert.ok(await newToken())
})
