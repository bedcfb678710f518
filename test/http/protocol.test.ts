/** What is decided before any operation: methods, paths, headers, sizes, origins, request ids. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'
import { PASSWORD } from '../support/server-users.ts'

const server = await startTestServer({ UM_CORS_ORIGINS: 'https://app.example.com' })
const { client, deps, newUser, signIn } = server
const user = await newUser()
const { access_token: token } = await signIn(user)
const id = '019ab2c4-5d6e-7f80-9a1b-2c3d4e5f6071'

/** Path → its methods, from the document. */
const methods = new Map<string, Set<string>>()
for (const { method, path } of client.operations) {
  const concrete = path.replace('{id}', id).replace('{code}', 'email_taken').replace('{token}', 'x')
  const known = methods.get(concrete) ?? new Set()
  methods.set(concrete, known.add(method))
}

test('every other method on every path is a 405 that names the right ones', async () => {
  for (const [path, known] of methods) {
    const allow = [...known, ...(known.has('GET') ? ['HEAD'] : [])].toSorted().join(', ')
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'SEARCH']) {
      if (known.has(method)) continue
      const answer = await client.send(method, path, { token })
      assert.equal(answer.problem.code, 'method_not_allowed', `${method} ${path}`)
      assert.equal(answer.headers['allow'], allow, `${method} ${path}`)
    }
    if (known.has('GET')) continue
    const head = await client.send('HEAD', path, { token })
    assert.equal(head.status, 405)
  }
})

test('HEAD answers what GET answers, without the body', async () => {
  for (const path of [
    '/users/profile',
    '/users/sessions',
    '/.well-known/jwks.json',
    '/docs',
    '/livez',
    '/dev/mail',
  ]) {
    const [get, head] = [
      await client.send('GET', path, { token }),
      await client.send('HEAD', path, { token }),
    ]
    assert.equal(head.status, get.status, path)
    assert.equal(head.text, '')
    for (const name of ['content-type', 'etag', 'cache-control', 'content-length'])
      assert.equal(head.headers[name], get.headers[name], `${path} ${name}`)
  }
  assert.equal((await client.send('HEAD', '/users/profile')).status, 401)
})

test('OPTIONS outside of CORS is a method like any other that is not there', async () => {
  for (const path of ['/users/profile', '/users/delete', `/users/sessions/${id}`]) {
    const answer = await client.send('OPTIONS', path)
    assert.equal(answer.problem.code, 'method_not_allowed')
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  }
})

test('fixed words under /users win over ids for every method', async () => {
  for (const word of ['delete', 'login', 'logout', 'profile', 'password', 'register', 'sessions', 'export']) {
    const allowed = methods.get(`/users/${word}`) ?? new Set()
    const answer = await client.send('PATCH', `/users/${word}`, { token })
    assert.equal(answer.problem.code, 'method_not_allowed', word)
    assert.ok(allowed.size > 0)
  }
})

test('an unknown path is a 404 for every method', async () => {
  const paths = [
    '/user',
    '/admin',
    '/.env',
    '/.git/config',
    '/metrics',
    '/users/profile/x',
    '/assets/x',
    '//',
    '/docs/',
  ]
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'DELETE', 'PROPFIND'])
      assert.equal(
        (await client.send(method, path, { token })).problem.code,
        'not_found',
        `${method} ${path}`,
      )
  }
})

test('the root leads to the documentation', async () => {
  const answer = await client.send('GET', '/')
  assert.deepEqual([answer.status, answer.headers['location']], [302, '/docs'])
})

test('a request id that is a UUID is kept, any other is replaced', async () => {
  const given = '0F8FAD5B-D9CB-469F-A165-70867728950E'
  const kept = await client.send('GET', '/users/profile', { headers: { 'x-request-id': given } })
  assert.equal(kept.headers['x-request-id'], given.toLowerCase())
  assert.equal(kept.problem.instance, `urn:uuid:${given.toLowerCase()}`)
  for (const other of [
    'x',
    '',
    `${given}0`,
    `{${given}}`,
    given.replaceAll('-', ''),
    '<script>',
    `${given}, ${given}`,
  ]) {
    const answer = await client.send('GET', '/livez', { headers: { 'x-request-id': other } })
    assert.match(answer.headers['x-request-id'] ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-7/, other)
  }
})

test('a listed origin and loopback may read answers, without credentials', async () => {
  for (const origin of [
    'https://app.example.com',
    'http://localhost:5173',
    'http://127.0.0.1',
    'http://[::1]:8',
  ]) {
    const answer = await client.send('GET', '/users/profile', { token, headers: { origin } })
    assert.equal(answer.headers['access-control-allow-origin'], origin)
    assert.equal(answer.headers['access-control-allow-credentials'], undefined)
    assert.match(answer.headers['vary'] ?? '', /\bOrigin\b/i)
    assert.match(answer.headers['access-control-expose-headers'] ?? '', /ETag/)
  }
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'PUT' }
  const preflight = await client.send('OPTIONS', '/users/profile', { headers })
  assert.equal(preflight.status, 204)
  assert.match(preflight.headers['access-control-allow-methods'] ?? '', /PUT/)
})

test('no other origin may read anything', async () => {
  const foreign = [
    'null',
    'https://attacker.example',
    'https://app.example.com.attacker.example',
    'https://xapp.example.com',
    'https://app.example.com:444',
    'http://app.example.com',
    'https://APP.example.com',
    'https://app.example.com/',
    'http://localhost.attacker.example',
    'http://127.0.0.1.nip.io',
    'https://user@localhost',
    'file://',
  ]
  for (const origin of foreign) {
    const answer = await client.send('GET', '/users/profile', { token, headers: { origin } })
    assert.equal(answer.headers['access-control-allow-origin'], undefined, origin)
    const headers = { origin, 'access-control-request-method': 'PUT' }
    const preflight = await client.send('OPTIONS', '/users/profile', { headers })
    assert.equal(preflight.headers['access-control-allow-origin'], undefined, origin)
  }
})

test('a bearer token counts only in the Authorization header', async () => {
  const json = { access_token: token, password: PASSWORD }
  const places = [
    client.send('GET', `/users/profile?access_token=${token}&token=${token}`),
    client.send('DELETE', '/users/delete', { json }),
    client.send('GET', '/users/profile', { headers: { cookie: `access_token=${token}; token=${token}` } }),
    client.send('GET', '/users/profile', {
      headers: { 'x-access-token': token, 'proxy-authorization': `Bearer ${token}` },
    }),
  ]
  for (const answer of await Promise.all(places)) assert.equal(answer.problem.code, 'token_missing')
})

test('the scheme is read without case, and what follows it exactly', async () => {
  const send = (authorization: string) => client.send('GET', '/users/profile', { headers: { authorization } })
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  '])
    assert.equal((await send(`${scheme} ${token}`)).status, 200, scheme)
  const wrong = [
    'Bearer',
    `Bearer ${token} ${token}`,
    `Bearer ${token},${token}`,
    `Bearer "${token}"`,
    `Bearer\t${token}`,
    `Bearer ${token}=`,
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token}x`,
    `Bearer ${token.replaceAll('.', ' ')}`,
    `Bearer ${'x'.repeat(5000)}`,
    'Bearer null',
    'Bearer undefined',
  ]
  for (const authorization of wrong) {
    const answer = await send(authorization)
    assert.equal(answer.problem.code, 'token_invalid', authorization.slice(0, 30))
  }
  assert.equal((await send(`Bearer${token}`)).problem.code, 'token_missing')
  assert.equal((await send(`Basic ${token}`)).problem.code, 'token_missing')
})

test('more than 8 KiB of headers are a problem document, below the router', async () => {
  const head = 'GET /users/profile HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n'
  const answer = await client.raw(`${head}X-Large: ${'x'.repeat(9000)}\r\n\r\n`)
  assert.equal(answer.problem.code, 'request_invalid')
  assert.match(answer.problem.detail, /8 KiB/)
  const path = await client.raw(`GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  assert.equal(path.problem.code, 'request_invalid')
})

test('bytes that are no HTTP, and framing with two meanings, are refused', async () => {
  const json = 'Host: localhost\r\nContent-Type: application/json\r\n'
  const messages = [
    'nonsense\r\n\r\n',
    'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n',
    'GET /livez HTTP/1.1\r\nHost : localhost\r\n\r\n',
    'GET /livez HTTP/1.1\r\n\r\n',
    'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    `POST /users/login HTTP/1.1\r\n${json}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    `POST /users/login HTTP/1.1\r\n${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /users/login HTTP/1.1\r\n${json}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `POST /users/login HTTP/1.1\r\n${json}Content-Length: -1\r\n\r\n{}`,
    `POST /users/login HTTP/1.1\r\n${json}Content-Length: 0x2\r\n\r\n{}`,
    `POST /users/login HTTP/1.1\r\n${json}Transfer-Encoding: chunked\r\n\r\nZ\r\n{}\r\n0\r\n\r\n`,
    `POST /users/login HTTP/1.1\r\n${json}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}`,
    'GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a\r\n folded\r\n\r\n',
    'GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a\u0000b\r\n\r\n',
  ]
  for (const message of messages) {
    const answer = await client.raw(message)
    assert.equal(answer.problem.code, 'request_invalid', JSON.stringify(message.slice(0, 120)))
  }
  assert.equal((await client.send('GET', '/livez')).status, 200)
})

test('an expectation that nobody knows is passed over', async () => {
  const answer = await client.send('GET', '/livez', { headers: { expect: 'the-moon' } })
  assert.equal(answer.status, 200)
})

test('a malformed escape in a path is a 400 or nothing of ours', async () => {
  for (const path of [
    '/users/%',
    '/%zz',
    '/users/reset-password/%E0%A4%A',
    '/docs/errors/%ff',
    '/users/%c0%ae',
  ]) {
    const answer = await client.send('GET', path)
    assert.ok([400, 404].includes(answer.status), `${path} ${answer.status}`)
  }
})

test('nothing personal is in the log after all this', () => {
  assert.doesNotMatch(JSON.stringify(server.log), new RegExp(`example\\.com|${user.username}|eyJ`))
  assert.ok(deps.rules.publicUrl)
})
