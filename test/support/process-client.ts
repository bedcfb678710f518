/** A small client of a running server, as another program would write it. */
import { until } from './process.ts'

/** What answers may hold; a test reads what the status promises. */
export interface Body {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly email_verified: boolean
  readonly pending_email: string | null
  readonly profile: Readonly<Record<string, string>>
  readonly access_token: string
  readonly refresh_token: string
  readonly device_token: string
  readonly session_id: string
  readonly expires_in: number
  readonly token_type: string
  readonly user: Body
  readonly status: string | number
  readonly sessions_revoked: number
  readonly deletion_id: string
  readonly erased: Readonly<Record<string, number>>
  readonly retained: readonly { readonly what: string; readonly until: string }[]
  readonly code: string
  readonly action: string
  readonly detail: string
  readonly errors: readonly { readonly pointer: string; readonly code: string }[]
  readonly messages: readonly Mail[]
  readonly roles: readonly string[]
  /** Of a list: users, sessions or events. */
  readonly items: readonly Item[]
  readonly next: string | null
}

/** What the members of lists have. */
export interface Item {
  readonly id: string
  readonly username: string
  readonly action: string
  readonly actor_id: string | null
  readonly user_id: string | null
}

export interface Mail {
  readonly id: string
  readonly to: string
  readonly kind: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly links: readonly string[]
  readonly tokens: readonly string[]
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Body
}

export interface Request {
  readonly body?: unknown
  /** Sent as an OAuth or HTML form instead of `body`. */
  readonly form?: Readonly<Record<string, string>>
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export type Client = (operation: string, request?: Request) => Promise<Answer>

/** `call('POST /users/login', { body })` on the server at this address. */
export function clientOf(url: string): Client {
  return async (operation, { body, form, token, headers, signal } = {}) => {
    const [method = 'GET', path = '/'] = operation.split(' ')
    const sent = form ? new URLSearchParams(form) : body === undefined ? null : JSON.stringify(body)
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(sent !== null && { body: sent }),
      ...(signal && { signal }),
    })
    const text = await response.text()
    const json = /\bjson\b/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, text, body: JSON.parse(json ? text : '{}') }
  }
}

/** Sends again while the server is busy, as the action of `overloaded` says: such a request was surely not applied. */
export function patient(call: Client): Client {
  return (operation, request) =>
    until(async () => {
      const answer = await call(operation, request)
      return answer.body.code === 'overloaded' ? null : answer
    }, 'a server that is not busy')
}

/** The newest mail of this kind to this address, once it is there. */
export async function mailTo(call: Client, to: string, kind: string): Promise<Mail> {
  const query = new URLSearchParams({ to, kind, wait: '20' })
  return until(async () => {
    const { body } = await call(`GET /dev/mail/messages?${query.toString()}`)
    return body.messages[0] ?? null
  }, `a mail of the kind ${kind}`)
}
