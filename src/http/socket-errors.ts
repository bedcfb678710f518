import type { FastifyRequest } from 'fastify'
import { DomainError } from '../domain/errors.ts'
import { http } from '../domain/limits.ts'
import { asDomainError, problemOf } from './errors.ts'

/** What is needed of a socket: that of a tunnel has another type. */
export interface Connection {
  readonly writable: boolean
  destroy(): unknown
  end(text: string): unknown
  once(event: 'close', listener: () => void): unknown
}

/** What a refusal below the router says, as far as HTTP still allows an answer (RFC 9112 section 3). */
export function refuseSocket(
  error: NodeJS.ErrnoException,
  socket: Connection,
  { publicUrl, constant, id }: { publicUrl: string; constant: Readonly<Record<string, string>>; id: string },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const refusal = asDomainError(new DomainError('request_invalid', { detail: detailOf(error) }))
  const body = JSON.stringify(problemOf(refusal, id, publicUrl))
  const headers = {
    ...constant,
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': id,
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 400 Bad Request\r\n${lines.join('')}\r\n${body}`)
  // At once, a reset could overtake the answer; and a client that never closes must not keep the socket.
  const late = setTimeout(() => socket.destroy(), http.lingerMs)
  socket.once('close', () => clearTimeout(late))
}

/**
 * Reads a body to its end, unless it is huge or takes longer than a refused client has. Closing while it
 * still comes resets the connection: a proxy that is sending it then has no answer to pass on, and makes one
 * of its own.
 */
export async function throwAway(body: FastifyRequest['raw']): Promise<void> {
  if (Number(body.headers['content-length']) > http.discardMaxBytes) return
  const { promise, resolve } = Promise.withResolvers<void>()
  let bytes = 0
  body.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes > http.discardMaxBytes) resolve()
  })
  const late = setTimeout(resolve, http.lingerMs)
  for (const event of ['end', 'close', 'error']) body.once(event, () => resolve())
  if (body.readableEnded) resolve()
  await promise
  clearTimeout(late)
}

function detailOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'The headers have more than 8 KiB.'
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'The request did not arrive in time.'
  return 'The bytes are not a valid HTTP/1.1 request.'
}
