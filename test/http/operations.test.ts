/** What holds for every operation alike, from the OpenAPI document: access, bodies, defects, a store that is away. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '../../src/domain/errors.ts'
import { lifetimes } from '../../src/domain/limits.ts'
import type { Operation } from '../support/openapi-check.ts'
import { declares, validRequests } from '../support/client-requests.ts'
import { startTestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'

const server = await startTestServer()
const { client, clock, deps, newUser, signIn } = server
const expired = await signIn(await newUser())
clock.advance((lifetimes.accessTokenSeconds + lifetimes.clockSkewSeconds + 1) * 1000)
const requests = await validRequests(server)
const operations = client.operations
const guarded = operations.filter(({ security }) => security.length > 0)
const withBody = operations.filter(({ method }) => method !== 'GET')

/** The code on a page, or of a problem document. */
function codeOf({
  text,
  headers,
}: {
  text: string
  headers: Readonly<Record<string, string>>
}): string | null {
  if (headers['content-type']?.startsWith('text/html'))
    return /<dd>\s*<a href="\/docs\/errors\/(\w+)">/.exec(text)?.[1] ?? null
  const { code }: { code?: string } = JSON.parse(text || '{}')
  return code ?? null
}

function bare(operation: Operation) {
  const { method, path } = requests(operation)
  return { method, path }
}

test('without a token, and with another scheme, every guarded operation asks for one', async () => {
  for (const operation of guarded) {
    const { method, path } = bare(operation)
    for (const authorization of [undefined, 'Basic eDp5', 'Digest x', 'Bear x', '']) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
      const answer = await client.send(method, path, { headers })
      assert.equal(answer.problem.code, 'token_missing', `${operation.operationId} ${authorization}`)
      assert.equal(answer.headers['www-authenticate'], 'Bearer')
    }
  }
})

test('a false, an expired and a revoked token are told apart on every guarded operation', async () => {
  const revoked = await signIn(await newUser())
  await client.send('POST', '/users/logout', { token: revoked.access_token })
  const refuse = async (token: string, code: string) => {
    for (const operation of guarded) {
      const { method, path } = bare(operation)
      const answer = await client.send(method, path, { token })
      assert.equal(answer.problem.code, code, operation.operationId)
      assert.match(
        answer.headers['www-authenticate'] ?? '',
        /^Bearer error="invalid_token", error_description="/,
      )
    }
  }
  await refuse('x.y.z', 'token_invalid')
  await refuse(revoked.access_token, 'session_revoked')
  await refuse(expired.access_token, 'token_expired')
})

/** Every one of them is another path, to us; some router, proxy or file system takes each for the same one. */
const spellings: readonly ((path: string) => string)[] = [
  (path) => `/${path}`,
  (path) => `${path}/`,
  (path) => `${path}//`,
  (path) => `${path}/.`,
  (path) => `${path}/..`,
  (path) => `${path}/%2e`,
  (path) => `${path};x=1`,
  (path) => `${path};`,
  (path) => `${path}%3B`,
  (path) => `${path}%2F`,
  (path) => `${path}%5c`,
  (path) => `${path}%00`,
  (path) => `${path}%20`,
  (path) => `${path}%0d%0a`,
  (path) => `${path}%ff`,
  (path) => `${path}%C0%AF`,
  (path) => `${path}%`,
  (path) => `${path}%zz`,
  (path) => `${path}.json`,
  (path) => `${path}*`,
  (path) => `${path}#`,
  (path) => `${path}\\`,
  (path) => path.toUpperCase(),
  (path) => path.replace(/^\/./, (start) => start.toUpperCase()),
  (path) => path.replace('/', '//'),
  (path) => path.replace('/', '/./'),
  (path) => path.replace('/', '/x/../'),
  (path) => path.replace('/', '/;/'),
  (path) => path.replace('/', '/%2e/'),
  (path) => path.replace('/', '/%2e%2e/'),
  (path) => path.replace('/', '/docs/..%2f'),
  (path) => path.replace('/', '/docs/../'),
  (path) => path.replace('/', '/livez/%2e%2e/'),
  (path) => path.replace('/', '%2f'),
  (path) => path.replace('/', '\\'),
  (path) => path.replace('/', ''),
  (path) => path.replace(/^\/./, (start) => `/%${start.charCodeAt(1).toString(16)}`),
  (path) => path.replace(/^\/./, (start) => `/%25${start.charCodeAt(1).toString(16)}`),
  (path) => path.replace(/^\/./, (start) => `/%u00${start.charCodeAt(1).toString(16)}`),
  (path) => `http://localhost${path}`,
  (path) => `//localhost${path}`,
]

test('no spelling of a guarded path is that path: each is a 400 or a 404 (row 47)', async () => {
  assert.ok(spellings.length >= 30)
  for (const operation of guarded) {
    const { method, path } = bare(operation)
    const token = requests(operation).sent.token
    const send = (spell: (path: string) => string) => [
      client.send(method, spell(path)),
      client.send(method, spell(path), { token }),
    ]
    const answers = await Promise.all(spellings.flatMap(send))
    for (const [index, answer] of answers.entries()) {
      const where = `${operation.operationId} as ${spellings[index >> 1]?.(path)}: ${answer.status}`
      // Behind a token in the path, more text is another token, which is none.
      const others = operation.path.endsWith('{token}') ? ['token_missing', 'verify_token_invalid'] : []
      assert.ok(['request_invalid', 'not_found', ...others].includes(answer.problem.code), where)
    }
  }
})

test('bytes in a path that are no visible ASCII are a 400, wherever they stand (row 47)', async () => {
  for (const byte of ['\0', '\t', '\f', '\v', '\x01', '\x7f', '\x80', '\xc3\xbc', '\xff', '\xe2\x80\xae']) {
    for (const target of [`/${byte}users/profile`, `/users/profile${byte}`, `/users${byte}/profile`]) {
      const head = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
      const answer = await client.raw(Buffer.from(head, 'latin1'))
      assert.equal(answer.problem.code, 'request_invalid', JSON.stringify(target))
    }
  }
})

test('a header that must occur once and occurs twice is a 400 on every operation (I6)', async () => {
  for (const operation of operations) {
    const { method, path } = bare(operation)
    const lines = [
      'Host: localhost',
      'Authorization: Bearer x',
      'authorization: Bearer y',
      'Connection: close',
    ]
    const answer = await client.raw(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    assert.equal(answer.status, 400, operation.operationId)
    assert.equal(codeOf(answer), 'request_invalid', operation.operationId)
  }
})

test('a body of another media type is a 415, also where it is too large', async () => {
  for (const operation of withBody) {
    const { method, path, sent } = requests(operation)
    for (const body of ['{}', 'x'.repeat(20 * 1024)]) {
      const headers = { 'content-type': 'text/plain' }
      const answer = await client.send(method, path, { token: sent.token, body, headers })
      assert.equal(codeOf(answer), 'media_type_unsupported', operation.operationId)
    }
  }
})

test('a body of more than 16 KiB is a 413, whatever it holds', async () => {
  for (const operation of withBody) {
    const { method, path, sent } = requests(operation)
    const large = `{"x":"${'x'.repeat(20 * 1024)}"}`
    const headers = { 'content-type': sent.form ? 'application/x-www-form-urlencoded' : 'application/json' }
    const answer = await client.send(method, path, { token: sent.token, body: large, headers })
    assert.equal(codeOf(answer), 'body_too_large', operation.operationId)
  }
})

test('a body that is no JSON is a 400, and one with a wrong field a 422', async () => {
  for (const operation of withBody) {
    const { method, path, sent } = requests(operation)
    const { token } = sent
    if (!sent.form) {
      const headers = { 'content-type': 'application/json' }
      const broken = await client.send(method, path, { token, body: '{', headers })
      assert.equal(broken.problem.code, 'json_invalid', operation.operationId)
      const wrong = await client.send(method, path, { token, json: { surprise: 1 } })
      assert.ok(wrong.fieldErrors.includes('/surprise unknown_field'), operation.operationId)
      continue
    }
    const wrong = await client.send(method, path, { form: { ...sent.form, surprise: '1' } })
    assert.equal(wrong.status, 422)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const bytes = await client.send(method, path, { body: new Uint8Array([0x70, 0x3d, 0xff]), headers })
    assert.equal(codeOf(bytes), 'request_invalid')
  }
})

test('a query that no operation knows is refused where a query is read', async () => {
  for (const query of ['surprise=1', 'wait=31', 'wait=-1', 'wait=x', 'after=no-uuid', 'to=a&to=b']) {
    const answer = await client.send('GET', `/dev/mail/messages?${query}`)
    assert.equal(answer.problem.code, 'validation_failed', query)
  }
})

test('a form of another site is refused by every operation that takes forms', async () => {
  const forms = withBody.filter((operation) => declares(operation, 403, 'cross_site_request'))
  const takingForms = forms.filter(
    ({ requestBody }) => 'application/x-www-form-urlencoded' in (requestBody?.content ?? {}),
  )
  assert.equal(takingForms.length, 4)
  for (const operation of takingForms) {
    const form = { token: 'x', username: 'x', password: 'x' }
    const headers = { origin: 'https://attacker.example' }
    const answer = await client.send(operation.method, operation.path, { form, headers })
    assert.equal(codeOf(answer), 'cross_site_request', operation.operationId)
  }
})

test('a defect in any operation is a 500 that says nothing about itself, and is logged', async () => {
  const defect = new TypeError('SELECT secret FROM users in node_modules/y.js:1')
  const broken = await startVariant(server, {
    routes: (all) => all.map((one) => ({ ...one, handle: () => Promise.reject(defect) })),
  })
  for (const operation of operations) {
    const { method, path, sent } = requests(operation)
    const logged = server.log.length
    const answer = await broken.client.send(method, path, sent)
    assert.equal(answer.status, 500, operation.operationId)
    assert.equal(codeOf(answer), 'internal_error')
    const line = server.log.slice(logged).find(({ level }) => level === 'error')
    assert.equal(line?.fields['requestId'], answer.headers['x-request-id'])
  }
})

test('a defect in a port is a 500 as well, and never a success (row 44)', async () => {
  const broken = await startVariant(server)
  broken.fault = () => new TypeError('a defect')
  for (const operation of operations.filter((one) => declares(one, 503, 'store_unavailable'))) {
    const { method, path, sent } = requests(operation)
    assert.equal(
      codeOf(await broken.client.send(method, path, sent)),
      'internal_error',
      operation.operationId,
    )
  }
})

test('while the store is away every operation that needs it says so, and when to come again', async () => {
  const away = await startVariant(server)
  away.fault = (call) =>
    call.startsWith('store.') || call === 'accessTokens.jwks'
      ? new DomainError('store_unavailable', { retryAfterSeconds: 7 })
      : null
  for (const operation of operations) {
    const { method, path, sent } = requests(operation)
    const answer = await away.client.send(method, path, sent)
    if (!declares(operation, 503, 'store_unavailable')) assert.ok(answer.status < 400, operation.operationId)
    else {
      assert.equal(answer.status, 503, operation.operationId)
      assert.equal(codeOf(answer), 'store_unavailable', operation.operationId)
      assert.equal(answer.headers['retry-after'], '7')
    }
  }
})

test('an overloaded server refuses every write and every hash with a time to wait', async () => {
  const busy = await startVariant(server)
  const reads = /^store\.(?:find|list|load|peek|export|health)/
  busy.fault = (call) =>
    /^(?:store|passwords)\./.test(call) && call !== 'passwords.isCommon' && !reads.test(call)
      ? new DomainError('overloaded')
      : null
  // Here is an administrator: the setup form finds its link dead before anything is hashed.
  const declaring = operations.filter(
    (one) => declares(one, 503, 'overloaded') && one.operationId !== 'setupForm',
  )
  assert.ok(declaring.length > 15)
  for (const operation of declaring) {
    const { method, path, sent } = requests(operation)
    const answer = await busy.client.send(method, path, sent)
    const expected =
      operation.path.startsWith('/account/') || operation.method !== 'GET' ? 503 : answer.status
    assert.equal(answer.status, expected, `${operation.operationId} ${answer.text}`)
    if (answer.status === 503) assert.equal(codeOf(answer), 'overloaded', operation.operationId)
  }
})

test('nothing that failed has left a trace in the store', async () => {
  const found = await deps.store.findUserByIdentifier({ key: 'u:ada' })
  assert.equal(found, null, 'the example of the document was never registered')
})
