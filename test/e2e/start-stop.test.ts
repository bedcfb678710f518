/** How the server stops: what it still answers, what it keeps, and what it leaves behind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test, type TestContext } from 'node:test'
import { clientOf, mailTo } from '../support/process-client.ts'
import { startServer, temporaryFolder, until, within, type Launch } from '../support/process.ts'

const person = { username: 'slow.sender', email: 'slow@sender.example', password: 'three half words' }

async function started(t: TestContext, launch: Partial<Launch> = {}) {
  const dataDir = launch.dataDir ?? join(temporaryFolder(), 'data')
  const server = await startServer({ dataDir, ...launch })
  t.after(() => server.end('SIGKILL'))
  return { server, dataDir, call: clientOf(server.url) }
}

/** A registration of which half the body has been sent. `finish` sends the other half and gives the answer. */
async function halfSent(url: string): Promise<{ finish: () => Promise<number> }> {
  const body = JSON.stringify(person)
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const sending = request(`${url}/users/register`, { method: 'POST', headers })
  const answered = once(sending, 'response').then(([response]: { statusCode: number; resume(): void }[]) => {
    response?.resume()
    return response?.statusCode ?? 0
  })
  await new Promise<void>((written) => sending.write(body.slice(0, 20), () => written()))
  return {
    finish: () => {
      sending.end(body.slice(20))
      return within(answered, 'the answer to the request in flight')
    },
  }
}

async function refusesConnections(url: string): Promise<true | null> {
  try {
    await fetch(`${url}/livez`)
    return null
  } catch {
    return true
  }
}

/** A clean stop leaves everything in the one file. */
function assertCheckpointed(dataDir: string): void {
  const log = join(dataDir, 'users.db-wal')
  assert.ok(!existsSync(log) || statSync(log).size === 0, 'the write-ahead log is empty')
}

function count(dataDir: string, table: string): unknown {
  const db = new DatabaseSync(join(dataDir, 'users.db'), { readOnly: true })
  try {
    return db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']
  } finally {
    db.close()
  }
}

/** Takes connections and never says a word, as a mail server that hangs. */
async function muteServer(t: TestContext): Promise<{ port: number; connected: Promise<unknown> }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
  })
  const connected = once(server, 'connection')
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.after(() => server.close())
  const address = server.address()
  return { port: typeof address === 'object' && address ? address.port : 0, connected }
}

suite('a stop', { concurrency: 5 }, () => {
  test('lets the request in flight finish, delivers its mail and leaves no log file', async (t) => {
    const { server, dataDir, call } = await started(t, { settings: { UM_SHUTDOWN_DELAY: '1' } })
    assert.equal((await call('GET /readyz')).status, 200)
    const { finish } = await halfSent(server.url)
    const ended = server.end('SIGTERM')

    const notReady = await until(async () => {
      const answer = await call('GET /readyz')
      return answer.status === 200 ? null : answer
    }, 'a readyz that refuses')
    assert.deepEqual([notReady.status, notReady.body.code], [503, 'store_unavailable'])
    assert.ok(Number(notReady.headers.get('retry-after')) > 0)
    assert.equal((await call('GET /livez')).status, 200, 'during the delay the listener still answers')

    await until(() => refusesConnections(server.url), 'a closed listener')
    assert.equal(await finish(), 201)
    const { code, signal, stderr } = await ended
    assert.deepEqual([code, signal], [0, null], stderr)
    assert.match(server.stdout(), /\nmail verify_email → /)
    assertCheckpointed(dataDir)
    assert.equal(count(dataDir, 'outgoing_mails'), 0)

    const { call: next } = await started(t, { dataDir })
    const { status } = await next('POST /users/login', { body: person })
    assert.equal(status, 422, 'login takes one identifier')
    const { username, password } = person
    assert.equal((await next('POST /users/login', { body: { username, password } })).status, 200)
    const { body } = await next('GET /dev/mail/messages')
    assert.deepEqual(
      body.messages.map((mail) => [mail.kind, mail.to]),
      [['verify_email', person.email]],
    )
  })

  test('keeps what could not be mailed, and the next start sends it', async (t) => {
    // Without a sender: the server has one of its own.
    const nobodyThere = { UM_SMTP_URL: 'smtp://localhost:1' }
    const { server, dataDir, call } = await started(t, { settings: nobodyThere })
    assert.equal((await call('POST /users/register', { body: person })).status, 201)
    await until(() => (server.stderr().includes('a mail was not taken') ? true : null), 'a refused mail')
    const { code } = await server.end('SIGTERM')
    assert.equal(code, 0)
    assertCheckpointed(dataDir)
    assert.equal(count(dataDir, 'outgoing_mails'), 1)
    assert.equal(count(dataDir, 'inbox_messages'), 0)
    assert.ok(!/sender\.example|verify-email\//.test(server.stderr()), 'no address and no link in the log')

    const { call: next } = await started(t, { dataDir })
    const mail = await mailTo(next, person.email, 'verify_email')
    assert.match(mail.links[0] ?? '', /\/users\/verify-email\/[\w-]{43}$/)
    // The mail is in the inbox an instant before its row is erased.
    await until(() => (count(dataDir, 'outgoing_mails') === 0 ? true : null), 'an empty outbox')
  })

  test(
    'is not held up by a mail server that hangs, and loses no mail to it',
    { timeout: 60_000 },
    async (t) => {
      const { port, connected } = await muteServer(t)
      const settings = { UM_SMTP_URL: `smtp://127.0.0.1:${port}`, UM_MAIL_FROM: 'accounts@example.com' }
      const { server, dataDir, call } = await started(t, { settings })
      assert.equal((await call('POST /users/register', { body: person })).status, 201)
      await within(connected, 'the connection to the mail server')
      const { code, signal } = await within(server.end('SIGTERM'), 'the end', 15_000)
      assert.deepEqual([code, signal], [0, null])
      assertCheckpointed(dataDir)
      assert.equal(count(dataDir, 'outgoing_mails'), 1)
    },
  )

  test('follows Ctrl-C too, and a second signal changes nothing', async (t) => {
    const { server, dataDir, call } = await started(t, { settings: { UM_SHUTDOWN_DELAY: '1' } })
    const ended = server.end('SIGINT')
    await until(
      async () => ((await call('GET /readyz')).status === 503 ? true : null),
      'a stop that has begun',
    )
    const again = server.end('SIGTERM')
    assert.deepEqual([(await ended).code, (await again).code], [0, 0])
    assertCheckpointed(dataDir)
  })

  test('is not what happens when nobody reads the output any more', async (t) => {
    const { server, call } = await started(t)
    server.hangUp()
    assert.equal((await call('POST /users/register', { body: person })).status, 201)
    await mailTo(call, person.email, 'verify_email')
    const refused = { email: person.email, password: 'not this one' }
    assert.equal((await call('POST /users/login', { body: refused })).status, 401)
    await mailTo(call, person.email, 'verify_email')
    assert.equal((await call('GET /readyz')).status, 200)
    const { code } = await server.end('SIGTERM')
    assert.equal(code, 0)
  })

  test('by kill -9 leaves no orphan, and nothing in the way of the next start', async (t) => {
    const { server, dataDir, call } = await started(t, { how: 'command' })
    assert.equal((await call('POST /users/register', { body: person })).status, 201)
    // Resolves only when every process that holds its pipes has ended.
    await server.end('SIGKILL')
    assert.equal(await refusesConnections(server.url), true)
    assert.throws(() => process.kill(server.pid, 0), { code: 'ESRCH' })

    const { call: next } = await started(t, { dataDir })
    const { username, password } = person
    assert.equal((await next('POST /users/login', { body: { username, password } })).status, 200)
  })
})
