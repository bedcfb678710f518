/** What every answer carries, whoever gives it: a route, the router, a defect, a limit, or the socket below. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { http } from '../../src/domain/limits.ts'
import type { Answer } from '../support/client.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'

const PRODUCTION = {
  UM_MODE: 'production',
  UM_HOST: 'localhost',
  UM_PUBLIC_URL: 'https://accounts.example.com',
  UM_SMTP_URL: 'smtp://localhost:9',
  UM_MAIL_FROM: 'accounts@example.com',
  UM_SHUTDOWN_DELAY: '0',
}
const development = await startTestServer({ UM_RATE_LIMITS: 'register=1/h,mail=1/h' })
const production = await startTestServer({ ...PRODUCTION, UM_RATE_LIMITS: 'register=1/h,mail=1/h' })

/** By status, or by what is special about the answer. */
async function answersOf(server: TestServer): Promise<Readonly<Record<string, Answer>>> {
  const { client, newUser, signIn } = server
  const { access_token: token } = await signIn(await newUser())
  const broken = await startVariant(server)
  broken.fault = () => new Error('SELECT secret FROM /home/x failed')
  const json = { email: 'nobody@example.com' }
  await client.send('POST', '/users/reset-password', { json })
  const body = 'x'.repeat(http.bodyMaxBytes + 1)
  const headers = { 'content-type': 'application/json' }
  return {
    200: await client.send('GET', '/livez'),
    '200 as a page': await client.send('GET', '/docs/errors'),
    '200 that may be kept': await client.send('GET', '/.well-known/jwks.json'),
    '200 without a body': await client.send('HEAD', '/users/profile', { token }),
    204: await client.send('DELETE', '/users/sessions', { token }),
    302: await client.send('GET', '/'),
    '400 by the reader': await client.send('POST', '/users/login', { body: '{', headers }),
    '400 by the router': await client.send('GET', '/users/%'),
    '400 as a page': await client.send('GET', '/users/reset-password/nothing'),
    '400 by the socket': await client.raw('nonsense\r\n\r\n'),
    '400 for large headers': await client.raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`),
    '400 for two hosts': await client.raw('GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'),
    401: await client.send('GET', '/users/profile'),
    403: await client.send('GET', '/users', { token }),
    404: await client.send('GET', '/nowhere'),
    405: await client.send('PATCH', '/users/login'),
    413: await client.send('POST', '/users/login', { body, headers }),
    415: await client.send('POST', '/users/login', { body: '{}', headers: { 'content-type': 'text/plain' } }),
    422: await client.send('POST', '/users/login', { json: {} }),
    429: await client.send('POST', '/users/reset-password', { json }),
    500: await broken.client.send('GET', '/users/profile', { token }),
  }
}

for (const [mode, server] of Object.entries({ development, production })) {
  test(`in ${mode} every kind of answer has every header that protects, and none that tells (I10)`, async () => {
    for (const [kind, { status, headers, text }] of Object.entries(await answersOf(server))) {
      assert.ok(kind.startsWith(String(status)), `${kind}: ${status} ${text}`)
      assert.equal(headers['x-content-type-options'], 'nosniff', kind)
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin', kind)
      assert.match(headers['referrer-policy'] ?? '', /^(?:no-referrer|same-origin)$/, kind)
      const policy = headers['content-security-policy'] ?? ''
      assert.match(policy, /^default-src 'none';/, kind)
      assert.match(policy, /frame-ancestors 'none'/, kind)
      assert.doesNotMatch(policy, /unsafe|\*|https?:/, kind)
      const kept = kind.includes('may be kept')
      assert.equal(headers['cache-control'], kept ? 'public, max-age=600' : 'no-store', kind)
      const tls = mode === 'production' ? 'max-age=31536000' : undefined
      assert.equal(headers['strict-transport-security'], tls, kind)
      for (const telling of ['server', 'x-powered-by', 'via', 'x-runtime', 'set-cookie'])
        assert.equal(headers[telling], undefined, kind)
      assert.match(headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/, kind)
      assert.doesNotMatch(text, /secret FROM|\/home\//, kind)
      if (status >= 400 && !kind.includes('page')) assert.match(text, /^\{"type":/, kind)
    }
  })
}

test('an answer that is refused for its rate says when to come again, in the standard fields (I10)', async () => {
  const answer = await development.client.send('POST', '/users/reset-password', {
    json: { email: 'nobody@example.com' },
  })
  assert.equal(answer.problem.code, 'rate_limited')
  assert.ok(Number(answer.headers['retry-after']) > 0)
  assert.match(answer.headers['ratelimit-policy'] ?? '', /^"mail";q=\d+;w=\d+$/)
})
