/** The constant headers of every answer (ASVS 3.4), the socket-level refusals included. */
import type { RateState } from '../domain/rates.ts'

const apiPolicy = "default-src 'none'; frame-ancestors 'none'"
const pagePolicy =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors " +
  "'none'; base-uri 'none'"
const docsPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

export type PolicyName = 'api' | 'page' | 'docs'

const policies: Readonly<Record<PolicyName, string>> = { api: apiPolicy, page: pagePolicy, docs: docsPolicy }

/** Behind TLS, browsers are told to stay there for a year. */
export function securityHeaders(publicUrl: string): Readonly<Record<string, string>> {
  const tls: Record<string, string> = publicUrl.startsWith('https:')
    ? { 'strict-transport-security': 'max-age=31536000' }
    : {}
  return {
    'cache-control': 'no-store',
    'content-security-policy': apiPolicy,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    ...tls,
  }
}

/**
 * Headers of a page. One with a form sends its origin to itself: under `no-referrer` browsers post forms with
 * `Origin: null`.
 */
export function pageHeaders(policy: PolicyName, hasForm: boolean): Readonly<Record<string, string>> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policies[policy],
    'referrer-policy': hasForm ? 'same-origin' : 'no-referrer',
  }
}

/** The standard fields (draft-ietf-httpapi-ratelimit-headers-11): the policy, and what is left of it. */
export function rateFields(state: RateState): Readonly<Record<string, string>> {
  return {
    'ratelimit-policy': `"${state.name}";q=${state.limit};w=${state.windowSeconds}`,
    ratelimit: `"${state.name}";r=${state.remaining};t=${state.resetSeconds}`,
  }
}
