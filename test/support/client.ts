/** A client over a real socket. Every answer is held against the served OpenAPI document before a test sees it. */
import assert from 'node:assert/strict'
import type { Agent as HttpAgent } from 'node:http'
import { connect } from 'node:net'
import type { Static } from 'typebox'
import type { loggedInSchema, sessionSchema, WireUser } from '../../src/http/answers.ts'
import { createOpenApiCheck, type OpenApiCheck, type OpenApiDocument, type Problem } from './openapi-check.ts'

/** Not imported, since that takes 30 ms longer, in a process for each file: see `src/control.ts`. */
const { Agent, request: httpRequest } = process.getBuiltinModule('node:http')

/** Of a sign-in; a refresh and a reauthentication answer without the device token. */
export type SignedInBody = Static<typeof loggedInSchema>
export type SessionBody = Static<typeof sessionSchema>
export type UserBody = WireUser

export interface Sent {
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as an HTML form. */
  readonly form?: Readonly<Record<string, string>>
  /** Sent as it is, with no content type but the one in `headers`. */
  readonly body?: string | Uint8Array
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The body of a success. */
  json<T = Record<string, unknown>>(): T
  /** The problem document; fails for a success. */
  readonly problem: Problem
  /** `pointer code` of each entry of `errors[]`, sorted. */
  readonly fieldErrors: readonly string[]
}

export interface Client {
  readonly document: OpenApiDocument
  readonly operations: OpenApiCheck['operations']
  send(method: string, path: string, sent?: Sent): Promise<Answer>
  /** Writes these bytes and reads one answer; the connection must end, or the answer say its length. */
  raw(bytes: string | Uint8Array): Promise<Answer>
}

export interface Target {
  readonly port: number
  readonly publicUrl: string
  /** The contract; the one that the server serves, unless given. */
  readonly document?: OpenApiDocument
}

export async function createClient({ port, publicUrl, ...given }: Target): Promise<Client> {
  const agent = new Agent({ keepAlive: true })
  const served = async () => JSON.parse((await exchange({ port, agent }, 'GET /openapi.json')).text)
  const document: OpenApiDocument = given.document ?? (await served())
  const contract = createOpenApiCheck(document, publicUrl)

  function checked(method: string, target: string, answer: Raw): Answer {
    contract.check({ method, target, status: answer.status, headers: answer.headers, body: answer.text })
    return describe(answer)
  }

  return {
    document,
    operations: contract.operations,
    async send(method, path, sent = {}) {
      return checked(method, path, await exchange({ port, agent }, `${method} ${path}`, sent))
    },
    async raw(bytes) {
      const [method = '', target = ''] = Buffer.from(bytes).toString('latin1').split(/[ \r]/)
      return checked(method, target, parseAnswer(await overSocket(port, bytes)))
    },
  }
}

interface Raw {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

function describe(answer: Raw): Answer {
  return {
    ...answer,
    json: () => JSON.parse(answer.text),
    get problem() {
      assert.ok(answer.status >= 400, `a success: ${answer.status} ${answer.text}`)
      return JSON.parse(answer.text)
    },
    get fieldErrors() {
      return (this.problem.errors ?? []).map((error) => `${error.pointer} ${error.code}`).toSorted()
    },
  }
}

function exchange(
  { port, agent }: { readonly port: number; readonly agent: HttpAgent },
  line: string,
  sent: Sent = {},
): Promise<Raw> {
  const [method = '', path = ''] = line.split(/ (.*)/s)
  const body = bodyOf(sent)
  const headers = {
    ...(sent.json !== undefined && { 'content-type': 'application/json' }),
    ...(sent.form && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...(body !== undefined && { 'content-length': String(body.length) }),
    ...(sent.token !== undefined && { authorization: `Bearer ${sent.token}` }),
    ...sent.headers,
  }
  return new Promise((done, failed) => {
    const request = httpRequest({ host: 'localhost', port, agent, method, path, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', failed)
      response.on('end', () =>
        done({
          status: response.statusCode ?? 0,
          headers: flat(response.headers),
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    request.on('error', failed)
    request.end(body)
  })
}

function bodyOf({ json, form, body }: Sent): Buffer | undefined {
  if (json !== undefined) return Buffer.from(JSON.stringify(json))
  if (form) return Buffer.from(new URLSearchParams(form).toString())
  return body === undefined ? undefined : Buffer.from(body)
}

function flat(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
}

/** Everything that comes back until the other side ends the connection or one whole answer is there. */
function overSocket(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect({ host: 'localhost', port })
    let received = ''
    const end = () => {
      socket.destroy()
      done(received)
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      received += chunk
      if (isWhole(received)) end()
    })
    socket.on('end', end)
    socket.on('error', (error) => (received ? end() : failed(error)))
    socket.write(bytes)
  })
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /^content-length: *(\d+)/im.exec(text.slice(0, end))?.[1]
  return length !== undefined && text.length >= end + 4 + Number(length)
}

function parseAnswer(text: string): Raw {
  assert.notEqual(text, '', 'the connection ended without an answer')
  const end = text.indexOf('\r\n\r\n')
  const [status = '', ...lines] = text.slice(0, end).split('\r\n')
  const pairs = lines.map((line) => line.split(/: */, 1).concat(line.replace(/^[^:]*: */, '')))
  return {
    status: Number(status.split(' ')[1]),
    headers: Object.fromEntries(pairs.map(([name = '', value = '']) => [name.toLowerCase(), value])),
    text: Buffer.from(text.slice(end + 4), 'latin1').toString('utf8'),
  }
}
