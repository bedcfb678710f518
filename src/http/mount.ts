/** From a declared route to the HTTP library's: access, body, fields, then the handler. */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import Type from 'typebox'
import type { Caller, Deps } from '../domain/deps.ts'
import { DomainError, refuseInvalid, type FieldError } from '../domain/errors.ts'
import { http, moving } from '../domain/limits.ts'
import type { Actor } from '../domain/policy.ts'
import { admitNetwork, readmitNetwork } from '../domain/throttle.ts'
import { readBulk, readForm, readJson } from './body.ts'
import { bodyKind, requireAccess, requireLoopback, requireSameSite } from './guards.ts'
import { pageHeaders, rateFields } from './headers.ts'
import { routerPath } from './paths.ts'
import { readQuery } from './query.ts'
import { takesContent, type Answer, type Call, type Route, type Surroundings } from './route.ts'
import { checker, isWithin } from './validation.ts'

declare module 'fastify' {
  interface FastifyRequest {
    actor: Actor | null
  }
  interface FastifyContextConfig {
    page?: 'account' | 'reference'
  }
}

export interface Context {
  readonly deps: Deps
  readonly surroundings: Surroundings
}

/** An operation that has no use for a body takes none with members: nothing is dropped silently. */
const noFields = Type.Object({}, { additionalProperties: false })

/** Fields that exist but are written elsewhere: refused by a code of their own (CONTRACT, PUT profile). */
const readOnlyFields = [
  'id',
  'roles',
  'status',
  'email_verified',
  'pending_email',
  'password',
  'created_at',
  'updated_at',
  'last_sign_in_at',
]

/**
 * Adds the route to the server. Throws where it names no access: such a route must not start (OWASP API5).
 */
export function mount(server: FastifyInstance, one: Route, context: Context): void {
  if (!one.access) throw new TypeError(`${one.operationId} names no access`)
  const { surroundings } = context
  const check = fieldChecks(one)
  void server.register(async (scope) => {
    scope.decorateRequest('actor', null)
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
      try {
        done(null, readBody(one, request, { bytes: body, context }))
      } catch (error) {
        done(error as Error)
      }
    })
    scope.route({
      method: one.method as HTTPMethods,
      url: routerPath(one.path),
      schema: { response: responseSchemas(one) },
      config: { ...(one.page && { page: one.page }), template: one.path },
      ...(one.bulk && { bodyLimit: moving.bodyMaxBytes }),
      onRequest: async (request) => {
        if (one.local) requireLoopback(request, one.local, surroundings)
        request.actor = await requireAccess(one, request, context)
      },
      preParsing: async (request) => {
        // A body in chunks may turn out to be empty, which is no body: its reader looks at the type.
        if (request.headers['transfer-encoding'] !== undefined) return
        const kind = takesContent(one) ? bodyKind(one, request) : null
        // The library looks at the type of an empty body too; for us that is no body.
        if (kind === null) delete request.raw.headers['content-type']
      },
      handler: async (request, reply) => {
        if (one.query) request.query = readQuery(one.query, request.query)
        const call = callOf(request, reply, context)
        one.requireHeaders?.(call)
        refuseInvalid(check(call))
        const answer = await inTime(one, limited(one, call), reply.elapsedTime)
        if (one.page) reply.headers(pageHeaders('page', false))
        if (answer.headers) reply.headers(answer.headers)
        return reply.code(answer.status).send(answer.body)
      },
    })
  })
}

/** The answer, within what the caller's network may do; the fields have been checked by then. */
async function limited(one: Route, call: Call): Promise<Answer> {
  if (one.hashes) call.deps.passwords.requireRoom()
  if (!one.limit) return one.handle(call)
  const state = await admitNetwork(one.limit.rate, call.caller, call.deps)
  try {
    const answer = await one.handle(call)
    await giveBackUncounted(one.limit, answer.counted, call)
    return state ? { ...answer, headers: { ...rateFields(state), ...answer.headers } } : answer
  } catch (error) {
    const refusal = error instanceof DomainError ? error : null
    await giveBackUncounted(one.limit, refusal?.code, call)
    throw state && refusal ? refusal.withRate(state) : error
  }
}

/** Never at the cost of the answer: what can't be given back stays counted. */
async function giveBackUncounted(
  { rate, counts }: NonNullable<Route['limit']>,
  code: string | undefined,
  { caller, deps }: Call,
): Promise<void> {
  if (!counts || counts.some((each) => each === code)) return
  try {
    await readmitNetwork(rate, caller, deps)
  } catch {
    deps.log.warn({ event: 'attempt_not_given_back', rate, requestId: caller.requestId }, 'stays counted')
  }
}

/** The answer, or `store_unavailable` when the time is up: what was begun may still be done. */
async function inTime(one: Route, answer: Promise<Answer>, elapsedMs: number): Promise<Answer> {
  if (one.patient || one.storeless) return answer
  const late = Promise.withResolvers<never>()
  const giveUp = () =>
    late.reject(new DomainError('store_unavailable', { detail: 'The database did not answer in time.' }))
  const timer = setTimeout(giveUp, Math.max(0, http.answerMs - elapsedMs))
  return Promise.race([answer, late.promise]).finally(() => clearTimeout(timer))
}

function readBody(
  one: Route,
  request: FastifyRequest,
  { bytes, context }: { bytes: string | Buffer; context: Context },
): unknown {
  if (typeof bytes === 'string' || bytes.length === 0) return undefined
  if (one.bulk) return readBulk(bytes)
  if (bodyKind(one, request) !== 'form') return readJson(bytes)
  requireSameSite(one, request, context)
  const fields = readForm(bytes)
  // RFC 6749 section 4.3.2, and what the Authorize button of the API docs adds: accepted and ignored.
  const ignored = ['grant_type', 'scope', 'client_id', 'client_secret']
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !ignored.includes(name)))
}

/**
 * Schema first, then the rules' verdict on what the schema accepted, so that a 422 names everything at
 * once.
 */
function fieldChecks(one: Route): (call: Call) => FieldError[] {
  const body = takesContent(one) ? checker(one.body ?? noFields, readOnlyFields) : null
  const query = one.query && checker(one.query)
  return (call) => {
    const queryErrors = query?.check(call.query) ?? []
    if (!body) return queryErrors
    const errors = body.check(call.body)
    if (errors.length === 0 || !one.fieldErrors || !isObject(call.body)) return [...queryErrors, ...errors]
    const accepted = acceptedFields(call.body, errors)
    const ruled = one
      .fieldErrors(accepted, call)
      .filter(({ pointer }) => !errors.some((named) => isWithin(pointer, named.pointer)))
    return [...queryErrors, ...errors, ...ruled]
  }
}

function isObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null && !Array.isArray(body)
}

function acceptedFields(body: object, errors: readonly FieldError[]): Record<string, unknown> {
  const refused = new Set(errors.map((error) => error.pointer.split('/')[1]))
  return Object.fromEntries(Object.entries(body).filter(([name]) => !refused.has(name)))
}

function callOf(request: FastifyRequest, reply: FastifyReply, { deps, surroundings }: Context): Call {
  return {
    // No body is an object without members: all that is required is missing from it.
    body: request.body === undefined ? {} : request.body,
    query: request.query,
    params: request.params as Record<string, string>,
    header: (name) => {
      const value = request.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    caller: callerOf(request, reply, surroundings),
    actor: request.actor,
    deps,
    surroundings,
  }
}

/** The signal is made only when somebody waits on it: most requests are answered at once. */
function callerOf(request: FastifyRequest, reply: FastifyReply, surroundings: Surroundings): Caller {
  const { control, networkOf } = surroundings
  const forwardedFor = String(request.headers['x-forwarded-for'] ?? '')
  // A socket that has been closed names no peer any more.
  const peer = request.socket.remoteAddress
  let gone: AbortController | null = null
  return {
    requestId: control ? `cli:${request.id}` : request.id,
    userAgent: request.headers['user-agent'] ?? null,
    get network() {
      return networkOf?.(peer, forwardedFor) ?? null
    },
    get gone() {
      if (gone) return gone.signal
      const controller = new AbortController()
      gone = controller
      reply.raw.once('close', () => controller.abort())
      return controller.signal
    },
  }
}

function responseSchemas(one: Route): Record<number, unknown> {
  const json = Object.entries(one.responses).filter(([, spec]) => spec.schema && !spec.contentType)
  return Object.fromEntries(json.map(([status, spec]) => [status, spec.schema]))
}
