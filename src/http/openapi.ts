/**
 * The OpenAPI 3.1 document, from the route table: schemas, examples, and every error code of every
 * operation.
 */
import type { TSchema } from 'typebox'
import { catalogue, type ProblemCode } from '../domain/errors.ts'
import { problemOf } from './errors.ts'
import { DomainError, fieldError } from '../domain/errors.ts'
import { permissions, type Permission } from '../domain/policy.ts'
import { version } from '../domain/version.ts'
import { declaredErrors, type ResponseSpec, type Route } from './route.ts'
import * as answers from './answers.ts'

const components = {
  User: answers.userSchema,
  SignedIn: answers.signedInSchema,
  UserList: answers.userListSchema,
  Session: answers.sessionSchema,
  SessionList: answers.sessionListSchema,
  AuditEvent: answers.auditEventSchema,
  AuditEventList: answers.auditListSchema,
  DeletionReceipt: answers.receiptSchema,
  AccountExport: answers.exportSchema,
  Problem: answers.problemSchema,
} as const

const tags = {
  Account: 'Registration, sign-in, profile, password, deletion',
  Sessions: 'Signed-in devices and their tokens',
  Administration: 'Users, their roles and sessions, and the audit; each operation names its permission',
  Tokens: 'What other services need to verify our tokens',
  Operation: 'Health',
  Documentation: 'This contract and the error reference',
  Pages: 'Pages behind mailed links; they work without JavaScript',
  Development: 'Only in development mode',
}

/** Scopes of our tokens are the permissions of their user; nobody asks for them. */
const scopes: Readonly<Record<Permission, string>> = {
  'users:read': 'Read users and their sessions',
  'users:write': 'Create users, disable and enable them',
  'users:delete': 'Delete users',
  'roles:write': 'Give and take roles',
  'sessions:write': 'Sign users out',
  'audit:read': 'Read the audit',
}

const EXAMPLE_ID = '019ab2c4-5d6e-7f80-9a1b-2c3d4e5f6071'

/** The whole document. Servers and token addresses are relative: it is right wherever it is served. */
export function openApiDocument(routes: readonly Route[]): object {
  const documented = routes.filter((one) => !one.undocumented)
  const paths: Record<string, Record<string, object>> = {}
  for (const one of documented) {
    const item = (paths[one.path] ??= {})
    item[one.method.toLowerCase()] = operation(one)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'User Management API',
      version,
      description:
        'Registration, sign-in, profiles, password reset, account deletion and roles. Every refusal ' +
        'is a problem document (RFC 9457) with a stable code; ' +
        '[the error reference](/docs/errors) explains each.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(components).map(([name, schema]) => [name, withReferences(schema, schema)]),
      ),
      securitySchemes: {
        password: {
          type: 'oauth2',
          description: 'Sign in with username or e-mail address and password; leave the client fields empty.',
          flows: { password: { tokenUrl: '/users/login', refreshUrl: '/users/token/refresh', scopes } },
        },
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
    },
  }
}

function operation(one: Route): object {
  const parameters = [...pathParameters(one), ...queryParameters(one), ...headerParameters(one)]
  const description = [one.description, permissionText(one)].filter(Boolean).join('\n\n')
  return {
    operationId: one.operationId,
    tags: [one.tag],
    summary: one.summary,
    ...(description && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(one.body && { requestBody: requestBody(one, one.body) }),
    responses: { ...successes(one), ...failures(one) },
    security: security(one),
  }
}

/** The names stand with both schemes: OpenAPI 3.1 takes them for others than OAuth 2 as well. */
function security(one: Route): object[] {
  if (one.access === 'public') return []
  const needed = permissionsOf(one).map((permission) => [permission])
  const each = needed.length > 0 ? needed : [[]]
  const signedIn = each.flatMap((names) => [{ password: names }, { bearer: names }])
  return one.access === 'owner-or-public' ? [{}, ...signedIn] : signedIn
}

function permissionText(one: Route): string {
  const needed = permissionsOf(one).map((permission) => `\`${permission}\``)
  return needed.length > 0 ? `Needs the permission ${needed.join(' or ')}.` : ''
}

/** Any one of them opens the operation. */
function permissionsOf({ access }: Route): readonly Permission[] {
  return permissions.filter((each) => (typeof access === 'string' ? access === each : access.includes(each)))
}

function pathParameters(one: Route): object[] {
  return [...one.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'id' ? { type: 'string', format: 'uuid' } : { type: 'string' },
    example: name === 'id' ? EXAMPLE_ID : name === 'code' ? 'email_taken' : 'Zs0kX…',
  }))
}

function queryParameters(one: Route): object[] {
  const properties: Readonly<Record<string, TSchema>> =
    one.query && 'properties' in one.query ? (one.query.properties as Record<string, TSchema>) : {}
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as { readonly description?: string }
    return { name, in: 'query', required: false, ...(description && { description }), schema: rest }
  })
}

function headerParameters(one: Route): object[] {
  return Object.entries(one.requestHeaders ?? {}).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }))
}

function requestBody(one: Route, schema: TSchema): object {
  const example = exampleOf(schema)
  const json = one.form === 'only' ? {} : { 'application/json': { schema, example } }
  const form = one.form ? { 'application/x-www-form-urlencoded': { schema: formSchema(one, schema) } } : {}
  return { required: !one.bodyOptional, content: { ...json, ...form } }
}

/** The OAuth 2 form of login (RFC 6749 section 4.3.2); pages post what their schema says. */
function formSchema(one: Route, schema: TSchema): object {
  if (one.form === 'only') return schema
  const text = { type: 'string' }
  const ignored = { grant_type: text, scope: text, client_id: text, client_secret: text }
  const properties = { username: text, password: text, ...ignored }
  return { type: 'object', required: ['username', 'password'], properties }
}

function successes(one: Route): Record<string, object> {
  return Object.fromEntries(Object.entries(one.responses).map(([status, spec]) => [status, response(spec)]))
}

function response(spec: ResponseSpec): object {
  const headers = Object.entries(spec.headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ])
  const content = spec.schema && { [spec.contentType ?? 'application/json']: media(spec, spec.schema) }
  return {
    description: spec.description,
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    ...(content && { content }),
  }
}

function media(spec: ResponseSpec, schema: TSchema): object {
  const written = withReferences(schema)
  return spec.contentType ? { schema: written } : { schema: written, example: exampleOf(schema) }
}

/** The schema as it is written: its components, however deep, by their names. `itself` is written out. */
function withReferences(schema: unknown, itself?: object): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  const name = Object.entries(components).find(([, component]) => component === schema)?.[0]
  if (name && schema !== itself) return { $ref: `#/components/schemas/${name}` }
  if (Array.isArray(schema)) return schema.map((each) => withReferences(each))
  return Object.fromEntries(Object.entries(schema).map(([key, child]) => [key, withReferences(child)]))
}

/** One response a status, with an example a code. Pages refuse in HTML with the same statuses. */
function failures(one: Route): Record<string, object> {
  const byStatus = Map.groupBy(declaredErrors(one), (code) => catalogue[code].status)
  const taken = Object.keys(one.responses)
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !taken.includes(String(status)))
      .map(([status, codes]) => [String(status), one.page ? pageFailure(codes) : failure(codes)]),
  )
}

function failure(codes: readonly ProblemCode[]): object {
  const examples = Object.fromEntries(
    codes.map((code) => [code, { summary: catalogue[code].title, value: exampleProblem(code) }]),
  )
  const problem = {
    allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: codes } } }],
  }
  return {
    description: codes.map((code) => `\`${code}\`: ${catalogue[code].title}`).join('  \n'),
    content: { 'application/problem+json': { schema: problem, examples } },
  }
}

function pageFailure(codes: readonly ProblemCode[]): object {
  const description = codes.map((code) => catalogue[code].title).join(', ')
  return { description, content: { 'text/html': { schema: { type: 'string' } } } }
}

function exampleProblem(code: ProblemCode): object {
  const errors = code === 'validation_failed' ? [fieldError('/email', 'email_format')] : []
  const example = new DomainError(code, { errors })
  return problemOf(example as DomainError & { code: ProblemCode }, EXAMPLE_ID, 'http://localhost:8080')
}

/** An example value of a schema, put together from the `examples` of its parts. */
function exampleOf(schema: TSchema): unknown {
  const { examples, properties, required, items, anyOf, type } = schema as {
    examples?: unknown[]
    properties?: Record<string, TSchema>
    required?: string[]
    items?: TSchema
    anyOf?: TSchema[]
    type?: string
    enum?: unknown[]
  }
  if (examples) return examples[0]
  if ('enum' in schema && Array.isArray(schema.enum)) return schema.enum[0]
  if (anyOf?.[0]) return exampleOf(anyOf[0])
  if (items) return [exampleOf(items)]
  if (!properties) return type === 'integer' ? 1 : type === 'boolean' ? true : type === 'object' ? {} : 'text'
  const shown =
    required && required.length > 0 ? Object.keys(properties) : Object.keys(properties).slice(0, 1)
  return Object.fromEntries(shown.map((name) => [name, exampleOf(properties[name] as TSchema)]))
}
