/**
 * One declaration an operation: types, validation, answers, error codes, access and documentation come from
 * it. A route that names no access does not compile, and stops the start.
 */
import Type, { type Static, type TSchema } from 'typebox'
import type { Caller, Deps, Network } from '../domain/deps.ts'
import type { FieldError, ProblemCode } from '../domain/errors.ts'
import { operator, type Actor, type Administrator, type Permission } from '../domain/policy.ts'
import type { NetworkRate } from '../domain/rates.ts'
import type { Inbox } from '../domain/ports/inbox.ts'

/**
 * `owner` is any signed-in user acting on itself; `owner-or-public` reads a bearer token where there is
 * one. A permission, or one of several, is for administrators; `operator` is served on the control socket
 * only.
 */
export type Access = 'public' | 'owner' | 'owner-or-public' | 'operator' | Permission | readonly Permission[]

export interface ResponseSpec {
  readonly description: string
  /** The body; JSON unless `contentType` says otherwise. No schema, no body. */
  readonly schema?: TSchema
  readonly contentType?: string
  /** Header name → what it says. */
  readonly headers?: Readonly<Record<string, string>>
}

export type Responses = Readonly<Record<number, ResponseSpec>>

/**
 * What is not the rules' business but the routes need: state of the process and what only development has.
 */
export interface Surroundings {
  readonly mode: 'development' | 'production'
  readonly corsOrigins: readonly string[]
  /** Null when ready; else what is missing, for the problem document of `/readyz`. */
  readonly notReady: () => Promise<string | null>
  /** Aborted when the server is about to stop: whoever waits is answered now. */
  readonly stopping: AbortSignal
  /** Development only. */
  readonly inbox: Inbox | null
  /** The operator's looks of mails, for the inbox; the built-in ones unless given. */
  readonly mailStyles?: string
  /** This is the control socket: who can open it acts as the operator, without a token. */
  readonly control: boolean
  /** The network of a client, by its peer address and X-Forwarded-For; absent where nobody is limited. */
  readonly networkOf?: (peer: string | undefined, forwardedFor: string) => Network | null
  /** The first administrator has been made, so that the setup link can be cleared away. */
  readonly onFirstAdmin?: () => void
}

export interface Call<Body = unknown, Query = unknown> {
  readonly body: Body
  readonly query: Query
  readonly params: Readonly<Record<string, string>>
  readonly header: (name: string) => string | undefined
  readonly caller: Caller
  /** Null on public routes, and on `owner-or-public` ones without a bearer token. */
  readonly actor: Actor | null
  readonly deps: Deps
  readonly surroundings: Surroundings
}

export interface Answer {
  /** Of a page, which shows what is wrong instead of throwing it: the code, for `limit.counts`. */
  readonly counted?: ProblemCode
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface RouteText {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** In the form of OpenAPI: `/users/{id}`. A parameter named `id` is a UUID by its pattern. */
  readonly path: string
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly access: Access
  /** The codes that its rules throw; those of access, body and store are added by `declaredErrors`. */
  readonly errors: readonly ProblemCode[]
  /** Answers and refuses as HTML: to users in their language, to developers in English. */
  readonly page?: 'account' | 'reference'
  /** Also takes `application/x-www-form-urlencoded`. */
  readonly form?: 'also' | 'only'
  readonly bodyOptional?: true
  /** Request headers that the operation reads: name → meaning. */
  readonly requestHeaders?: Readonly<Record<string, string>>
  /** Not in the OpenAPI document: files and redirects. */
  readonly undocumented?: true
  /** May wait longer than other requests: for a mail that is to come. */
  readonly patient?: true
  /** Moves many rows: its bodies are large, and a command in this process calls it without a request. */
  readonly bulk?: true
  /** Only for a browser on this machine: in development, or (the setup page) in every mode. */
  readonly local?: 'development' | 'always'
  /** How often a network may do this; with `counts` only the attempts that end with one of these codes. */
  readonly limit?: { readonly rate: NetworkRate; readonly counts?: readonly ProblemCode[] }
  /** Costs a hash, whoever asks: while their queue is full, nobody is counted, looked up or compared. */
  readonly hashes?: true
  /** Touches no store: health, keys, documents. */
  readonly storeless?: true
}

export interface Route extends RouteText {
  readonly body?: TSchema
  readonly query?: TSchema
  readonly responses: Responses
  /**
   * The rules' verdict on as much of a body as its schema accepted, so that a 422 names everything at once.
   */
  readonly fieldErrors?: (body: Readonly<Record<string, unknown>>, call: Call) => FieldError[]
  /** Refuses headers that can't be read (400), before the fields of the body are looked at (422). */
  readonly requireHeaders?: (call: Call) => void
  readonly handle: (call: Call) => Promise<Answer>
}

type BodyOf<S> = S extends TSchema ? Static<S> : undefined
type AnswerOf<R extends Responses> = {
  [Status in keyof R & number]: {
    readonly status: Status
    readonly headers?: Readonly<Record<string, string>>
    readonly counted?: ProblemCode
  } & (R[Status] extends { readonly schema: infer S extends TSchema }
    ? { readonly body: Static<S> }
    : { readonly body?: undefined })
}[keyof R & number]

interface RouteSpec<
  Body extends TSchema | undefined,
  Query extends TSchema | undefined,
  R extends Responses,
> extends RouteText {
  readonly body?: Body
  readonly query?: Query
  readonly responses: R
  readonly fieldErrors?: Route['fieldErrors']
  readonly requireHeaders?: Route['requireHeaders']
  readonly handle: (call: Call<BodyOf<Body>, BodyOf<Query>>) => Promise<AnswerOf<NoInfer<R>>>
}

/** Declares an operation: a wrong status, body or error code does not compile. */
export function route<
  const R extends Responses,
  Body extends TSchema | undefined = undefined,
  Query extends TSchema | undefined = undefined,
>(spec: RouteSpec<Body, Query, R>): Route {
  // The server calls `handle` only with what the schemas of this very spec have accepted.
  return spec as unknown as Route
}

/** The answer of a page: text, HTML on the wire. */
export function htmlPage(description: string) {
  return { description, contentType: 'text/html', schema: Type.String() } as const
}

/** Every code that the operation can answer with: the rules' own and those of access, body and store. */
export function declaredErrors(one: Route): readonly ProblemCode[] {
  const codes = new Set<ProblemCode>(['request_invalid', 'internal_error', ...one.errors])
  if (one.access !== 'public') {
    for (const code of ['token_missing', 'token_invalid', 'token_expired', 'session_revoked'] as const) {
      codes.add(code)
    }
  }
  if (isAdministrative(one)) codes.add('permission_denied')
  if (takesContent(one)) {
    for (const code of ['body_too_large', 'media_type_unsupported', 'validation_failed'] as const)
      codes.add(code)
    if (one.form !== 'only') codes.add('json_invalid')
  }
  if (one.limit) codes.add('rate_limited')
  if (one.form) codes.add('cross_site_request')
  if (one.query) codes.add('validation_failed')
  if (!one.storeless) codes.add('store_unavailable')
  return [...codes]
}

/** Whether a body has a meaning; with GET it has none (RFC 9110 section 9.3.1). */
export function takesContent({ method }: Pick<Route, 'method'>): boolean {
  return method !== 'GET'
}

/** Whether a permission opens it: such a route is served on the control socket too. */
export function isAdministrative({ access }: Pick<Route, 'access'>): boolean {
  return access !== 'operator' && access !== 'public' && access !== 'owner' && access !== 'owner-or-public'
}

/** The `{id}` of the path, as ids are stored. */
export function idOf({ params }: Pick<Call, 'params'>): string {
  return (params['id'] ?? '').toLowerCase()
}

/** Whoever acts on a route whose access is a permission: a signed-in user, or the operator. */
export function administrator(call: Pick<Call, 'actor' | 'surroundings'>): Administrator {
  return call.surroundings.control ? operator : signedInActor(call)
}

/** The caller of a route whose access is `owner` or a permission. */
export function signedInActor(call: { readonly actor: Actor | null }): Actor {
  if (!call.actor) throw new TypeError('the route has no access that authenticates')
  return call.actor
}
