/** The same server behind a proxy with TLS, as it runs in production. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PASSWORD } from '../support/server-users.ts'
import { startTestServer } from '../support/server.ts'

const { client, newUser } = await startTestServer({
  UM_MODE: 'production',
  UM_HOST: 'localhost',
  UM_PUBLIC_URL: 'https://accounts.example.com/',
  UM_SMTP_URL: 'smtp://localhost:9',
  UM_MAIL_FROM: 'accounts@example.com',
  UM_SHUTDOWN_DELAY: '0',
})

test('every answer tells browsers to stay with TLS, and problems lead to the public URL', async () => {
  for (const path of ['/livez', '/users/profile', '/nowhere', '/docs', '/.well-known/jwks.json']) {
    const answer = await client.send('GET', path)
    assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000', path)
  }
  const answer = await client.send('GET', '/users/profile')
  assert.equal(answer.problem.type, 'https://accounts.example.com/docs/errors/token_missing')
  const below = await client.raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(9000)}\r\n\r\n`)
  assert.equal(below.headers['strict-transport-security'], 'max-age=31536000')
})

test('there is no inbox, whoever asks', async () => {
  for (const path of ['/dev/mail', '/dev/mail/messages', '/dev/mail/messages?wait=30'])
    assert.equal((await client.send('GET', path)).status, 404, path)
})

test('a loopback origin is as foreign as any other', async () => {
  const { username } = await newUser()
  const form = { username, password: PASSWORD }
  const send = (origin: string) => client.send('POST', '/users/login', { form, headers: { origin } })
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1', 'http://accounts.example.com', 'null']) {
    const answer = await send(origin)
    assert.equal(answer.problem.code, 'cross_site_request', origin)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  }
  assert.equal((await send('https://accounts.example.com')).status, 200)
})

test('tokens and documents name the public URL and never the host of a request', async () => {
  const headers = {
    host: 'attacker.example',
    'x-forwarded-host': 'attacker.example',
    forwarded: 'host=attacker.example',
  }
  for (const path of [
    '/.well-known/openid-configuration',
    '/docs',
    '/docs/errors',
    '/openapi.json',
    '/users/profile',
  ]) {
    const answer = await client.send('GET', path, { headers })
    assert.doesNotMatch(answer.text, /attacker/, path)
  }
  const discovery = await client.send('GET', '/.well-known/openid-configuration', { headers })
  assert.equal(discovery.json()['issuer'], 'https://accounts.example.com')
})
