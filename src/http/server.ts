import cors from '@fastify/cors'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Deps } from '../domain/deps.ts'
import { catalogue, DomainError } from '../domain/errors.ts'
import { http } from '../domain/limits.ts'
import type { OnAnswered } from '../domain/ports/watching.ts'
import type { PageTexts } from '../texts/language.ts'
import { problemPage } from '../web/problem-page.ts'
import { asDomainError, problemHeaders, problemOf } from './errors.ts'
import { isOwnOrigin, requireOneMeaning } from './guards.ts'
import { pageHeaders, securityHeaders } from './headers.ts'
import { mount } from './mount.ts'
import { acceptedTexts } from './page-texts.ts'
import { allowedMethods } from './paths.ts'
import type { Route, Surroundings } from './route.ts'
import { refuseSocket, throwAway, type Connection } from './socket-errors.ts'
import { watch } from './watch.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export interface ServerParts {
  readonly deps: Deps
  readonly surroundings: Surroundings
  readonly routes: readonly Route[]
  /** Told of every request; without it none is watched. */
  readonly onAnswered?: OnAnswered | undefined
}

/** The HTTP server with every route mounted; it does not listen yet. */
export async function buildServer(parts: ServerParts): Promise<FastifyInstance> {
  const { deps, surroundings, routes, onAnswered } = parts
  const { publicUrl } = deps.rules
  const constant = securityHeaders(publicUrl)
  const server = fastify({
    ...limits,
    connectionTimeout: surroundings.control ? 0 : http.silenceMs,
    genReqId: (request) => requestId(request.headers['x-request-id'], deps),
    frameworkErrors: (error, request, reply) => {
      // No hook sees these.
      if (onAnswered) watch(request, reply, onAnswered)
      refuse(error, request, reply)
    },
    clientErrorHandler: refuseBytes,
  })
  const tellDefect = defectLog(deps)
  server.removeAllContentTypeParsers()
  answerInPlaceOfNode(server.server, refuseBytes)

  function refuseBytes(error: NodeJS.ErrnoException, socket: Connection): void {
    refuseSocket(error, socket, { publicUrl, constant, id: deps.ids.next() })
  }

  function refuse(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = asDomainError(thrown === request.raw.errored ? cutOff(thrown) : thrown)
    const problem = problemOf(error, request.id, publicUrl)
    request.refusal = error.code
    if (problem.status >= 500) tellDefect(request, error)
    void reply.code(problem.status)
    void reply.headers({ ...constant, 'x-request-id': request.id, ...problemHeaders(error) })
    // Where one message had two meanings, nobody knows where the next one begins.
    if (error.code === 'request_invalid') void reply.header('connection', 'close')
    if (request.routeOptions.config?.page) {
      const page = problemPage({ ...problem, requestId: request.id }, textsOf(request), { publicUrl })
      void reply.headers(pageHeaders('page', false)).send(page)
    } else {
      void reply.type('application/problem+json').send(JSON.stringify(problem))
    }
  }

  server.setErrorHandler(afterTheBody(refuse))
  server.setNotFoundHandler((request, reply) => {
    const methods = allowedMethods(routes, request.url)
    if (methods.length > 0) reply.header('allow', methods.join(', '))
    refuse(new DomainError(methods.length > 0 ? 'method_not_allowed' : 'not_found'), request, reply)
  })
  server.decorateRequest('refusal', null)
  server.addHook('onRequest', async (request, reply) => {
    if (onAnswered) watch(request, reply, onAnswered)
    reply.headers(constant)
    reply.header('x-request-id', request.id)
    requireOneMeaning(request)
  })
  const isOwn = (origin?: string) => origin !== undefined && isOwnOrigin(origin, publicUrl, surroundings)
  await server.register(cors, { origin: (origin, done) => done(null, isOwn(origin)), ...crossOrigin })
  for (const one of routes) mount(server, one, { deps, surroundings })
  return server
}

const crossOrigin = {
  credentials: false,
  strictPreflight: false,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  exposedHeaders: ['ETag', 'Location', 'Link', 'Retry-After', 'X-Request-Id'],
}

const limits = {
  bodyLimit: http.bodyMaxBytes,
  requestTimeout: http.requestTimeoutMs,
  keepAliveTimeout: http.keepAliveTimeoutMs,
  maxRequestsPerSocket: http.requestsPerSocket,
  forceCloseConnections: 'idle' as const,
  return503OnClosing: false,
  routerOptions: { maxParamLength: http.pathParameterMaxLength },
  http: {
    maxHeaderSize: http.headersMaxBytes,
    headersTimeout: http.headersTimeoutMs,
    connectionsCheckingInterval: http.timeoutCheckMs,
    // We refuse it ourselves, with a problem document.
    requireHostHeader: false,
  },
}

type Refuse = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => void

/** What is too large has not been read when it is refused. */
function afterTheBody(refuse: Refuse) {
  return async (thrown: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (asDomainError(thrown).code === 'body_too_large') await throwAway(request.raw)
    refuse(thrown, request, reply)
    return reply
  }
}

/** A user's page refuses in the language of the browser; null for the pages of developers. */
function textsOf({ routeOptions, headers }: FastifyRequest): PageTexts | null {
  return routeOptions.config.page === 'account' ? acceptedTexts(headers['accept-language']) : null
}

/** A body that ends early, or is no HTTP, is no defect of ours. */
function cutOff(cause: unknown): DomainError {
  return new DomainError('request_invalid', { cause })
}

/** Node's own answers are bare, and to CONNECT it has none. */
function answerInPlaceOfNode(
  server: FastifyInstance['server'],
  refuse: (error: Error, socket: Connection) => void,
): void {
  server.on('connect', (_request, socket) => refuse(new Error('there are no tunnels'), socket))
  // An unknown expectation is no reason to refuse a request (RFC 9110 section 10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
}

function requestId(given: string | string[] | undefined, deps: Deps): string {
  return typeof given === 'string' && UUID.test(given) ? given.toLowerCase() : deps.ids.next()
}

/**
 * Tells of what is no fault of the client. Of an overload once a second, with how many it has refused: a
 * flood must not become one of lines. A log that can't be written must not change the answer.
 */
function defectLog({ log, clock }: Deps): (request: FastifyRequest, error: DomainError) => void {
  let refused = 0
  let toldAt = -Infinity
  return (request, error) => {
    const fields = { requestId: request.id, code: error.code, route: request.routeOptions.url }
    try {
      if (catalogue[error.code].status === 500) log.error(fields, 'request failed', error.cause)
      else if (error.code !== 'overloaded') log.warn(fields, error.message)
      else {
        refused += 1
        if (Math.abs(clock.now() - toldAt) < http.overloadToldEveryMs) return
        toldAt = clock.now()
        log.warn({ ...fields, refused }, error.message)
        refused = 0
      }
    } catch {
      // there is nowhere left to say it
    }
  }
}
