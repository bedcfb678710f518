import type { FastifyRequest } from 'fastify'
import { authenticate } from '../domain/authenticate.ts'
import { DomainError } from '../domain/errors.ts'
import { holds, type Actor } from '../domain/policy.ts'
import type { Context } from './mount.ts'
import type { Route, Surroundings } from './route.ts'

const BEARER = /^Bearer +([^\s]+) *$/i
const JSON_TYPE = /^application\/json *(; *charset *= *(?:utf-8|"utf-8") *)?$/i
const FORM_TYPE = /^application\/x-www-form-urlencoded *(; *charset *= *(?:utf-8|"utf-8") *)?$/i
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i
const LOOPBACK_PEER = /^(127\.|::1$|::ffff:127\.)/
/** A host and a port (RFC 9112 section 3.2), of the characters that host names and addresses have. */
const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d*)?$/i
/**
 * What some other reader of a path would take for another path: bytes that are no visible ASCII, `;`, `\`,
 * empty segments and those of dots, and escapes of control bytes, of separators and of what needs none.
 */
const ODD_ESCAPE = /%(?:[01][\da-f]|2[d-f]|3[\db]|4[1-9a-f]|5[\dacf]|6[1-9a-f]|7[\daef])/i
const ODD_PATH = /[^!-~]|[;\\#]|\/\/|\/\.{1,2}(?:\/|$)/
const once = new Set(['host', 'authorization', 'content-type', 'content-length', 'origin'])

/**
 * Refuses what the library lets through and two readers could read in two ways. The router, a proxy in front
 * and the log then agree on what was asked for. Throws `request_invalid`.
 */
export function requireOneMeaning(request: FastifyRequest): void {
  const detail = ambiguityOf(request.raw)
  if (detail !== null) throw new DomainError('request_invalid', { detail })
}

function ambiguityOf({ rawHeaders, headers, httpVersion, url = '' }: FastifyRequest['raw']): string | null {
  const old = httpVersion === '1.0'
  if (!old && httpVersion !== '1.1') return 'The version is not HTTP/1.1.'
  const twice = repeated(rawHeaders)
  if (twice !== undefined) return `The header ${twice} occurs twice.`
  const { host, 'transfer-encoding': coding } = headers
  if (host === undefined && !old) return 'The header host is missing.'
  if (host !== undefined && !HOST.test(host)) return 'The header host names no host.'
  // RFC 9112 section 6.1: in HTTP/1.0 it means nothing, and we decode no other coding.
  if (coding !== undefined && (old || coding.toLowerCase() !== 'chunked'))
    return 'The transfer coding is not chunked, or not for this version of HTTP.'
  if (!url.startsWith('/')) return 'The target of the request is no path.'
  const path = url.split('?', 1)[0] ?? ''
  return ODD_PATH.test(path) || ODD_ESCAPE.test(path) ? 'The path is not in its plain form.' : null
}

/** Node keeps the first of a pair and says nothing. */
function repeated(rawHeaders: readonly string[]): string | undefined {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  return names.find((name, index) => once.has(name) && names.indexOf(name) !== index)
}

/** The caller behind the bearer token, where the route wants one. Throws the 401s, or `permission_denied`. */
export async function requireAccess(
  one: Route,
  request: FastifyRequest,
  { deps, surroundings }: Context,
): Promise<Actor | null> {
  // Who can open the control socket can open the data folder, and no request comes to it from elsewhere.
  if (one.access === 'public' || surroundings.control) return null
  if (one.access === 'operator') throw new DomainError('not_found')
  const header = request.headers.authorization
  const token = header === undefined ? undefined : BEARER.exec(header)?.[1]
  if (token === undefined) {
    if (one.access === 'owner-or-public' && header === undefined) return null
    throw new DomainError(
      header !== undefined && /^Bearer\b/i.test(header) ? 'token_invalid' : 'token_missing',
    )
  }
  const actor = await authenticate(token, deps)
  if (one.access === 'owner' || one.access === 'owner-or-public') return actor
  const accepted = typeof one.access === 'string' ? [one.access] : one.access
  if (accepted.some((permission) => holds(actor, permission))) return actor
  throw new DomainError('permission_denied')
}

/** Which reader the body wants; null where there is no body. Throws `media_type_unsupported`. */
export function bodyKind(one: Route, request: FastifyRequest): 'json' | 'form' | null {
  const { 'content-length': length, 'transfer-encoding': encoding, 'content-type': type } = request.headers
  if (encoding === undefined && (length === undefined || length === '0')) return null
  if (!/^(?:identity)?$/i.test(request.headers['content-encoding'] ?? ''))
    throw new DomainError('media_type_unsupported', { detail: 'Bodies are not taken in a content coding.' })
  if (one.form !== 'only' && type !== undefined && JSON_TYPE.test(type)) return 'json'
  if (one.form && type !== undefined && FORM_TYPE.test(type)) return 'form'
  throw new DomainError('media_type_unsupported')
}

/**
 * Refuses a form that a page of another site posted (Fetch metadata, then Origin). Throws
 * `cross_site_request`.
 */
export function requireSameSite(one: Route, request: FastifyRequest, { deps, surroundings }: Context): void {
  const site = request.headers['sec-fetch-site']
  const { origin, host } = request.headers
  // A page for this machine only has been asked for by a loopback name, whatever the public URL is.
  const local = one.local !== undefined && origin === `http://${host}`
  const ours = local || origin === undefined || isOwnOrigin(origin, deps.rules.publicUrl, surroundings)
  const opaque = origin === 'null' && site === 'same-origin'
  if (site === 'cross-site' || !(ours || opaque)) throw new DomainError('cross_site_request')
}

/** Ours: the public URL's, a listed one, and in development any loopback origin. */
export function isOwnOrigin(origin: string, publicUrl: string, surroundings: Surroundings): boolean {
  if (origin === new URL(publicUrl).origin || surroundings.corsOrigins.includes(origin)) return true
  if (surroundings.mode !== 'development') return false
  const url = URL.parse(origin)
  return url !== null && url.origin === origin && LOOPBACK_HOST.test(url.host)
}

/** Some pages are for this machine only: DNS rebinding and careless proxies get a 404. */
export function requireLoopback(
  request: FastifyRequest,
  when: 'development' | 'always',
  surroundings: Surroundings,
): void {
  const wrongMode = when === 'development' && surroundings.mode !== 'development'
  const forwarded = Object.keys(request.headers).some(
    (name) => name === 'forwarded' || name.startsWith('x-forwarded-'),
  )
  const local =
    LOOPBACK_PEER.test(request.raw.socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(request.headers.host ?? '')
  if (wrongMode || forwarded || !local) throw new DomainError('not_found')
}
