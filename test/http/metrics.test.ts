/** The internal listener: what it counts, and that nobody can be told from it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { isProxy } from 'node:util/types'
import { markedCrowd, markersIn } from '../support/canary.ts'
import { until } from '../support/process.ts'
import { PASSWORD } from '../support/server-users.ts'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer({ UM_INTERNAL_PORT: '0' })
const { client, app, deps } = server
const internal = app.metricsUrl ?? assert.fail('there is no internal listener')

const REQUESTS = 'um_http_request_duration_seconds_count'

async function scrape(): Promise<string> {
  const answer = await fetch(internal)
  assert.equal(answer.status, 200)
  return answer.text()
}

/** The value of the one sample with this name and these labels; 0 where there is none yet. */
async function sample(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  const lines = (await scrape()).split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line))
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  const found = lines.filter((line) => wanted.every((each) => line.includes(each)))
  assert.ok(found.length <= 1, found.join('\n'))
  return Number(found[0]?.split(' ').at(-1) ?? 0)
}

test('the metrics are in the text format of Prometheus, on the internal listener only', async () => {
  const answer = await fetch(internal)
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  for (const line of (await answer.text()).split('\n').filter((each) => each !== ''))
    assert.match(
      line,
      /^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? \S+)$/,
    )
  assert.equal((await client.send('GET', '/metrics')).status, 404)
})

test('the internal listener answers for health, and serves nothing of the API', async () => {
  for (const path of ['/livez', '/readyz']) {
    const answer = await fetch(new URL(path, internal))
    assert.deepEqual([answer.status, await answer.json()], [200, { status: 'ok' }])
  }
  for (const path of ['/users/profile', '/docs', '/dev/mail', '/openapi.json'])
    assert.equal((await fetch(new URL(path, internal))).status, 404, path)
})

test('requests are counted by method, route template and status, refusals by code', async () => {
  const { id, username } = await server.newUser()
  const other = await server.newUser()
  const { access_token: token } = await server.signIn({ id, username, email: '' })
  const template = { method: 'GET', route: '/users/{id}' }
  await client.send('GET', `/users/${id}`, { token })
  await client.send('GET', `/users/${other.id}`, { token })
  assert.equal(await sample(REQUESTS, { ...template, status: '200' }), 1)
  assert.equal(await sample(REQUESTS, { ...template, status: '403' }), 1)
  assert.equal(await sample('um_http_problems_total', { code: 'permission_denied' }), 1)
  const wrong = { username, password: 'not the password at all' }
  await client.send('POST', '/users/login', { json: wrong })
  assert.equal(await sample('um_http_problems_total', { code: 'invalid_credentials' }), 1)
})

test('paths and methods that nobody serves add no more than one value to a label', async () => {
  const unknown = { method: 'GET', route: 'none', status: '404' }
  const before = await sample(REQUESTS, unknown)
  for (let round = 0; round < 20; round += 1) {
    await client.send('GET', `/nowhere-${round}`)
    await client.send('PURGE', `/nowhere-${round}`)
    await client.send('DELETE', '/users/login')
    await client.raw(`GET /%zz-${round} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
  }
  // A response is over a moment after its last byte has come.
  const counted = { method: 'GET', route: 'none', status: '400' }
  await until(async () => ((await sample(REQUESTS, counted)) === 20 ? true : null), 'the last count')
  const text = await scrape()
  const values = (label: string) =>
    new Set(
      [...text.matchAll(new RegExp(`^um_http\\S*[{,]${label}="([^"]*)"`, 'gm'))].map(([, value]) => value),
    )
  assert.doesNotMatch(text, /nowhere|%zz/)
  assert.ok(values('route').has('none'))
  assert.ok(values('method').has('other') && !values('method').has('PURGE'))
  assert.equal(await sample(REQUESTS, unknown), before + 20)
  assert.equal(await sample(REQUESTS, { method: 'GET', route: 'none', status: '400' }), 20)
  assert.equal(await sample(REQUESTS, { method: 'DELETE', route: 'none', status: '405' }), 20)
})

test('a client that hangs up before its answer is counted as 499', async () => {
  const before = await sample('um_http_request_duration_seconds_count', { status: '499' })
  const socket = connect(server.port, 'localhost')
  await once(socket, 'connect')
  socket.write('GET /dev/mail/messages?wait=30&kind=new_device HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until(
    async () => ((await sample('um_store_duration_seconds_count', inboxRead)) > 0 ? true : null),
    'a read',
  )
  socket.destroy()
  const counted = async () =>
    (await sample('um_http_request_duration_seconds_count', { status: '499' })) === before + 1 ? true : null
  await until(counted, 'the count')
})

const inboxRead = { verb: 'listInboxMessages', outcome: 'ok' }

test('hashes and steps of the store are measured', async () => {
  const hashes = await sample('um_password_hash_wait_seconds_count')
  const opened = { verb: 'openSession', outcome: 'ok' }
  const sessions = await sample('um_store_duration_seconds_count', opened)
  await server.signIn(await server.newUser())
  assert.equal(await sample('um_password_hash_wait_seconds_count'), hashes + 1)
  assert.equal(await sample('um_store_duration_seconds_count', opened), sessions + 1)
  assert.equal(await sample('um_password_hashes_running'), 0)
  const busy = Array.from({ length: 40 }, () => deps.passwords.hash(PASSWORD))
  assert.ok((await sample('um_password_hashes_running')) > 0)
  await Promise.all(busy)
  assert.equal(await sample('um_password_hashes_waiting'), 0)
})

test('mail that cannot be sent is seen to wait', async () => {
  const smtp = { UM_SMTP_URL: 'smtp://localhost:9', UM_MAIL_FROM: 'accounts@example.com' }
  const {
    app: unreachable,
    newUser,
    client: visitor,
  } = await startTestServer({ UM_INTERNAL_PORT: '0', ...smtp })
  const waiting = async () => {
    const text = await (await fetch(unreachable.metricsUrl ?? '')).text()
    return /^um_mail_waiting (\S+)$/m.exec(text)?.[1]
  }
  assert.equal(await waiting(), '0')
  const { email } = await newUser()
  await visitor.send('POST', '/users/reset-password', { json: { email } })
  assert.equal(await waiting(), '1')
})

test('no name, address, id or token of anybody is in the metrics', async () => {
  const { people } = markedCrowd(3, 4711)
  for (const { versions, password } of people) {
    const [{ username, email, locale, profile, deviceName, userAgent, idempotencyKey }, later] = versions
    const headers = { 'user-agent': userAgent, 'idempotency-key': idempotencyKey }
    const json = { username, email, password, locale, profile }
    assert.equal((await client.send('POST', '/users/register', { json, headers })).status, 201)
    const login = { username, password, device_name: deviceName }
    const signedIn = await client.send('POST', '/users/login', { json: login, headers })
    const { access_token: token, user } = signedIn.json<{ access_token: string; user: { id: string } }>()
    await client.send('PUT', '/users/profile', { token, json: { username: later.username } })
    await client.send('GET', `/users/${user.id}`, { token })
    await client.send('GET', `/users/reset-password/${username}`)
    await client.send('GET', `/${username}/${email}?${email}`)
    await client.send('POST', '/users/login', { json: { email: later.email, password } })
    await client.send('GET', `/docs/errors/${username}`)
  }
  const text = await scrape()
  assert.deepEqual([...markersIn(text)], [])
  assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-/)
  assert.doesNotMatch(text, /@|umr_|eyJ/)
  assert.match(text, /route="\/users\/reset-password\/\{token\}"/)
})

test('without an internal port nothing is wrapped, and nothing listens', async () => {
  const { app: plain, deps: unwatched } = await startTestServer()
  assert.equal(plain.metricsUrl, null)
  assert.equal(isProxy(unwatched.store), false)
  assert.equal(isProxy(deps.store), true)
})
