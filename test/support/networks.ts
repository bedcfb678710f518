/** Many networks in front of one server: the tests come by a proxy that it trusts. */
import type { Answer } from './client.ts'

/** A proxy on this machine is believed. */
export const proxied = { UM_TRUSTED_PROXIES: '127.0.0.1,::1' } as const

/** As if it came from there. */
export function from(address: string): Readonly<Record<string, string>> {
  return { 'x-forwarded-for': address }
}

/** A different IPv4 address for each number. */
export function addressOf(n: number): string {
  return `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`
}

export interface RateFields {
  readonly name: string
  readonly limit: number
  readonly windowSeconds: number
  readonly remaining: number
  readonly resetSeconds: number
}

const POLICY = /^"(?<name>[a-z]+)";q=(?<limit>[1-9]\d*);w=(?<windowSeconds>[1-9]\d*)$/
const STATE = /^"(?<name>[a-z]+)";r=(?<remaining>0|[1-9]\d*);t=(?<resetSeconds>[1-9]\d*)$/

/** RateLimit and RateLimit-Policy as structured fields (RFC 9651); null where an answer has neither. */
export function rateFieldsOf({ headers }: Answer): RateFields | null {
  const { ratelimit, 'ratelimit-policy': written } = headers
  if (ratelimit === undefined && written === undefined) return null
  const policy = POLICY.exec(written ?? '')?.groups
  const state = STATE.exec(ratelimit ?? '')?.groups
  if (!policy || !state || policy['name'] !== state['name'])
    throw new Error(`no rate fields: ${written} ${ratelimit}`)
  return {
    name: policy['name'] ?? '',
    limit: Number(policy['limit']),
    windowSeconds: Number(policy['windowSeconds']),
    remaining: Number(state['remaining']),
    resetSeconds: Number(state['resetSeconds']),
  }
}
