/** Guessing, and asking too often (security: section 1.2, T1 to T6). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '../../src/domain/errors.ts'
import { guessing, http, rates } from '../../src/domain/limits.ts'
import { clientNetworks } from '../../src/http/network.ts'
import type { Answer, Client, SignedInBody } from '../support/client.ts'
import { declares, validRequests } from '../support/client-requests.ts'
import { addressOf, from, proxied, rateFieldsOf } from '../support/networks.ts'
import { PASSWORD } from '../support/server-users.ts'
import { startTestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'
import { release, upTo } from '../support/store-fixtures.ts'

const WRONG = 'a wrong password here'
const server = await startTestServer(proxied)
const strict = await startTestServer({
  ...proxied,
  UM_MODE: 'production',
  UM_HOST: 'localhost',
  UM_PUBLIC_URL: 'https://accounts.example.com',
  UM_SMTP_URL: 'smtp://localhost:9',
  UM_MAIL_FROM: 'accounts@example.com',
  UM_SHUTDOWN_DELAY: '0',
})

let networks = 0
/** A network that nobody has come from yet. */
function elsewhere(): Readonly<Record<string, string>> {
  return from(addressOf(networks++))
}

function login(client: Client, json: object, headers = elsewhere()): Promise<Answer> {
  return client.send('POST', '/users/login', { json, headers })
}

function askForMail(client: Client, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return client.send('POST', '/users/verify-email', { json: { email: 'nobody@example.com' }, headers })
}

/** Everything of an answer but what names the single request. */
function visible({ status, headers, text }: Answer): string {
  const { 'x-request-id': id = '', date: _, ...rest } = headers
  return JSON.stringify({ status, rest, text: text.replaceAll(id, 'ID') })
}

/** So many failures at an account, each from a network of its own and as soon as its wait is over. */
async function fail(username: string, times: number, client = server.client): Promise<void> {
  for (const _ of upTo(times)) {
    server.clock.advance(guessing.longestWaitMs)
    assert.equal((await login(client, { username, password: WRONG })).status, 401)
  }
}

test('after 100 wrong passwords from 100 networks the right one gets the same 401 for the same one hash (T1, T3)', async () => {
  const surroundings = { networkOf: clientNetworks(['127.0.0.1', '::1']) }
  const { client, calls } = await startVariant(server, { surroundings })
  const user = await server.newUser()
  const { device_token } = await server.signIn(user)
  const { username } = user
  await fail(username, guessing.failuresMax)
  server.clock.advance(guessing.longestWaitMs)
  calls.length = 0
  const right = await login(client, { username, password: PASSWORD })
  assert.deepEqual(
    calls.filter((call) => call.startsWith('passwords.')),
    ['passwords.requireRoom', 'passwords.verify'],
  )
  const wrong = await login(client, { username, password: WRONG })
  const nobody = await login(client, { username: 'nobody-at-all', password: WRONG })
  assert.equal(right.problem.code, 'invalid_credentials')
  assert.equal(visible(right), visible(wrong))
  assert.equal(visible(right), visible(nobody))

  const known = await login(client, { username, password: PASSWORD, device_token })
  assert.equal(known.status, 200, known.text)
  assert.equal(
    (await login(client, { username, password: PASSWORD })).status,
    401,
    'a device opens no door to others',
  )
  server.clock.advance(guessing.memoryMs)
  assert.equal((await login(client, { username, password: PASSWORD })).status, 200, 'time helps')
})

test('a reset by the owner opens the account again at once, for every device', async () => {
  const { username, email } = await server.newUser()
  await fail(username, guessing.failuresMax)
  await server.client.send('POST', '/users/reset-password', { json: { email } })
  const token = await server.mailbox.token({ to: email, kind: 'reset_password' })
  const path = `/users/reset-password/${token}`
  const password = 'five other words of hers'
  assert.equal((await server.client.send('POST', path, { json: { password } })).status, 200)
  assert.equal((await login(server.client, { username, password })).status, 200)
})

test('five failures cost no wait, and from then on the wait doubles to a quarter of an hour', async () => {
  const { username } = await server.newUser()
  const right = () => login(server.client, { username, password: PASSWORD })
  const waits = [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
  for (const [failures, seconds] of waits.entries()) {
    if (seconds > 0) {
      // Half of a wait is the whole of the one before. The clock goes on meanwhile, so the short ones are asked at once.
      const early = seconds < 4 ? 0 : seconds * 500
      server.clock.advance(early)
      assert.equal((await right()).status, 401, `too early after ${failures} failures`)
      server.clock.advance(seconds * 1000 - early)
    }
    assert.equal((await login(server.client, { username, password: WRONG })).status, 401)
  }
  server.clock.advance(900_000)
  assert.equal((await right()).status, 200)
})

test('a success takes the failures of its own network with it, and not those of other networks', async () => {
  const { username } = await server.newUser()
  const [owner, stranger] = [elsewhere(), elsewhere()]
  for (const _ of upTo(3)) await login(server.client, { username, password: WRONG }, stranger)
  for (const _ of upTo(2)) await login(server.client, { username, password: WRONG }, owner)
  assert.equal((await login(server.client, { username, password: PASSWORD }, owner)).status, 401, 'a wait')
  server.clock.advance(1000)
  assert.equal((await login(server.client, { username, password: PASSWORD }, owner)).status, 200)
  // Three are left: two more are free, the third has to wait.
  for (const _ of upTo(2)) await login(server.client, { username, password: WRONG }, owner)
  assert.equal((await login(server.client, { username, password: PASSWORD }, owner)).status, 401)
})

test('however often strangers fail from however many networks, a known device signs in at the first try (T2)', async () => {
  const user = await server.newUser()
  const { device_token } = await server.signIn(user)
  const [failures, addresses] = release ? [10_000, 500] : [120, 60]
  const { username } = user
  for (const n of upTo(failures)) {
    const headers = from(`203.0.${113 + (n % 2)}.${n % (addresses / 2)}`)
    // A token of another user is none: it opens no bucket of its own.
    const more = n % 3 === 0 ? { device_token: `${device_token}x` } : {}
    const answer = await login(server.client, { username, password: WRONG, ...more }, headers)
    assert.equal(answer.status, 401)
  }
  assert.equal((await login(server.client, { username, password: PASSWORD })).status, 401)
  const known = await login(server.client, { username, password: PASSWORD, device_token })
  assert.equal(known.status, 200, known.text)
})

test('whoever has a device token has ten guesses with it, and then those of a stranger', async () => {
  const user = await server.newUser()
  const { device_token } = await server.signIn(user)
  const { username } = user
  await fail(username, guessing.failuresMax)
  const guess = (password: string) => login(server.client, { username, password, device_token })
  for (const _ of upTo(guessing.failuresPerDevice - 1)) await guess(WRONG)
  assert.equal((await guess(PASSWORD)).status, 200)
  for (const _ of upTo(guessing.failuresPerDevice)) await guess(WRONG)
  assert.equal((await guess(PASSWORD)).status, 401)
})

test('1,000 addresses of one /64 are one network, and so are all spellings of one address (T4)', async () => {
  const { client } = strict
  const statuses = await Promise.all(
    upTo(1000).map(async (n) => (await askForMail(client, from(`2001:db8:1:2::${n.toString(16)}`))).status),
  )
  assert.equal(statuses.filter((status) => status === 202).length, rates.mail.limit)
  assert.equal(statuses.filter((status) => status === 429).length, 1000 - rates.mail.limit)
  for (const alias of ['2001:0DB8:0001:0002:0:0:0:1', '[2001:db8:1:2::1]:443', '2001:db8:1:2::192.0.2.1'])
    assert.equal((await askForMail(client, from(alias))).status, 429, alias)
  assert.equal((await askForMail(client, from('2001:db8:1:3::1'))).status, 202, 'the next /64')
  const mapped = await askForMail(client, from('::ffff:192.0.2.77'))
  const plain = await askForMail(client, from('192.0.2.77'))
  assert.equal((rateFieldsOf(mapped)?.remaining ?? 0) - (rateFieldsOf(plain)?.remaining ?? 0), 1)
})

test('a /48 may fail ten times as often as a /64 (T4)', async () => {
  const { client } = await startTestServer({ ...proxied, UM_RATE_LIMITS: 'login=2/m,spray=1000/h' })
  const json = { username: 'nobody-at-all', password: WRONG }
  for (const n of upTo(10)) {
    const headers = from(`2001:db8:7:${n}::1`)
    for (const status of [401, 401, 429]) assert.equal((await login(client, json, headers)).status, status)
  }
  assert.equal((await login(client, json, from('2001:db8:7:99::1'))).status, 429)
  assert.equal((await login(client, json, from('2001:db8:8:1::1'))).status, 401)
})

test('headers that a client forges name no network (T5)', async () => {
  const { client } = await startTestServer({ UM_RATE_LIMITS: 'mail=5/h' })
  const statuses: number[] = []
  for (const n of upTo(9)) {
    const address = addressOf(n)
    const headers = {
      'x-forwarded-for': address,
      forwarded: `for=${address}`,
      'x-real-ip': address,
      'true-client-ip': address,
      'cf-connecting-ip': address,
    }
    statuses.push((await askForMail(client, headers)).status)
  }
  assert.deepEqual(statuses, [202, 202, 202, 202, 202, 429, 429, 429, 429])
})

test('what a client writes in front of the address that the proxy has seen changes nothing (T5)', async () => {
  const left = async (headers: Readonly<Record<string, string>>) =>
    rateFieldsOf(await askForMail(strict.client, headers))?.remaining ?? 0
  const first = await left(from('192.0.2.9'))
  for (const [n, forged] of ['198.51.100.7', '127.0.0.1', 'unknown', '::1, 10.0.0.1'].entries())
    assert.equal(await left(from(`${forged}, 192.0.2.9`)), first - 1 - n, forged)
})

test('a 429 says when to come again, in standard fields, and keeps its word (T6)', async () => {
  const { clock } = strict
  const headers = elsewhere()
  const { client } = strict
  const first = rateFieldsOf(await askForMail(client, headers))
  const { limit, windowMs } = rates.mail
  const windowSeconds = windowMs / 1000
  assert.deepEqual(first, {
    name: 'mail',
    limit,
    windowSeconds,
    remaining: limit - 1,
    resetSeconds: windowSeconds,
  })
  for (const n of upTo(limit - 1))
    assert.equal(rateFieldsOf(await askForMail(client, headers))?.remaining, limit - 2 - n)
  clock.advance(1_234_567)
  const refused = await askForMail(client, headers)
  assert.equal(refused.status, 429)
  assert.match(refused.headers['content-type'] ?? '', /^application\/problem\+json/)
  const seconds = Number(refused.headers['retry-after'])
  assert.equal(refused.problem.code, 'rate_limited')
  assert.equal(refused.problem.retry_after, seconds)
  assert.deepEqual(rateFieldsOf(refused), { ...first, remaining: 0, resetSeconds: seconds })
  clock.advance((seconds - 2) * 1000)
  assert.equal((await askForMail(client, headers)).status, 429, 'too early')
  clock.advance(2000)
  assert.equal((await askForMail(client, headers)).status, 202)
})

test('of 500 requests at the same time exactly as many are admitted as the limit allows (row 24)', async () => {
  const headers = elsewhere()
  const answers = await Promise.all(upTo(500).map(() => askForMail(strict.client, headers)))
  assert.equal(answers.filter(({ status }) => status === 202).length, rates.mail.limit)
  const left = answers.filter(({ status }) => status === 202).map((one) => rateFieldsOf(one)?.remaining)
  assert.equal(new Set(left).size, rates.mail.limit, 'two requests were given one place')
})

test('fields that nobody declared are a 422 and open no new bucket (row 57)', async () => {
  const headers = elsewhere()
  const before = rateFieldsOf(
    await login(strict.client, { username: 'nobody-at-all', password: WRONG }, headers),
  )
  for (const n of upTo(3)) {
    const odd = await login(
      strict.client,
      { username: 'nobody-at-all', password: WRONG, [`x${n}`]: n },
      headers,
    )
    assert.equal(odd.problem.code, 'validation_failed')
    assert.equal(rateFieldsOf(odd), null)
  }
  const next = rateFieldsOf(
    await login(strict.client, { username: 'Nobody-AT-all', password: WRONG }, headers),
  )
  assert.equal(next?.remaining, (before?.remaining ?? 0) - 1)
})

test('a network that fails at more than 20 accounts is refused for an hour, and one account stays one', async () => {
  const { client, clock } = strict
  const headers = elsewhere()
  const tryAt = async (username: string) => {
    clock.advance(10_000)
    return (await login(client, { username, password: WRONG }, headers)).status
  }
  for (const n of upTo(19)) assert.equal(await tryAt(`nobody-${n}`), 401)
  for (const _ of upTo(10)) assert.equal(await tryAt('nobody-1'), 401)
  assert.equal(await tryAt('nobody-19'), 401)
  const { username } = await strict.newUser()
  assert.equal(await tryAt(username), 429)
  assert.equal((await login(client, { username, password: PASSWORD })).status, 200, 'from elsewhere')
  clock.advance(rates.spray.windowMs)
  assert.equal(await tryAt(username), 401)
})

test('right passwords count against no network, however many there are', async () => {
  const { username } = await strict.newUser()
  const headers = elsewhere()
  for (const _ of upTo(rates.login.limit + 5)) {
    const answer = await login(strict.client, { username, password: PASSWORD }, headers)
    assert.equal(answer.status, 200)
  }
  const failed = await login(strict.client, { username, password: WRONG }, headers)
  assert.equal(rateFieldsOf(failed)?.remaining, rates.login.limit - 1)
})

test('what was not compared was no guess: an overload and a defect count nothing', async () => {
  const surroundings = { networkOf: clientNetworks(['127.0.0.1', '::1']) }
  const variant = await startVariant(server, { surroundings })
  const { username } = await server.newUser()
  const headers = elsewhere()
  for (const [error, status] of [
    [new DomainError('overloaded'), 503],
    [new TypeError('a defect'), 500],
  ] as const) {
    variant.fault = (call) => (call === 'passwords.verify' ? error : null)
    for (const _ of upTo(guessing.freeFailures + 5))
      assert.equal((await login(variant.client, { username, password: WRONG }, headers)).status, status)
  }
  variant.fault = () => null
  const answer = await login(variant.client, { username, password: WRONG }, headers)
  const fields = rateFieldsOf(answer)
  assert.equal(fields?.remaining, (fields?.limit ?? 0) - 1)
  assert.equal((await login(variant.client, { username, password: PASSWORD }, headers)).status, 200)
})

test('a full queue refuses before anybody is counted or looked up, and the log tells of it once a second', async () => {
  const surroundings = { networkOf: clientNetworks(['127.0.0.1', '::1']) }
  const variant = await startVariant(server, { surroundings })
  const full = new DomainError('overloaded', { retryAfterSeconds: 2 })
  const headers = elsewhere()
  const credentials = { username: 'turned-away', password: PASSWORD }
  const sent = {
    '/users/login': credentials,
    '/users/register': { ...credentials, email: 'away@example.com' },
  }
  const toldBefore = server.log.length
  variant.fault = (call) => (call === 'passwords.requireRoom' ? full : null)
  for (const _ of upTo(2)) {
    for (const [path, json] of Object.entries(sent)) {
      for (const _again of upTo(5)) {
        const answer = await variant.client.send('POST', path, { headers, json })
        assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '2'], answer.text)
        assert.equal(rateFieldsOf(answer), null)
      }
      const wrong = await variant.client.send('POST', path, { headers, json: { ...json, password: 1 } })
      assert.equal(wrong.status, 422, 'what is wrong with a request it hears all the same')
    }
    server.clock.advance(http.overloadToldEveryMs)
  }
  assert.deepEqual(
    variant.calls.filter((call) => call !== 'passwords.requireRoom'),
    [],
  )
  const told = server.log.slice(toldBefore).filter(({ fields }) => fields['code'] === 'overloaded')
  assert.deepEqual(
    told.map(({ level, fields }) => [level, fields['refused']]),
    [
      ['warn', 1],
      ['warn', 10],
    ],
  )
  variant.fault = () => null
  const answer = await login(variant.client, credentials, headers)
  assert.equal(rateFieldsOf(answer)?.remaining, (rateFieldsOf(answer)?.limit ?? 0) - 1)
})

test('an address gets 30 links an hour in development and as many as the operator says, for always the same 202', async () => {
  const few = await startTestServer({ UM_RATE_LIMITS: 'recipient=3/h' })
  for (const [{ client, mailbox, newUser, clock }, most] of [
    [server, 30],
    [few, 3],
  ] as const) {
    const { email } = await newUser()
    const last = await newUser()
    const ask = (to: string) => client.send('POST', '/users/reset-password', { json: { email: to } })
    for (const _ of upTo(most + 2)) assert.equal((await ask(email)).status, 202)
    assert.equal((await ask(last.email)).status, 202)
    await mailbox.wait({ to: last.email })
    assert.equal((await mailbox.list({ to: email })).length, most)
    clock.advance(rates.recipient.windowMs)
    await ask(email)
    await ask(last.email)
    await mailbox.wait({ to: last.email, after: (await mailbox.wait({ to: last.email })).id })
    assert.equal((await mailbox.list({ to: email })).length, most + 1)
  }
})

test('a session is refreshed 120 times a minute, and repeats of one refresh are free', async () => {
  const { client, clock, newUser, signIn } = server
  let { refresh_token: token } = await signIn(await newUser())
  const refresh = () => client.send('POST', '/users/token/refresh', { json: { refresh_token: token } })
  const next = (await refresh()).json<SignedInBody>().refresh_token
  for (const _ of upTo(30)) assert.equal((await refresh()).json<SignedInBody>().refresh_token, next)
  token = next
  for (const _ of upTo(rates.refresh.limit - 1)) {
    const answer = await refresh()
    assert.equal(answer.status, 200, answer.text)
    token = answer.json<SignedInBody>().refresh_token
  }
  const refused = await refresh()
  assert.equal(refused.problem.code, 'rate_limited')
  clock.advance(Number(refused.headers['retry-after']) * 1000)
  assert.equal((await refresh()).status, 200, 'the refused token was not used up')
})

test('registrations of a network are limited, the refused ones included', async () => {
  const { client } = await startTestServer({ ...proxied, UM_RATE_LIMITS: 'register=3/h' })
  const headers = elsewhere()
  const json = { username: 'ann-and-bob', email: 'ann@example.com', password: PASSWORD }
  const statuses: number[] = []
  for (const _ of upTo(4))
    statuses.push((await client.send('POST', '/users/register', { json, headers })).status)
  assert.deepEqual(statuses, [201, 409, 409, 429])
  assert.equal((await client.send('POST', '/users/register', { json, headers: elsewhere() })).status, 409)
})

test('every operation that may say 429 says it, pages in HTML', async () => {
  const limits = ['login=1/h', 'register=1/h', 'mail=1/h', 'token=1/h', 'refresh=1/h', 'spray=1000/h']
  const limited = await startTestServer({ ...proxied, UM_RATE_LIMITS: limits.join() })
  const { client } = limited
  const valid = await validRequests(await startTestServer())
  // A change of address is limited by who gets the mail: see the tests of the profile's address.
  const operations = client.operations.filter(
    (one) => declares(one, 429, 'rate_limited') && one.operationId !== 'profileUpdate',
  )
  assert.ok(operations.length > 12, `only ${operations.length}`)
  for (const operation of operations) {
    const { access_token: token, refresh_token } = await limited.signIn(await limited.newUser())
    const { method, sent } = valid(operation)
    const path = operation.path.replace('{token}', 'dead')
    const json = {
      login: { username: 'nobody-at-all', password: WRONG },
      refresh: { refresh_token },
      passwordChange: { current_password: WRONG, new_password: PASSWORD },
      reauthenticate: { password: WRONG },
      deleteAccount: { password: WRONG },
    }[operation.operationId]
    const form = sent.form && { ...sent.form, token: 'dead' }
    // The setup page is for a browser on this machine alone.
    const headers = operation.operationId.startsWith('setup') ? {} : elsewhere()
    let answer: Answer | undefined
    let refreshed = refresh_token
    for (const _ of upTo(guessing.freeFailures + 2)) {
      if (answer?.status === 429) break
      const body = operation.operationId === 'refresh' ? { refresh_token: refreshed } : (json ?? sent.json)
      answer = await client.send(method, path, {
        headers,
        ...(operation.security.length > 0 && json && { token }),
        ...(form ? { form } : body !== undefined && { json: body }),
      })
      if (operation.operationId === 'refresh' && answer.status === 200)
        refreshed = answer.json<SignedInBody>().refresh_token
    }
    assert.equal(answer?.status, 429, `${operation.operationId} ${answer?.text}`)
    assert.ok(Number(answer?.headers['retry-after']) > 0)
    const isPage = form !== undefined || method === 'GET'
    const type = isPage ? /^text\/html/ : /^application\/problem\+json/
    assert.match(answer?.headers['content-type'] ?? '', type, operation.operationId)
  }
})

test('with limits switched off nothing is refused, and every start says so', async () => {
  const { client, log, newUser } = await startTestServer({ UM_RATE_LIMITS: 'off' })
  const warning = log.find(({ level, fields }) => level === 'warn' && fields['setting'] === 'UM_RATE_LIMITS')
  assert.match(warning?.message ?? '', /nothing is limited/)
  const { username } = await newUser()
  for (const _ of upTo(guessing.freeFailures + 3)) {
    const answer = await login(client, { username, password: WRONG })
    assert.deepEqual([answer.status, rateFieldsOf(answer)], [401, null])
  }
  assert.equal((await login(client, { username, password: PASSWORD })).status, 200)
  assert.ok(!server.log.some(({ fields }) => fields['setting'] === 'UM_RATE_LIMITS'))
})
