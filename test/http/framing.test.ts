/** Messages whose bounds or meaning two servers could see in two ways (RFC 9112 sections 2, 3, 5, 6, 7 and 11). */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer()
const { client, port } = server
const HOST = 'Host: localhost\r\n'
const JSON_TYPE = 'Content-Type: application/json\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n'
/** What an attacker hides in a body: it must never be answered as a request of its own. */
const HIDDEN = `GET /.well-known/jwks.json HTTP/1.1\r\n${HOST}\r\n`

const get = (more = '', version = 'HTTP/1.1', target = '/livez') =>
  `GET ${target} ${version}\r\n${HOST}${more}\r\n`
const post = (more: string, rest: string, version = 'HTTP/1.1') =>
  `POST /users/login ${version}\r\n${HOST}${JSON_TYPE}${more}\r\n${rest}`
const length = (value: string) => post(`Content-Length:${value}\r\n`, `{}${HIDDEN}`)
const coding = (value: string) => post(`Transfer-Encoding:${value}\r\n`, `2\r\n{}\r\n0\r\n\r\n${HIDDEN}`)
const chunks = (text: string) => post(CHUNKED, `${text}${HIDDEN}`)

/** Refused with 400 and the end of the connection: whatever follows is not read. */
const refused: Readonly<Record<string, string>> = {
  'both lengths': post(`Content-Length: 2\r\n${CHUNKED}`, `0\r\n\r\n${HIDDEN}`),
  'both lengths, the other order': post(`${CHUNKED}Content-Length: 2\r\n`, `0\r\n\r\n${HIDDEN}`),
  'two lengths': post('Content-Length: 2\r\nContent-Length: 3\r\n', `{}${HIDDEN}`),
  'two equal lengths': post('Content-Length: 2\r\nContent-Length: 2\r\n', `{}${HIDDEN}`),
  'a list of lengths': length(' 2, 2'),
  'a length with a sign': length(' +2'),
  'a negative length': length(' -2'),
  'a hexadecimal length': length(' 0x2'),
  'a fractional length': length(' 2.0'),
  'an exponent as a length': length(' 2e0'),
  'two numbers as a length': length(' 2 2'),
  'no number as a length': length(' '),
  'a length of 2^64 + 2': length(' 18446744073709551618'),
  'a length of full-width digits': length(' \u00ef\u00bc\u0092'),
  'a length behind a NUL': length('\0 2'),
  'a space before the colon of a length': post('Content-Length : 2\r\n', `{}${HIDDEN}`),
  'a space before the colon of a coding': post(`Transfer-Encoding : chunked\r\n`, `0\r\n\r\n${HIDDEN}`),
  'an unknown coding': coding(' xchunked'),
  'a coding that is not the last': coding(' chunked, identity'),
  'a coding twice': coding(' chunked, chunked'),
  'a coding that we do not decode': coding(' gzip, chunked'),
  'an identity coding': coding(' identity'),
  'an empty coding': coding(''),
  'a quoted coding': coding(' "chunked"'),
  'a coding with a parameter': coding(' chunked;x=1'),
  'a coding behind a vertical tab': coding(' \vchunked'),
  'a coding in two headers': post(`${CHUNKED}${CHUNKED}`, `0\r\n\r\n${HIDDEN}`),
  'a coding in two headers, one unknown': post(`${CHUNKED}Transfer-Encoding: x\r\n`, `0\r\n\r\n${HIDDEN}`),
  'a coding and an identity length': post(
    'Transfer-Encoding: identity\r\nContent-Length: 2\r\n',
    `{}${HIDDEN}`,
  ),
  'a coding in HTTP/1.0': post(
    `${CHUNKED}Connection: keep-alive\r\n`,
    `2\r\n{}\r\n0\r\n\r\n${HIDDEN}`,
    'HTTP/1.0',
  ),
  'both lengths in HTTP/1.0': post(`${CHUNKED}Content-Length: 2\r\n`, `0\r\n\r\n${HIDDEN}`, 'HTTP/1.0'),
  'a chunk size with a sign': chunks('+2\r\n{}\r\n0\r\n\r\n'),
  'a negative chunk size': chunks('-2\r\n{}\r\n0\r\n\r\n'),
  'a chunk size with a prefix': chunks('0x2\r\n{}\r\n0\r\n\r\n'),
  'a chunk size behind a space': chunks(' 2\r\n{}\r\n0\r\n\r\n'),
  'a chunk size before a space': chunks('2 \r\n{}\r\n0\r\n\r\n'),
  'a chunk size of 68 bits': chunks('fffffffffffffffff\r\n{}\r\n0\r\n\r\n'),
  'no chunk size': chunks('\r\n{}\r\n0\r\n\r\n'),
  'a chunk that is longer than its size': chunks('1\r\n{}\r\n0\r\n\r\n'),
  'a chunk that is shorter than its size': chunks('3\r\n{}\r\n0\r\n\r\n'),
  'chunks that end in bare line feeds': chunks('2\n{}\n0\n\n'),
  'a chunk extension that ends in a bare line feed': chunks('2;a\n{}\r\n0\r\n\r\n'),
  'a chunk extension of 20,000 bytes': chunks(`2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
  'a request in a chunk extension': chunks(`2;${HIDDEN.split('\r')[0]}\r\n{}\r\n0\r\n\r\n`),
  'a trailer that ends in a bare line feed': chunks('2\r\n{}\r\n0\r\nX: y\n\r\n'),
  'a length in a trailer': chunks('2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n'),
  'a folded header': get('X: a\r\n b\r\n'),
  'a folded coding': post('Transfer-Encoding:\r\n chunked\r\n', `0\r\n\r\n${HIDDEN}`),
  'a header before the first name': `GET /livez HTTP/1.1\r\n X: y\r\n${HOST}\r\n`,
  'a line that ends in a bare line feed': get('X: y\nY: z\r\n'),
  'a request line that ends in a bare line feed': `GET /livez HTTP/1.1\n${HOST}\r\n`,
  'an empty line of a bare line feed': `GET /livez HTTP/1.1\r\n${HOST}\n${HIDDEN}`,
  'a bare carriage return': get('X: a\rContent-Length: 5\r\n'),
  'a NUL in a header': get('X: a\0b\r\n'),
  'a control byte in a header': get('X: a\x01b\r\n'),
  'a header without a colon': get('X\r\n'),
  'a header without a name': get(': x\r\n'),
  'a header name with a space': get('X Y: z\r\n'),
  'a header name beyond ASCII': get('\u00e9: x\r\n'),
  'no host': 'GET /livez HTTP/1.1\r\n\r\n',
  'two hosts': get('Host: evil.example\r\n'),
  'two equal hosts': get(HOST),
  'a list of hosts': 'GET /livez HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n',
  'an empty host': 'GET /livez HTTP/1.1\r\nHost:\r\n\r\n',
  'a host with a space': 'GET /livez HTTP/1.1\r\nHost: localhost evil.example\r\n\r\n',
  'a host with a user': 'GET /livez HTTP/1.1\r\nHost: evil.example@localhost\r\n\r\n',
  'a host with a path': 'GET /livez HTTP/1.1\r\nHost: localhost/x\r\n\r\n',
  'a host with a port that is none': 'GET /livez HTTP/1.1\r\nHost: localhost:80x\r\n\r\n',
  'two types': post(`${JSON_TYPE}Content-Length: 2\r\n`, `{}${HIDDEN}`),
  'two origins': get('Origin: https://a.example\r\nOrigin: https://b.example\r\n'),
  'two authorizations': get('Authorization: Bearer a\r\nauthorization: Bearer b\r\n'),
  'an absolute target of another host': get('', 'HTTP/1.1', 'http://evil.example/livez'),
  'an absolute target of this host': get('', 'HTTP/1.1', `http://localhost:${port}/livez`),
  'an absolute target without a path': get('', 'HTTP/1.1', 'http://localhost'),
  'an absolute target of another scheme': get('', 'HTTP/1.1', 'ftp://localhost/livez'),
  'an authority as a target': get('', 'HTTP/1.1', 'localhost:80'),
  'a target without a slash': get('', 'HTTP/1.1', 'livez'),
  'an asterisk as a target': `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`,
  'an asterisk for another method': get('', 'HTTP/1.1', '*'),
  'a fragment in a target': get('', 'HTTP/1.1', '/livez#x'),
  'a space in a target': get('', 'HTTP/1.1', '/livez x'),
  'a tab for a space': `GET\t/livez\tHTTP/1.1\r\n${HOST}\r\n`,
  'a space behind the version': `GET /livez HTTP/1.1 \r\n${HOST}\r\n`,
  'a tunnel': 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n',
  'HTTP/0.9': 'GET /livez\r\n\r\n',
  'HTTP/0.9 by name': get('', 'HTTP/0.9'),
  'HTTP/1.2': get('', 'HTTP/1.2'),
  'HTTP/2.0 by name': get('', 'HTTP/2.0'),
  'HTTP/11': get('', 'HTTP/11'),
  'another protocol': get('', 'HTCPCP/1.0'),
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a hello of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'a method in lower case': `get /livez HTTP/1.1\r\n${HOST}\r\n`,
  'a method that nobody knows': `SMUGGLE /livez HTTP/1.1\r\n${HOST}\r\n`,
  'a request behind one that closes': get('Connection: close\r\n') + HIDDEN,
  'more than 8 KiB of headers': get(`X: ${'x'.repeat(9000)}\r\n`),
  'more than 8 KiB of small headers': get('a:b\r\n'.repeat(3000)),
}

/** Read, in one way only; the statuses are those of the answers, in order. */
const taken: Readonly<Record<string, readonly [message: string, ...statuses: number[]]>> = {
  'HTTP/1.0 without a host': ['GET /livez HTTP/1.0\r\n\r\n', 200],
  'a request in the body of a GET': [
    get(`Connection: close\r\nContent-Length: ${HIDDEN.length}\r\n`) + HIDDEN,
    200,
  ],
  'a request in a body of JSON': [
    post(`Connection: close\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN),
    400,
  ],
  'a request in a chunk': [
    post(`Connection: close\r\n${CHUNKED}`, `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`),
    400,
  ],
  'a chunk extension': [post(`Connection: close\r\n${CHUNKED}`, '2;a=b;c="d"\r\n{}\r\n0\r\n\r\n'), 422],
  'a coding in capitals': [
    post(`Connection: close\r\nTransfer-Encoding: CHUNKED\r\n`, '2\r\n{}\r\n0\r\n\r\n'),
    422,
  ],
  'a length with zeros before it': [post('Connection: close\r\nContent-Length: 00002\r\n', '{}'), 422],
  'a header that only resembles a coding': [
    post('Connection: close\r\nTransfer_Encoding: chunked\r\nContent-Length: 2\r\n', '{}'),
    422,
  ],
  'a body behind a 415': [
    `POST /users/login HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    415,
  ],
  'an upgrade that is not offered': [
    get('Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n'),
    200,
  ],
  'two requests, one behind the other': [
    get() + get('Connection: close\r\n', 'HTTP/1.1', '/users/profile'),
    200,
    401,
  ],
  'too large a body, and a request behind it': [
    post('Content-Length: 20000\r\n', 'x'.repeat(20_000)) + get('Connection: close\r\n'),
    413,
  ],
  'empty lines before a request': [`\r\n\r\n${get('Connection: close\r\n')}`, 200],
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** Writes the bytes as they are and reads until the server closes; every answer, in order. */
function exchange(message: string): Promise<readonly Reply[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Reply[]>()
  const socket = connect({ host: 'localhost', port })
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    received += chunk
  })
  socket.on('error', reject)
  socket.on('close', () => resolve(repliesIn(received)))
  socket.write(Buffer.from(message, 'latin1'))
  return promise
}

function repliesIn(text: string): readonly Reply[] {
  if (text === '') return []
  const end = text.indexOf('\r\n\r\n')
  const [line = '', ...fields] = text.slice(0, end).split('\r\n')
  assert.match(line, /^HTTP\/1\.1 \d{3} /, `an answer begins: ${text.slice(0, 200)}`)
  const headers = Object.fromEntries(
    fields.map((field) => [field.split(':', 1)[0]?.toLowerCase() ?? '', field.replace(/^[^:]*: */, '')]),
  )
  const start = end + 4
  const after = start + Number(headers['content-length'] ?? Number.NaN)
  assert.ok(after >= start && after <= text.length, `an answer tells its length: ${text}`)
  const first = { status: Number(line.split(' ')[1]), headers, text: text.slice(start, after) }
  return [first, ...repliesIn(text.slice(after))]
}

function requireSound({ status, headers, text }: Reply, name: string): void {
  const { 'x-content-type-options': sniffing, 'cache-control': caching } = headers
  assert.deepEqual(
    [sniffing, caching, headers['referrer-policy']],
    ['nosniff', 'no-store', 'no-referrer'],
    name,
  )
  assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'", name)
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin', name)
  assert.equal(headers['server'], undefined, name)
  if (status < 400) return
  assert.match(headers['content-type'] ?? '', /^application\/problem\+json/, name)
  const problem: Readonly<Record<string, unknown>> = JSON.parse(text)
  assert.deepEqual([problem['status'], problem['request_id']], [status, headers['x-request-id']], name)
  assert.equal(problem['instance'], `urn:uuid:${headers['x-request-id']}`, name)
  assert.ok(problem['action'] && problem['detail'], name)
}

test('a message with two meanings gets one 400, the end of its connection and nothing else (I6)', async () => {
  const messages = Object.entries(refused)
  for (let at = 0; at < messages.length; at += 16) {
    await Promise.all(
      messages.slice(at, at + 16).map(async ([name, message]) => {
        const replies = await exchange(message)
        assert.deepEqual(
          replies.map(({ status }) => status),
          [400],
          name,
        )
        for (const reply of replies) {
          requireSound(reply, name)
          assert.match(reply.text, /"code":"request_invalid"/, name)
          assert.equal(reply.headers['connection'], 'close', name)
        }
      }),
    )
  }
})

test('a message with one meaning is answered once, and what its body hides is no request (I6)', async () => {
  for (const [name, [message, ...statuses]] of Object.entries(taken)) {
    const replies = await exchange(message)
    assert.deepEqual(
      replies.map(({ status }) => status),
      statuses,
      name,
    )
    for (const reply of replies) {
      requireSound(reply, name)
      assert.doesNotMatch(reply.text, /"keys"/, name)
    }
  }
})

test('a request that is refused takes those behind it along, whatever they are (I6)', async () => {
  for (const name of ['two hosts', 'a coding that we do not decode', 'an absolute target of another host']) {
    const replies = await exchange(`${refused[name]}${HIDDEN}${HIDDEN}`)
    assert.deepEqual(
      replies.map(({ status }) => status),
      [400],
      name,
    )
  }
})

test('the server goes on after all this, and knows of no defect', async () => {
  assert.equal((await client.send('GET', '/livez')).status, 200)
  assert.deepEqual(
    server.log.filter(({ level }) => level === 'error'),
    [],
  )
})
