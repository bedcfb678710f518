/** One parser, one meaning: media types, framing and JSON texts at one operation that changes nothing when it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'
import { PASSWORD } from '../support/server-users.ts'

const server = await startTestServer()
const { client, newUser, signIn } = server
const json = { 'content-type': 'application/json' }
const user = await newUser()
const right = JSON.stringify({ username: user.username, password: PASSWORD })

function login(body: string | Uint8Array, headers: Readonly<Record<string, string>> = json) {
  return client.send('POST', '/users/login', { body, headers })
}

/** With a wrong password, so that a text that is taken costs no session: 401. */
function member(text: string) {
  return login(`{"username":"nobody-here","password":"x"${text}}`)
}

test('only JSON, with at most a charset of UTF-8, is JSON (I4)', async () => {
  const taken = [
    'application/json',
    'APPLICATION/JSON',
    'application/json;charset=utf-8',
    'application/json; charset=UTF-8',
    'application/json ; charset="utf-8"',
  ]
  for (const type of taken) assert.equal((await login(right, { 'content-type': type })).status, 200, type)
})

test('more than fifty malformed or foreign media types are a 415 (I4, row 56)', async () => {
  const foreign = [
    'text/plain',
    'text/json',
    'text/html',
    'application/xml',
    'application/jsonp',
    'application/json5',
  ]
  const suffixes = [
    'x',
    '\ta',
    ' a',
    ';',
    ';;',
    ' ;',
    ',',
    ',text/plain',
    '+xml',
    '/x',
    '\\',
    '"',
    '#',
    '%00',
    '()',
  ]
  const parameters = [
    'charset',
    'charset=',
    'charset=utf-16',
    'charset=utf-8x',
    'charset=utf-8;charset=utf-8',
    'charset=utf-8; boundary=x',
    "charset='utf-8'",
    'charset="utf-8',
    'charset=utf-8"',
    'charset=iso-8859-1',
    'version=1',
    'q=1',
    '=utf-8',
    'charset==utf-8',
    'charset:utf-8',
  ]
  const whole = [
    'json',
    '/json',
    'application',
    'application/',
    '/',
    '*/*',
    'application/*',
    'application / json',
    'application/ json',
    'application /json',
    'application//json',
    'xapplication/json',
    'application/vnd.api+json',
    'application/problem+json',
    'application/merge-patch+json',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded; charset=latin1',
    'application/x-www-form-urlencodedx',
    'application/octet-stream',
    'application/json\u00a0',
  ]
  const types = [
    ...foreign,
    ...whole,
    ...suffixes.map((suffix) => `application/json${suffix}`),
    ...parameters.map((parameter) => `application/json;${parameter}`),
  ]
  assert.ok(types.length >= 50)
  for (const type of types) {
    const answer = await login(right, { 'content-type': type })
    assert.equal(answer.problem.code, 'media_type_unsupported', JSON.stringify(type))
  }
  assert.equal((await login(right, {})).problem.code, 'media_type_unsupported')
})

test('an empty body is no body, whatever its content type says', async () => {
  const { access_token: token } = await signIn(await newUser())
  for (const type of ['application/json', 'text/plain', 'application/octet-stream', 'nonsense', '']) {
    const headers = { 'content-type': type, 'content-length': '0' }
    const answer = await client.send('POST', '/users/login', { headers })
    assert.deepEqual(answer.fieldErrors, ['/email field_required', '/password field_required'], type)
    const profile = await client.send('PUT', '/users/profile', { token, headers })
    assert.equal(profile.status, 200, type)
  }
})

test('operations without a body take a request whose body is empty', async () => {
  const headers = { 'content-type': 'application/json', 'content-length': '0' }
  const { access_token: token } = await signIn(await newUser())
  assert.equal((await client.send('DELETE', '/users/sessions', { token, headers })).status, 204)
  assert.equal((await client.send('DELETE', '/users/delete', { token, headers })).status, 200)
})

test('an operation that has no use for a body drops none silently', async () => {
  const { access_token: token } = await signIn(user)
  const send = (body: string, headers: Record<string, string> = json) =>
    client.send('POST', '/users/logout', { token, body, headers })
  assert.deepEqual((await send('{"all":true}')).fieldErrors, ['/all unknown_field'])
  assert.equal((await send('[')).problem.code, 'json_invalid')
  assert.equal((await send('{}', { 'content-type': 'nonsense' })).problem.code, 'media_type_unsupported')
  assert.equal((await server.profile(token)).status, 200)
  assert.equal((await send('{}')).status, 204)
})

test('a body in chunks is read like any other', async () => {
  const head = 'POST /users/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  const chunked = (body: string) =>
    `${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  assert.equal((await client.raw(chunked(right))).status, 200)
  const large = await client.raw(chunked(`{"x":"${'x'.repeat(20 * 1024)}"}`))
  assert.equal(large.problem.code, 'body_too_large')
})

test('an empty body in chunks is no body, and a type is asked of any other', async () => {
  const { access_token: token } = await signIn(await newUser())
  const send = (path: string, body: string) =>
    client.raw(
      `DELETE ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        `Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body}0\r\n\r\n`,
    )
  assert.equal((await send('/users/sessions', '2\r\n{}\r\n')).problem.code, 'media_type_unsupported')
  assert.equal((await send('/users/sessions', '')).status, 204)
  assert.equal((await send('/users/delete', '')).status, 200)
})

test('a body in a content coding is not taken (I4)', async () => {
  for (const coding of ['gzip', 'br', 'deflate', 'identity, gzip'])
    assert.equal(
      (await login(right, { ...json, 'content-encoding': coding })).problem.code,
      'media_type_unsupported',
    )
  assert.equal((await login(right, { ...json, 'content-encoding': 'identity' })).status, 200)
})

test('the limit is 16 KiB and not a byte less', async () => {
  const fill = (bytes: number) => right.slice(0, -1) + ' '.repeat(bytes - right.length) + '}'
  assert.equal((await login(fill(16 * 1024))).status, 200)
  assert.equal((await login(fill(16 * 1024 + 1))).problem.code, 'body_too_large')
})

test('texts that are no JSON are refused, each of them', async () => {
  const broken = [
    '{',
    '}',
    '[',
    '"',
    'nul',
    'True',
    'NaN',
    'Infinity',
    'undefined',
    "{'username':'x'}",
    '{username:"x"}',
    '{"a":1,}',
    '{,"a":1}',
    '{"a" 1}',
    '{"a":}',
    '{"a":1 "b":2}',
    '{"a":1}}',
    '{"a":1}{"b":2}',
    '{"a":1} x',
    '[1,]',
    '[1 2]',
    '{"a":01}',
    '{"a":+1}',
    '{"a":.5}',
    '{"a":1.}',
    '{"a":1e}',
    '{"a":0x10}',
    '{"a":"\n"}',
    '{"a":"\t"}',
    '{"a":"\u0000"}',
    '{"a":"\\x41"}',
    '{"a":"\\u12"}',
    '{"a":"\\',
    '{"a":"x}',
    '{"a":1 /* c */}',
    '// c\n{}',
    '\ufeff{}',
    '\u00a0{}',
    '\f{}',
    ")]}',\n{}",
    '<json/>',
    'username=x&password=y',
    '   ',
  ]
  for (const text of broken)
    assert.equal((await login(text)).problem.code, 'json_invalid', JSON.stringify(text))
})

test('what two readers could read in two ways is refused (I3)', async () => {
  const nested = (depth: number) => `,"x":${'['.repeat(depth)}${']'.repeat(depth)}`
  const keys = (count: number) => Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')
  const ambiguous = [
    ',"password":"y"',
    ',"\\u0070assword":"y"',
    ',"x":{"a":1,"a":1}',
    ',"x":[{"b":{"a":1,"a" :2}}]',
    ',"x":{"\\"":1,"\\"":2}',
    ',"x":{"":1,"":1}',
    ',"__proto__":{"admin":true}',
    ',"\\u005f_proto__":1',
    ',"x":{"__proto__":1}',
    ',"constructor":{"prototype":{"admin":true}}',
    ',"x":[{"prototype":1}]',
    ',"x":"a\\u0000b"',
    ',"x":"\\ud83d"',
    ',"\\udc00":1',
    ',"x":9007199254740992',
    ',"x":-9007199254740993',
    ',"x":1e400',
    nested(8),
    nested(4000),
    `,${keys(63)}`,
    `,"x":{${keys(65)}}`,
    `,"x":[${'1,'.repeat(64)}1]`,
  ]
  for (const text of ambiguous)
    assert.equal((await member(text)).problem.code, 'json_invalid', text.slice(0, 60))
})

test('what only looks ambiguous is read', async () => {
  const fine = [
    ',"device_name":"a: \\"password\\": b"',
    ',"device_name":"\\u0061"',
    ',"device_name":"__proto__"',
    ' , \r\n\t"device_name" \n:\t"x"',
  ]
  for (const text of fine) assert.equal((await member(text)).problem.code, 'invalid_credentials', text)
  for (const name of ['toString', 'hasOwnProperty', '$ne', 'a.b', '']) {
    const answer = await member(`,${JSON.stringify(name)}:1`)
    assert.deepEqual(answer.fieldErrors, [`/${name} unknown_field`], name)
  }
})

test('bytes that are not UTF-8 are refused (I3)', async () => {
  const sequences = [
    [0xff],
    [0xfe, 0xff],
    [0xc3, 0x28],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf8, 0x88, 0x80, 0x80, 0x80],
  ]
  for (const bytes of sequences) {
    const body = Buffer.concat([
      Buffer.from('{"username":"'),
      Buffer.from(bytes),
      Buffer.from('","password":"x"}'),
    ])
    assert.equal((await login(body)).problem.code, 'json_invalid', bytes.join())
  }
  const utf16 = Buffer.from('\ufeff{"username":"x","password":"x"}', 'utf16le')
  assert.equal((await login(utf16)).problem.code, 'json_invalid')
})

test('a JSON text that is no object is a wrong type at the root', async () => {
  for (const text of ['null', 'true', '0', '-1e3', '"text"', '[]', '[{"username":"x"}]']) {
    assert.deepEqual((await login(text)).fieldErrors, [' field_type'], text)
  }
  const { access_token: token } = await signIn(await newUser())
  const answer = await client.send('DELETE', '/users/delete', { token, body: 'null', headers: json })
  assert.deepEqual(answer.fieldErrors, [' field_type'])
  assert.equal((await server.profile(token)).status, 200)
})

test('a text of 16,000 characters in any field costs milliseconds, whatever it is made of (I7)', async () => {
  const timeOf = async (path: string, body: string) => {
    const times: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const began = performance.now()
      const { status } = await client.send('POST', path, { body, headers: json })
      times.push(performance.now() - began)
      assert.equal(status, 422)
    }
    return Math.min(...times)
  }
  const units = [
    'a',
    'a.',
    'a@',
    '.',
    '@',
    ' ',
    '-',
    '%',
    'xn--',
    '(',
    '"',
    '\\',
    '\u00e9',
    '\u0300',
    '\u212a',
    'aA1!',
    '\t',
    '0',
  ]
  for (const [path, fields] of Object.entries({
    '/users/login': ['username', 'email', 'password', 'device_name', 'device_token'],
    '/users/register': ['username', 'email', 'password', 'locale', 'profile'],
  })) {
    const plain = await timeOf(path, JSON.stringify({ surprise: 'x'.repeat(16_000) }))
    for (const field of fields) {
      for (const unit of units) {
        const bytes = Buffer.byteLength(JSON.stringify(unit)) - 2
        const text = unit.repeat(16_000 / bytes)
        const value = field === 'profile' ? { website: `https://${text}`, bio: text.slice(0, 100) } : text
        const ms = await timeOf(path, JSON.stringify({ [field]: value }))
        assert.ok(
          ms < plain * 4 + 50,
          `${path} ${field} of ${JSON.stringify(unit)}: ${ms} ms, plain ${plain} ms`,
        )
      }
    }
  }
})
