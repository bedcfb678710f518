/** Requests through the real proxies with our files to the real server, and what clients can do on that way. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { text as readAll } from 'node:stream/consumers'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { http as limits } from '../../src/domain/limits.ts'
import { read } from '../rules/source.ts'
import { startCaptureSmtp } from '../support/capture-smtp.ts'
import { fixedPort, startServer, temporaryFolder } from '../support/process.ts'
import { addSummary } from '../support/summary.ts'
import { HOST, proxiesHere, startProxy, statusOverHttp2, type Proxy } from './proxies.ts'

const password = 'four plain words together'
const publicUrl = `https://${HOST}`
const port = await fixedPort()
const dataDir = join(temporaryFolder(), 'data')
const smtp = await startCaptureSmtp()
after(() => smtp.close())
const server = await startServer({
  dataDir,
  how: 'directly',
  settings: {
    UM_MODE: 'production',
    UM_HOST: '127.0.0.1',
    UM_PORT: String(port),
    UM_PUBLIC_URL: publicUrl,
    UM_SMTP_URL: smtp.url,
    UM_MAIL_FROM: 'accounts@example.com',
    UM_SHUTDOWN_DELAY: '0',
    UM_TRUSTED_PROXIES: trustedIn('deploy/nginx.conf'),
  },
})
after(() => server.end('SIGTERM'))
const setupPath = new URL(readFileSync(join(dataDir, 'setup-link'), 'utf8').trim()).pathname

interface Sent {
  readonly json?: unknown
  readonly body?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The address that the client has. */
  readonly client?: string
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** Each `Strict-Transport-Security` that came. */
  readonly hsts: readonly string[]
}

/** Over TLS where there is a proxy, else directly to the server. */
async function ask(proxy: Proxy | null, path: string, sent: Sent = {}): Promise<Answer> {
  const body = sent.json === undefined ? sent.body : JSON.stringify(sent.json)
  const options = {
    host: '127.0.0.1',
    path,
    method: sent.method ?? (body === undefined ? 'GET' : 'POST'),
    localAddress: sent.client ?? '127.0.0.1',
    agent: false,
    headers: {
      host: HOST,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...(sent.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...sent.headers,
    },
  }
  const request = proxy
    ? tlsRequest({ ...options, port: proxy.https, ca: proxy.ca, servername: HOST })
    : plainRequest({ ...options, port })
  return answerTo(request.end(body))
}

async function answerTo(request: ClientRequest): Promise<Answer> {
  // Who is refused early may find the connection closed once the answer is there.
  request.on('error', () => undefined)
  const [answer = assert.fail('no answer')]: IncomingMessage[] = await once(request, 'response')
  const { headers, statusCode: status = 0, rawHeaders } = answer
  const hsts = rawHeaders.filter((_, at, all) => /^strict-transport/i.test(all[at - 1] ?? ''))
  return { status, headers, text: await readAll(answer), hsts }
}

/** `127.0.0.1,::1`, as the head of the file tells the operator to set it. */
function trustedIn(file: string): string {
  return /^# With it: UM_TRUSTED_PROXIES=(\S+)$/m.exec(read(file))?.[1] ?? assert.fail(file)
}

const codeOf = ({ text }: Answer): unknown => (text.startsWith('{') ? JSON.parse(text).code : text)

/** How many registrations the network of this client still has. */
function left({ headers }: Answer): number {
  return Number(
    /^"register";r=(\d+);/.exec(String(headers['ratelimit']))?.[1] ?? assert.fail('no rate fields'),
  )
}

const { found, missing } = proxiesHere()
const ran = found.length === 0 ? 'none ran' : `${found.join(' and ')} ran`
addSummary(`proxies: ${[ran, ...missing.map((what) => `DID NOT RUN: ${what}`)].join('; ')}`)

test('the two files ask for the same trusted proxies, and without a proxy the setup page is there', async () => {
  assert.equal(trustedIn('deploy/Caddyfile'), trustedIn('deploy/nginx.conf'))
  const local = { host: `localhost:${port}` }
  assert.equal((await ask(null, setupPath, { headers: local })).status, 200)
  assert.equal((await ask(null, setupPath)).status, 404, 'under a public name')
  assert.equal(
    (await ask(null, setupPath, { headers: { ...local, 'x-forwarded-for': '127.0.0.1' } })).status,
    404,
  )
})

for (const [at, name] of found.entries())
  suite(`behind ${name}`, async () => {
    const proxy = await startProxy(name, port)
    after(() => proxy.end())
    const client = (n: number): string => `127.0.${at + 1}.${n}`
    const person = { username: `ada.${name}`, email: `ada.${name}@example.com`, password }

    test('plain requests are sent to https with path and query as they are', async () => {
      const path = '/users/profile?a=%2Fb//c'
      const options = { host: '127.0.0.1', port: proxy.http, path, agent: false, headers: { host: HOST } }
      const { status, headers } = await answerTo(plainRequest(options).end())
      assert.deepEqual([status, headers['location']], [308, `${publicUrl}${path}`])
    })

    test('a user registers, signs in, reads and deletes; every answer has one HSTS header', async () => {
      const registered = await ask(proxy, '/users/register', { json: person, client: client(1) })
      assert.equal(registered.status, 201, registered.text)
      assert.match(String(registered.headers['location']), /^\/users\/[\w-]+$/)
      const signedIn = await ask(proxy, '/users/login', { json: { username: person.username, password } })
      assert.equal(signedIn.status, 200, signedIn.text)
      const headers = { authorization: `Bearer ${JSON.parse(signedIn.text).access_token}` }
      const profile = await ask(proxy, '/users/profile', { headers })
      assert.equal(JSON.parse(profile.text).email, person.email)
      assert.match(String(profile.headers['etag']), /^"\d+"$/)
      const deleted = await ask(proxy, '/users/delete', { method: 'DELETE', json: { password }, headers })
      assert.equal(deleted.status, 200, deleted.text)
      const refused = await ask(proxy, '/users/profile', { headers })
      assert.equal(refused.status, 401)
      for (const { hsts } of [registered, signedIn, profile, deleted, refused])
        assert.deepEqual(hsts, ['max-age=31536000'])
    })

    test('the interactive documentation comes with its files and its policy, over HTTP/2 too', async () => {
      for (const path of ['/docs', '/openapi.json', '/docs/errors', '/.well-known/jwks.json']) {
        const [through, direct] = await Promise.all([ask(proxy, path), ask(null, path)])
        assert.deepEqual([through.status, through.text], [200, direct.text], path)
        for (const header of ['content-security-policy', 'cache-control', 'content-type', 'etag'])
          assert.equal(through.headers[header], direct.headers[header], `${path} ${header}`)
      }
      const page = await ask(proxy, '/docs')
      const files = [...page.text.matchAll(/(?:src|href)="(\/?[^":]+\.(?:js|css))"/g)].map(
        ([, file = '']) => file,
      )
      assert.ok(files.length > 0, page.text)
      for (const file of files) {
        const { pathname } = new URL(file, `${publicUrl}/docs`)
        assert.equal((await ask(proxy, pathname)).status, 200, pathname)
      }
      assert.equal(await statusOverHttp2(proxy, '/docs'), 200)
    })

    test('the limits count the address of the client, whatever it says of itself', async () => {
      const register = (n: number, headers = {}) =>
        ask(proxy, '/users/register', { json: { ...person, password: '' }, client: client(n), headers })
      const first = left(await register(2))
      assert.equal(left(await register(3)), first, 'another client has its own')
      for (const [steps, headers] of [
        { 'x-forwarded-for': '198.51.100.7' },
        { 'x-forwarded-for': '198.51.100.8, 127.0.0.1' },
        { 'x-forwarded-for': '::1', connection: 'close, X-Forwarded-For' },
        { forwarded: 'for=198.51.100.9', 'x-real-ip': '198.51.100.9', 'x-client-ip': '198.51.100.9' },
        { x_forwarded_for: '198.51.100.10' },
      ].entries())
        assert.equal(left(await register(2, headers)), first - steps - 1, JSON.stringify(headers))
      assert.equal(left(await register(3)), first - 1)
    })

    test('the setup page and the inbox are closed, whatever the client says of itself', async () => {
      const claims: readonly Readonly<Record<string, string>>[] = [
        {},
        { connection: 'close, X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto' },
        { host: 'localhost' },
        { host: `localhost:${port}`, 'x-forwarded-for': '' },
        { host: '127.0.0.1', connection: 'close, X-Forwarded-For' },
      ]
      for (const path of [setupPath, '/dev/mail', '/dev/mail/messages'])
        for (const headers of claims) {
          const { status, text } = await ask(proxy, path, { headers })
          // Caddy has an empty answer of its own for names that are not in its file.
          const unserved = name === 'caddy' && 'host' in headers && status === 200 && text === ''
          assert.ok(status === 404 || unserved, `${path} ${JSON.stringify(headers)}: ${status}`)
        }
    })

    test('paths reach the server as they came', async () => {
      for (const path of [
        '//users/profile',
        '/users//profile',
        '/users/./profile',
        '/users/x/../profile',
        '/users%2Fprofile',
        '/users/%70rofile',
        '/users/profile/',
        '/users/reset-password/a%2Fb%2E%2E%5Cc',
        `/users/reset-password/${'a'.repeat(900)}`,
        '/docs/errors/..%2f..%2fetc',
        '/?x=a b'.replace(' ', '%20'),
      ]) {
        const [through, direct] = await Promise.all([ask(proxy, path), ask(null, path)])
        const seen = ({ status, headers, text }: Answer) => [status, headers['location'], textOf(text)]
        assert.deepEqual(seen(through), seen(direct), path)
      }
    })

    test('what is too large is refused with an answer, and what is not goes through', async () => {
      const login = { username: 'a'.repeat(300), password: 'b'.repeat(200) }
      const padded = JSON.stringify(login).padEnd(limits.bodyMaxBytes)
      const json = { 'content-type': 'application/json' }
      const fits = await ask(proxy, '/users/login', { body: padded, headers: json, client: client(4) })
      assert.equal(fits.status, 401, fits.text)
      const sizes = [limits.bodyMaxBytes + 1, 100_000, 900_000]
      // Several times: what goes wrong here depends on who is first, the answer or the end of the body.
      for (const bytes of [...sizes, ...sizes, ...sizes, ...sizes]) {
        const over = await ask(proxy, '/users/login', { body: padded.padEnd(bytes), headers: json })
        assert.deepEqual([over.status, codeOf(over)], [413, 'body_too_large'], `${bytes}`)
      }
      const huge = await ask(proxy, '/users/login', { body: padded.padEnd(3_000_000), headers: json })
      assert.equal(huge.status, 413)
      assert.deepEqual(huge.hsts, ['max-age=31536000'])
      const token = (length: number) => ({ headers: { authorization: `Bearer ${'a'.repeat(length)}` } })
      assert.equal((await ask(proxy, '/users/profile', token(6000))).status, 401)
      const { status } = await ask(proxy, '/users/profile', token(20_000))
      assert.ok([400, 431].includes(status), String(status))
    })

    test('a mailed link has the public URL, whatever host a request names, and works', async () => {
      const account = { ...person, username: `eve.${name}`, email: `eve.${name}@example.com` }
      const taken = smtp.mails.length
      assert.equal((await ask(proxy, '/users/register', { json: account, client: client(5) })).status, 201)
      const headers = {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        'x-forwarded-prefix': '/x',
      }
      const { email } = account
      const asked = await ask(proxy, '/users/reset-password', { json: { email }, headers, client: client(5) })
      assert.equal(asked.status, 202)
      await smtp.taken(taken + 2)
      const mails = smtp.mails.slice(taken).map(({ text }) => text)
      const links = mails.flatMap((text) => text.match(/https?:\/\/\S+/g) ?? [])
      assert.ok(
        links.every((link) => link.startsWith(`${publicUrl}/`)),
        links.join(' '),
      )
      const link = links.find((each) => each.includes('/users/reset-password/')) ?? assert.fail('no link')
      const { pathname } = new URL(link)
      assert.match((await ask(proxy, pathname, { headers })).text, /<form/)
      const reset = await ask(proxy, pathname, { json: { password: 'four other words instead' }, headers })
      assert.equal(reset.status, 200, reset.text)
      assert.ok(!proxy.written().includes(pathname), 'no log has the link')
    })

    test('while the server is away the answer is 502, and no log has the path of a link', async () => {
      const alone = await startProxy(name, await fixedPort())
      try {
        const path = `/users/reset-password/${'live-secret'.repeat(4)}`
        const headers = { referer: `${publicUrl}${path}` }
        const away = await ask(alone, path, { json: { password }, headers })
        assert.equal(away.status, 502)
        assert.deepEqual(away.hsts, ['max-age=31536000'])
      } finally {
        await alone.end()
      }
      assert.ok(!alone.written().includes('live-secret'), alone.written())
    })
  })

/** Without what differs between two answers of the same kind. */
function textOf(text: string): string {
  return text.replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, '<request id>')
}
