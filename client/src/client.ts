/**
 * A client of the user management server, for browsers and Node 20 or newer. Every operation of the API is a method;
 * what comes back is a value, good or bad: nothing that a server or a network does is thrown.
 */
import { operations } from './operations.ts'
import type { Operations, Problem } from './operations.ts'

export type {
  AccountExport,
  AuditEvent,
  AuditEventList,
  DeletionReceipt,
  Operations,
  Problem,
  Session,
  SessionList,
  SignedIn,
  User,
  UserList,
} from './operations.ts'

/** What comes from the client itself and not from the server. */
export type ClientCode =
  /** No answer came; whether the server has acted is not known. */
  | 'network_error'
  /** The `signal` of the call was aborted. */
  | 'aborted'
  /** The session is over: its tokens could not be renewed. Sign in again. */
  | 'session_ended'
  /** The tokens could not be renewed now, and the call was not made. Try again later. */
  | 'refresh_failed'
  /** Something else than the API has answered: a proxy, or a page. */
  | 'unexpected_answer'

/** A problem document (RFC 9457), its code one of those that the operation can answer. */
export type ProblemOf<Name extends keyof Operations> =
  | (Omit<Problem, 'code'> & { readonly code: Operations[Name]['codes'] })
  | { readonly code: ClientCode; readonly title: string; readonly detail: string; readonly status: number }

type Answers<Name extends keyof Operations> = {
  [Status in keyof Operations[Name]['answers']]: {
    readonly ok: true
    readonly status: Status
    readonly data: Operations[Name]['answers'][Status]
    readonly headers: Headers
  }
}

/** What an operation comes to. */
export type Result<Name extends keyof Operations> =
  | Answers<Name>[keyof Answers<Name>]
  | { readonly ok: false; readonly status: number; readonly problem: ProblemOf<Name> }

/** What a call takes; `signal` gives it up. */
export type Input<Name extends keyof Operations> = Operations[Name]['input'] & {
  readonly signal?: AbortSignal | undefined
}

type Method<Name extends keyof Operations> = {} extends Operations[Name]['input']
  ? (input?: Input<Name>) => Promise<Result<Name>>
  : (input: Input<Name>) => Promise<Result<Name>>

/** A method for each operation. */
export type Client = { readonly [Name in keyof Operations]: Method<Name> }

/** What the client keeps of a session. The device token outlives sign-out: it is of the device. */
export interface Tokens {
  readonly access?: string | undefined
  readonly refresh?: string | undefined
  readonly device?: string | undefined
  /** When the access token ends, in milliseconds of this machine's clock. */
  readonly endsAt?: number | undefined
}

/** Where tokens are kept; memory unless given. What several tabs share may change between two calls. */
export interface TokenStore {
  get(): Tokens | Promise<Tokens>
  set(tokens: Tokens): void | Promise<void>
}

export interface ClientOptions {
  /** The public URL of the server; in a browser, the page's own unless given. */
  readonly baseUrl?: string
  readonly tokens?: TokenStore
  readonly fetch?: typeof fetch
  /** Called once when a session is over that this client has not signed out of, with the code that said so. */
  readonly onSessionEnded?: (code: string) => void
}

/** An access token that ends so soon is replaced before it is sent: clocks and networks are not exact. */
const EARLY_MS = 15_000
/** A token that is answered so may be replaced by a refresh. */
const REPLACEABLE = ['token_expired', 'token_invalid']
const SESSION_OVER = /^(session_revoked|refresh_token_)/

interface AnyInput {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: Readonly<Record<string, unknown>>
  readonly signal?: AbortSignal
}
type AnyResult =
  | { readonly ok: true; readonly status: number; readonly data: unknown; readonly headers: Headers }
  | { readonly ok: false; readonly status: number; readonly problem: { readonly code: string } }

/** Makes a client. Several may share a token store; within one, a token is refreshed by one request at a time. */
export function createClient(options: ClientOptions = {}): Client {
  const { baseUrl = '', onSessionEnded } = options
  const store = options.tokens ?? memory()
  const send = options.fetch ?? fetch
  let refreshing: Promise<AnyResult> | null = null

  async function request(name: keyof Operations, input: AnyInput, access?: string): Promise<AnyResult> {
    const [method, path, , form] = operations[name]
    const headers = new Headers({ accept: 'application/json' })
    for (const [key, value] of Object.entries(input.headers ?? {}))
      if (value !== undefined) headers.set(key, value)
    if (access) headers.set('authorization', `Bearer ${access}`)
    const body = form ? new URLSearchParams(present(input.body)) : input.body && JSON.stringify(input.body)
    if (body && !form) headers.set('content-type', 'application/json')
    const query = new URLSearchParams(present(input.query)).toString()
    const filled = path.replace(/\{(\w+)\}/g, (_, key: string) =>
      encodeURIComponent(input.params?.[key] ?? ''),
    )
    const url = baseUrl.replace(/\/$/, '') + filled + (query && `?${query}`)
    const signal = input.signal ?? null
    try {
      return await readAnswer(await send(url, { method, headers, signal, ...(body && { body }) }))
    } catch (error) {
      return failed(signal?.aborted ? 'aborted' : 'network_error', 0, reasonOf(error))
    }
  }

  /** A request whose tokens, new or dead, are kept. `presented` is the token that it stands on. */
  async function act(name: keyof Operations, input: AnyInput, presented?: string): Promise<AnyResult> {
    const result = await request(name, input, name === 'refresh' ? undefined : presented)
    const kept = await store.get()
    const left = kept.device === undefined ? {} : { device: kept.device }
    if (result.ok) {
      const {
        access_token: access,
        refresh_token: refresh,
        device_token,
        expires_in = 0,
      } = tokensOf(result.data)
      const device = device_token ?? kept.device
      if (name === 'logout' || name === 'deleteAccount') await store.set(left)
      else if (access) await store.set({ access, refresh, device, endsAt: Date.now() + expires_in * 1000 })
      else if (device !== kept.device) await store.set({ ...kept, device })
      return result
    }
    const { code } = result.problem
    // A later session may have taken the place of the one that is over.
    const mine = presented !== undefined && (kept.access === presented || kept.refresh === presented)
    if (result.status === 401 && mine && SESSION_OVER.test(code)) {
      await store.set(left)
      onSessionEnded?.(code)
    }
    return result
  }

  /** The tokens after those with a `stale` access token: rotated once for all who wait for it. */
  async function refreshed(stale: string | undefined): Promise<AnyResult | Tokens> {
    const { access, refresh, ...others } = await store.get()
    // Another call, or another tab, was faster.
    if (access !== stale || !refresh) return { access, refresh, ...others }
    refreshing ??= act('refresh', { body: { refresh_token: refresh } }, refresh).finally(
      () => (refreshing = null),
    )
    const result = await refreshing
    if (result.ok) return store.get()
    const { status, problem } = result
    return failed(status === 401 ? 'session_ended' : 'refresh_failed', status, problem.code)
  }

  async function authenticated(name: keyof Operations, input: AnyInput): Promise<AnyResult> {
    let tokens = await store.get()
    if (tokens.refresh && (tokens.endsAt ?? 0) - Date.now() < EARLY_MS) {
      const fresh = await refreshed(tokens.access)
      if ('ok' in fresh) return fresh
      tokens = fresh
    }
    const result = await act(name, input, tokens.access)
    if (result.ok || !tokens.access || !REPLACEABLE.includes(result.problem.code)) return result
    const fresh = await refreshed(tokens.access)
    if ('ok' in fresh) return fresh
    return fresh.access === tokens.access ? result : act(name, input, fresh.access)
  }

  async function call(name: keyof Operations, input: AnyInput = {}): Promise<AnyResult> {
    if (operations[name][2] !== 'none') return authenticated(name, input)
    const { device } = name === 'login' ? await store.get() : {}
    return act(name, device ? { ...input, body: { device_token: device, ...input.body } } : input)
  }

  const names = Object.keys(operations) as (keyof Operations)[]
  return Object.fromEntries(
    names.map((name) => [name, (input?: AnyInput) => call(name, input)]),
  ) as unknown as Client
}

async function readAnswer(response: Response): Promise<AnyResult> {
  const { status, headers } = response
  const text = await response.text()
  const type = headers.get('content-type') ?? ''
  const json = /^application\/([\w.-]+\+)?json\b/.test(type) && text ? parsed(text) : undefined
  if (json === BROKEN) return failed('unexpected_answer', status, text.slice(0, 500))
  if (response.ok) return { ok: true, status, data: json ?? (text || undefined), headers }
  if (typeof json === 'object' && json !== null && 'code' in json) {
    return { ok: false, status, problem: { ...json, code: String(json.code) } }
  }
  return failed('unexpected_answer', status, text.slice(0, 500))
}

const BROKEN = Symbol('not JSON')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return BROKEN
  }
}

/** Node says what went wrong in the cause only. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? `${error}: ${error.cause}` : String(error)
}

function failed(code: ClientCode, status: number, detail: string): AnyResult {
  const problem = { code, title: 'There is no answer of the API', detail, status }
  return { ok: false, status, problem }
}

function tokensOf(data: unknown): Partial<Operations['login']['answers'][200]> {
  return typeof data === 'object' && data !== null ? data : {}
}

function present(fields: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
}

function memory(): TokenStore {
  let kept: Tokens = {}
  return { get: () => kept, set: (tokens) => void (kept = tokens) }
}
