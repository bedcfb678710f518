/** Holds every answer against the OpenAPI document that the same server serves, and against the rules for all answers. */
import assert from 'node:assert/strict'
import { Compile, type Validator } from 'typebox/schema'
import { recordPair } from './openapi-check-pairs.ts'
import { routes } from '../../src/http/routes.ts'
import { declaredErrors } from '../../src/http/route.ts'

/** An answer, and what it answers. Header names are in lower case. */
export interface Exchange {
  readonly method: string
  /** As it was sent, with its query. */
  readonly target: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance: string
  readonly code: string
  readonly action: string
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly message: string }[]
  readonly request_id: string
  readonly retry_after?: number
}

interface Schema {
  readonly [keyword: string]: unknown
}
interface Media {
  readonly schema: Schema
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}
export interface Response {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, Media>>
}
export interface Operation {
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly example?: unknown
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, Response>>
  readonly security: readonly object[]
}
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'method' | 'path'>>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface OpenApiCheck {
  readonly operations: readonly Operation[]
  /** Throws what is wrong with the answer. Returns the operation that answered; null where none fits. */
  check(exchange: Exchange): Operation | null
}

const UUID = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
/** What the router itself may answer where no operation fits. */
const ROUTER_CODES = ['not_found', 'method_not_allowed', 'request_invalid']
const LEAKS = [
  /node_modules/i,
  /\bat .*\.[jt]s\b/,
  /\.[jt]s:\d/,
  /\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\b/,
  /sqlite|mongo|fastify|typebox|FST_|ERR_[A-Z]/i,
  /(?:^|[\s"'(])\/(?:home|tmp|usr|var|work|root)\//,
  /(?:Type|Range|Syntax|Reference)Error/,
]

/** What lies in the store and is nobody's to see: a stored hash, and the members that hold secrets or guard them. */
const PROTECTED = /\$argon2|"(?:password_?hash|epoch|generation|refresh_?key_?id|sealed\w*|private\w*)":/i

export function createOpenApiCheck(document: OpenApiDocument, publicUrl: string): OpenApiCheck {
  const operations = operationsOf(document)
  const compiled = new Map<Schema, Validator>()

  function requireValid(schema: Schema, value: unknown, where: string): void {
    const validator = compiled.get(schema) ?? Compile(dereferenced(schema, document))
    compiled.set(schema, validator)
    if (validator.Check(value)) return
    assert.fail(`${where} does not fit its schema: ${JSON.stringify(validator.Errors(value)[1])}`)
  }

  function requireDeclared(exchange: Exchange, operation: Operation): void {
    const where = `${operation.operationId} ${exchange.status}`
    const response = operation.responses[String(exchange.status)]
    assert.ok(response, `${where} is not declared: ${exchange.body.slice(0, 300)}`)
    if (exchange.status < 400) {
      for (const name of Object.keys(response.headers ?? {}))
        assert.ok(exchange.headers[name.toLowerCase()], `${where} lacks the header ${name}`)
    }
    const [type, media] = Object.entries(response.content ?? {})[0] ?? [undefined, undefined]
    assert.equal(exchange.headers['content-type']?.split(';')[0], type, `${where} content type`)
    if (!media || exchange.method === 'HEAD') return assert.equal(exchange.body, '', `${where} has a body`)
    requireValid(media.schema, type === 'text/html' ? exchange.body : parsed(exchange.body), where)
  }

  return {
    operations,
    check(exchange) {
      requireConstantHeaders(exchange)
      const operation = operationFor(operations, exchange)
      const isPage = exchange.headers['content-type']?.startsWith('text/html') ?? false
      if (operation) requireDeclared(exchange, operation)
      if (!isPage && !isContract(operation)) assert.doesNotMatch(exchange.body, PROTECTED)
      if (exchange.status < 400) return operation
      for (const leak of LEAKS) assert.doesNotMatch(exchange.body, leak)
      if (exchange.method === 'HEAD') return operation
      const code = isPage ? pageCode(exchange.body) : requireProblem(exchange, publicUrl)
      if (operation && code) {
        if (isPage) requirePageCode(operation, code)
        recordPair(operation.operationId, code)
      } else if (code) assert.ok(ROUTER_CODES.includes(code), `the router answers ${code}`)
      return operation
    },
  }
}

/** The document describes everything, by name. */
function isContract(operation: Operation | null): boolean {
  return operation?.operationId === 'openapi'
}

function operationsOf(document: OpenApiDocument): readonly Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  )
}

/** Fixed words win over parameters; HEAD is GET without a body. */
function operationFor(operations: readonly Operation[], { method, target }: Exchange): Operation | null {
  const path = decoded(target.split(/[?#]/)[0] ?? '')
  if (path === null) return null
  const fixed = operations.filter((one) => one.path === path)
  const fitting = fixed.length > 0 ? fixed : operations.filter((one) => patternOf(one.path).test(path))
  const wanted = method === 'HEAD' ? 'GET' : method
  return fitting.find((one) => one.method === wanted) ?? null
}

/** As the router reads a path: escaped slashes stay escaped. Null for what it can't read. */
function decoded(path: string): string | null {
  try {
    return decodeURI(path)
  } catch {
    return null
  }
}

function patternOf(path: string): RegExp {
  const source = path
    .replaceAll('.', '\\.')
    .replaceAll(/\{\w+\}/g, (parameter) => (parameter === '{id}' ? UUID : '[^/]+'))
  return new RegExp(`^${source}$`)
}

/** References resolved in place: the schemas of the document hold no cycle. */
export function dereferenced(schema: Schema, document: OpenApiDocument): Schema {
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve)
    if (typeof value !== 'object' || value === null) return value
    if ('$ref' in value) {
      const name = String(value.$ref).replace('#/components/schemas/', '')
      return resolve(document.components.schemas[name])
    }
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, resolve(child)]))
  }
  return { allOf: [resolve(schema)] }
}

function requireConstantHeaders({ headers, target, method, status }: Exchange): void {
  const where = `${method} ${target} ${status}`
  assert.match(headers['x-request-id'] ?? '', new RegExp(`^${UUID}$`), `${where} x-request-id`)
  assert.equal(headers['x-content-type-options'], 'nosniff', where)
  assert.match(
    headers['content-security-policy'] ?? '',
    /^default-src 'none';.*frame-ancestors 'none'/,
    where,
  )
  assert.match(headers['referrer-policy'] ?? '', /^(?:no-referrer|same-origin)$/, where)
  const cacheable = /^\/(?:\.well-known|assets)\//.test(target) && status === 200
  assert.equal(headers['cache-control'], cacheable ? 'public, max-age=600' : 'no-store', where)
  for (const telling of ['server', 'x-powered-by', 'via']) assert.equal(headers[telling], undefined, where)
}

/** What holds for every problem document; returns its code. */
function requireProblem(exchange: Exchange, publicUrl: string): string {
  const { headers, status } = exchange
  assert.match(
    headers['content-type'] ?? '',
    /^application\/problem\+json(?:; charset=utf-8)?$/,
    exchange.body,
  )
  const problem: Problem = parsed(exchange.body)
  const id = headers['x-request-id']
  assert.equal(problem.status, status)
  assert.equal(problem.type, `${publicUrl}/docs/errors/${problem.code}`)
  assert.equal(problem.instance, `urn:uuid:${id}`)
  assert.equal(problem.request_id, id)
  assert.ok(problem.title && problem.detail && problem.action, exchange.body)
  assert.equal(headers['www-authenticate']?.startsWith('Bearer') ?? false, challenged(problem), problem.code)
  assert.equal(headers['retry-after'] !== undefined, status === 503 || status === 429, problem.code)
  assert.equal(
    headers['retry-after'],
    problem.retry_after === undefined ? undefined : `${problem.retry_after}`,
  )
  assert.equal(headers['allow'] !== undefined, status === 405)
  assert.equal(problem.code === 'validation_failed', status === 422 && problem.errors !== undefined)
  assert.notEqual(problem.errors?.length, 0, 'an empty errors[]')
  return problem.code
}

/** A 401 always challenges (RFC 9110 section 15.5.2); a 403 only for want of permission (RFC 6750 section 3.1). */
function challenged({ status, code }: Problem): boolean {
  return status === 401 || code === 'permission_denied'
}

/** The code on a page that refuses; null on one that has a text of its own. */
function pageCode(body: string): string | null {
  return /<dt>Code<\/dt>\s*<dd>\s*<a href="\/docs\/errors\/(\w+)">/.exec(body)?.[1] ?? null
}

/** The document shows no codes for pages; the route table does. */
function requirePageCode({ operationId }: Operation, code: string): void {
  const declared = routes
    .filter((one) => one.operationId === operationId)
    .flatMap((one) => declaredErrors(one))
  assert.ok(
    declared.some((each) => each === code),
    `${operationId} does not declare ${code}`,
  )
}

function parsed<T>(text: string): T {
  try {
    return JSON.parse(text)
  } catch {
    return assert.fail(`not JSON: ${text.slice(0, 200)}`)
  }
}
