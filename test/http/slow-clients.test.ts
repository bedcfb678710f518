/** Clients that send slowly, or never, or do not read: cut off in time, and nobody else waits for them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { http } from '../../src/domain/limits.ts'
import { startTestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'

/** The times of the test; the real ones are asserted. */
const HEADERS_MS = 400
const REQUEST_MS = 600
const IDLE_MS = 300
/** All times, one look at them, and the patience of a busy machine. */
const ALL_MS = REQUEST_MS + 2 * http.timeoutCheckMs + 2000

const real: Record<string, number> = {}
const server = await startTestServer()
let listener: Server | null = null
const { port, client } = await startVariant(server, {
  tune(below) {
    listener = below
    const { headersTimeout, requestTimeout, keepAliveTimeout, timeout, maxRequestsPerSocket } = below
    Object.assign(real, { headersTimeout, requestTimeout, keepAliveTimeout, timeout, maxRequestsPerSocket })
    below.headersTimeout = HEADERS_MS
    below.requestTimeout = REQUEST_MS
    below.keepAliveTimeout = IDLE_MS
    below.timeout = 3 * REQUEST_MS
  },
})

const HOST = 'Host: localhost\r\n'
const POST = `POST /users/login HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`

/** What each client sends at once; where it trickles, a byte with each look at the clock goes after that. */
const clients: Readonly<Record<string, { readonly sent: string; readonly trickle?: string }>> = {
  'says nothing': { sent: '' },
  'sends half a request line': { sent: 'GET /live' },
  'sends headers and no end': { sent: `GET /livez HTTP/1.1\r\n${HOST}` },
  'trickles a header': { sent: `GET /livez HTTP/1.1\r\n${HOST}X: `, trickle: 'x' },
  'trickles small headers': { sent: `GET /livez HTTP/1.1\r\n${HOST}`, trickle: 'a:b\r\n' },
  'trickles empty lines': { sent: '', trickle: '\r\n' },
  'sends headers and no body': { sent: `${POST}Content-Length: 100\r\n\r\n` },
  'trickles a body': { sent: `${POST}Content-Length: 16000\r\n\r\n{`, trickle: ' ' },
  'trickles chunks': { sent: `${POST}Transfer-Encoding: chunked\r\n\r\n`, trickle: '1\r\n \r\n' },
  'trickles a chunk extension': { sent: `${POST}Transfer-Encoding: chunked\r\n\r\n1;`, trickle: 'x' },
  'waits to be told to continue': { sent: `${POST}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n` },
}

/** How many the server holds. */
function connections(): Promise<number> {
  return new Promise((done, failed) => {
    listener?.getConnections((error, count) => (error ? failed(error) : done(count)))
  })
}

interface Ending {
  readonly received: string
  readonly afterMs: number
}

function open(): Socket {
  const socket = connect({ host: 'localhost', port })
  socket.setEncoding('latin1')
  socket.on('error', () => {})
  return socket
}

/** Not `once`: a reset is an end like any other. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((done) => void socket.on('close', () => done()))
}

/** Until the server closes. Trickling keeps pace with the answers that others get: no clock of its own. */
async function held(sent: string): Promise<{ readonly socket: Socket; readonly ending: Promise<Ending> }> {
  const socket = open()
  await once(socket, 'connect')
  const began = performance.now()
  let received = ''
  socket.on('data', (chunk: string) => {
    received += chunk
  })
  if (sent !== '') socket.write(sent)
  return { socket, ending: closeOf(socket).then(() => ({ received, afterMs: performance.now() - began })) }
}

test('the times are those of the limits, and they are looked at often enough', () => {
  assert.deepEqual(real, {
    headersTimeout: http.headersTimeoutMs,
    requestTimeout: http.requestTimeoutMs,
    keepAliveTimeout: http.keepAliveTimeoutMs,
    timeout: http.silenceMs,
    maxRequestsPerSocket: http.requestsPerSocket,
  })
  assert.ok(http.timeoutCheckMs <= http.headersTimeoutMs / 10)
})

test('slow clients of every kind are cut off in time, and others are served meanwhile', async () => {
  const all = await Promise.all(
    Object.entries(clients).map(async ([name, { sent, trickle }]) => ({
      name,
      trickle,
      ...(await held(sent)),
    })),
  )
  const endings = Promise.all(all.map(({ ending }) => ending))
  let over = false
  void endings.then(() => (over = true))
  let slowest = 0
  while (!over) {
    const began = performance.now()
    assert.equal((await client.send('GET', '/livez')).status, 200)
    slowest = Math.max(slowest, performance.now() - began)
    for (const { socket, trickle } of all) if (trickle && socket.writable) socket.write(trickle)
  }
  for (const [index, { received, afterMs }] of (await endings).entries()) {
    const name = all[index]?.name ?? ''
    assert.ok(afterMs < ALL_MS, `${name}: ${Math.round(afterMs)} ms`)
    assert.ok(
      afterMs >= HEADERS_MS - 50 || /8 KiB|too large/.test(received),
      `${name}: ${Math.round(afterMs)} ms`,
    )
    const [last = ''] = received.split('HTTP/1.1 100 Continue\r\n\r\n').slice(-1)
    // Who has sent nothing waits for no answer; whoever has, is told.
    if (last !== '')
      assert.match(last, /^HTTP\/1\.1 4(?:00|13) [^]*"code":"(?:request_invalid|body_too_large)"/, name)
    assert.ok(
      last !== '' || name === 'says nothing' || name === 'trickles empty lines',
      `${name} is told nothing`,
    )
  }
  assert.ok(slowest < 1000, `somebody else waited ${Math.round(slowest)} ms`)
})

test('a connection that rests, or that its client has half closed, does not stay', async () => {
  const resting = await held(`GET /livez HTTP/1.1\r\n${HOST}\r\n`)
  const half = await held(`GET /livez HTTP/1.1\r\n${HOST}\r\n`)
  half.socket.end()
  const [first, second] = await Promise.all([resting.ending, half.ending])
  assert.match(first.received, /^HTTP\/1\.1 200 /)
  assert.match(second.received, /^HTTP\/1\.1 200 /)
  assert.ok(first.afterMs >= IDLE_MS - 50 && first.afterMs < ALL_MS, `${first.afterMs}`)
  assert.ok(second.afterMs < ALL_MS, `${second.afterMs}`)
})

test('a client that never closes what has been refused does not keep its connection', async () => {
  const socket = connect({ host: 'localhost', port, allowHalfOpen: true })
  socket.on('error', () => {})
  const began = performance.now()
  socket.write(`CONNECT localhost:80 HTTP/1.1\r\n${HOST}\r\n`)
  socket.resume()
  await once(socket, 'end')
  await client.send('GET', '/livez')
  assert.equal(await connections(), 2)
  // Silent from here on; the server alone can end it. The one that stays is that of the questions.
  while ((await connections()) > 1) assert.equal((await client.send('GET', '/livez')).status, 200)
  const afterMs = performance.now() - began
  assert.ok(afterMs > http.lingerMs - 100 && afterMs < http.lingerMs + 2000, `${Math.round(afterMs)} ms`)
  socket.destroy()
})
