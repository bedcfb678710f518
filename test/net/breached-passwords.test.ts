/** Against a real service on this machine, which tells what it was asked. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { after, beforeEach, test } from 'node:test'
import { passwordRange } from '../../src/domain/limits.ts'
import { createBreachedPasswords, noBreachedPasswords } from '../../src/net/breached-passwords.ts'

const BREACHED = 'correct horse battery staple'
const digest = hash('sha1', BREACHED).toUpperCase()
const [prefix, ending] = [digest.slice(0, 5), digest.slice(5)]
const padding = Array.from({ length: 800 }, (_, index) => hash('sha1', `${index}`).toUpperCase().slice(5))

const asked: { readonly url: string; readonly headers: IncomingHttpHeaders }[] = []
let answer: (response: ServerResponse) => void = () => undefined

const service = createServer((request, response) => {
  asked.push({ url: request.url ?? '', headers: request.headers })
  answer(response)
})
await new Promise<void>((done) => void service.listen(0, '127.0.0.1', done))
after(() => {
  service.closeAllConnections()
  service.close()
})
const address = service.address()
const port = typeof address === 'object' && address ? address.port : assert.fail()

const lines: string[] = []
const keep = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`)
const log = { info: keep, warn: keep, error: keep }
const breached = createBreachedPasswords({ url: `http://127.0.0.1:${port}/range/`, log })

/** A whole answer with this line among others. */
function listing(...extra: readonly string[]): void {
  const rows = [...padding.slice(0, 400).map((each) => `${each}:0`), ...extra]
  answer = (response) =>
    void response.end([...rows, ...padding.slice(400).map((each) => `${each}:9`)].join('\r\n'))
}

beforeEach(() => {
  asked.length = 0
  lines.length = 0
})

test('a breached password is known, and the service learns five digits of its SHA-1 and nothing else', async () => {
  listing(`${ending}:3`)
  assert.equal(await breached.has(BREACHED), true)
  assert.deepEqual(
    asked.map(({ url }) => url),
    [`/range/${prefix}`],
  )
  assert.equal(asked[0]?.headers['add-padding'], 'true')
  const sent = JSON.stringify(asked)
  for (const secret of [BREACHED, digest, ending])
    assert.ok(!sent.toUpperCase().includes(secret.toUpperCase()))
  assert.deepEqual(lines, [])
})

test('endings in lower case, or in the last line, are read too', async () => {
  answer = (response) => void response.end(`${ending.toLowerCase()}:1`)
  assert.equal(await breached.has(BREACHED), true)
})

test('a password that is not listed, or only as padding, may be chosen', async () => {
  listing()
  assert.equal(await breached.has(BREACHED), false)
  listing(`${ending}:0`)
  assert.equal(await breached.has(BREACHED), false)
  listing(`${ending.slice(1)}:5`, `${ending}`, `X${ending}:5`)
  assert.equal(await breached.has(BREACHED), false)
  assert.deepEqual(lines, [])
})

test('a service that fails lets the password pass, and the log says so without a digit of it', async () => {
  const failures: readonly (typeof answer)[] = [
    (response) => void response.writeHead(503).end(`${ending}:3`),
    (response) => void response.writeHead(302, { location: `/range/${prefix}` }).end(),
    (response) => void response.destroy(),
    (response) => void response.end('x'.repeat(passwordRange.answerMaxBytes + 1)),
  ]
  for (const failure of failures) {
    answer = failure
    assert.equal(await breached.has(BREACHED), false)
  }
  assert.equal(lines.length, failures.length)
  assert.match(lines[0] ?? '', /not looked up among the breached ones .*"reason":"Status503"/)
  assert.equal(asked.length, failures.length, 'a redirection is not followed')
  for (const line of lines) assert.ok(!line.includes(prefix) && !line.includes(ending), line)
})

test('a service that does not answer is waited for one second', async () => {
  answer = () => undefined
  const began = performance.now()
  assert.equal(await breached.has(BREACHED), false)
  const tookMs = performance.now() - began
  assert.ok(tookMs > 900 && tookMs < 3000, `${tookMs} ms`)
  assert.match(lines.join(), /"reason":"TimeoutError"/)
})

test('an answer that never ends is given up after a second too', async () => {
  answer = (response) => void response.write(`${padding[0]}:1\r\n`)
  assert.equal(await breached.has(BREACHED), false)
  assert.match(lines.join(), /"reason":"(TimeoutError|AbortError)"/)
})

test('no more than 16 are asked at once, and what is beyond passes at once', async () => {
  const waiting: ServerResponse[] = []
  const full = Promise.withResolvers<void>()
  answer = (response) => {
    waiting.push(response)
    if (waiting.length === passwordRange.atOnce) full.resolve()
  }
  const inFlight = Array.from({ length: passwordRange.atOnce }, () => breached.has(BREACHED))
  await full.promise
  assert.equal(await breached.has(BREACHED), false)
  assert.match(lines.join(), /"reason":"busy"/)
  for (const response of waiting) response.end(`${ending}:3`)
  assert.deepEqual(new Set(await Promise.all(inFlight)), new Set([true]))
  listing(`${ending}:3`)
  assert.equal(await breached.has(BREACHED), true)
})

test('where there is no service nobody is asked', async () => {
  assert.equal(await noBreachedPasswords.has(BREACHED), false)
  assert.deepEqual(asked, [])
})
