/** How often things may be tried: the table of buckets, and the operator's own numbers in it. */
import { rates, type Rate, type RateName } from './limits.ts'
import type { Ms } from './ports/runtime.ts'

/** Null: nothing is limited (`UM_RATE_LIMITS=off`). */
export type RateTable = Readonly<Record<RateName, Rate>> | null

/** The rates that a network is held to. */
export type NetworkRate = Extract<RateName, 'login' | 'register' | 'mail' | 'token'>

/** What a network has left of a rate: the RateLimit fields. */
export interface RateState {
  readonly name: NetworkRate
  readonly limit: number
  readonly windowSeconds: number
  readonly remaining: number
  readonly resetSeconds: number
}

const unitsMs: Readonly<Record<string, Ms>> = { s: 1000, m: 60_000, h: 3_600_000 }
const RULE = /^(?<name>[a-z]+)=(?<count>[1-9][0-9]{0,6})\/(?<unit>[smh])$/

/**
 * Reads `UM_RATE_LIMITS`: `on`, `off`, or rules such as `register=600/h,login=100/m` that replace single
 * rows. In development everything comes from one machine: networks may do a hundred times as much, and a
 * recipient gets ten times as many mails.
 */
export function readRates(
  text: string,
  mode: 'development' | 'production',
): { readonly table: RateTable; readonly problems: readonly string[] } {
  if (text === 'off') return { table: null, problems: [] }
  const rules = text === 'on' ? [] : text.split(',').map((each) => each.trim())
  const own = rules.map((rule) => ({ rule, parts: RULE.exec(rule)?.groups }))
  const problems = own
    .filter(({ parts }) => !parts || !isRateName(parts['name'] ?? ''))
    .map(
      ({ rule }) =>
        `has ${JSON.stringify(rule)}; write on, off, or rules such as register=600/h of ` +
        Object.keys(rates).join(', '),
    )
  const factor = mode === 'development' ? 'inDevelopment' : null
  const table = Object.entries(rates).map(([name, rate]) => {
    const rule = own.findLast(({ parts }) => parts?.['name'] === name)?.parts
    const limit = factor ? rate.limit * rate.inDevelopment : rate.limit
    return [
      name,
      rule
        ? { limit: Number(rule['count']), windowMs: unitsMs[rule['unit'] ?? ''] ?? rate.windowMs }
        : { limit, windowMs: rate.windowMs },
    ]
  })
  return { table: Object.fromEntries(table), problems }
}

function isRateName(name: string): name is RateName {
  return Object.hasOwn(rates, name)
}
