/**
 * Who has tried too often. A network is refused with 429; an account answers as for a wrong password, so that
 * nobody learns whether it exists, and nobody can lock its owner out: a known device has a bucket of its own
 * (security: section 5.9; ASVS 6.1.1, 6.3.1).
 */
import type { Caller, Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { guessing } from './limits.ts'
import type { CounterStore, Hit, HitResult } from './ports/counters.ts'
import type { Ms } from './ports/runtime.ts'
import type { NetworkRate, RateState } from './rates.ts'

/** Whose attempts they are. */
type Client = Pick<Caller, 'network'>

/** What counting takes. */
export interface Counting extends Pick<Deps, 'clock' | 'rates'> {
  readonly store: CounterStore
  readonly secrets: Pick<Deps['secrets'], 'mac'>
}

/**
 * Counts an attempt of the caller's network. Throws `rate_limited`. Null where nothing is limited, or nobody
 * knows the network (the control socket).
 */
export async function admitNetwork(
  name: NetworkRate,
  caller: Client,
  deps: Counting,
): Promise<RateState | null> {
  const hits = networkHits(name, caller, deps)
  if (hits.length === 0) return null
  const now = deps.clock.now()
  const results = await deps.store.hit({ hits, now })
  const state = stateOf(name, { hit: hits[0], result: results[0], now })
  const refused = results.filter((result) => !result.admitted)
  if (refused.length === 0) return state
  const counted = hits.filter((_, place) => results[place]?.admitted)
  await giveBack(counted, deps)
  const until = Math.max(...refused.map(({ resetAt }) => resetAt))
  const retryAfterSeconds = secondsUntil(until, now)
  throw new DomainError('rate_limited', {
    retryAfterSeconds,
    rate: state && { ...state, remaining: 0, resetSeconds: retryAfterSeconds },
  })
}

/** An attempt that was none of those that the rate counts: a sign-in that succeeded, for one. */
export async function readmitNetwork(name: NetworkRate, caller: Client, deps: Counting): Promise<void> {
  await giveBack(networkHits(name, caller, deps), deps)
}

function networkHits(name: NetworkRate, { network }: Client, deps: Counting): Hit[] {
  const rate = deps.rates?.[name]
  if (!rate || !network) return []
  const hits: Hit[] = [{ key: `${name}:${network.address}`, cost: 1, ...rate }]
  if (name !== 'login') return hits
  const { spray, login } = deps.rates
  // Looked at, not counted: an account at which the network has not failed before counts when it fails.
  hits.push({ key: `spray:${network.address}`, cost: 0, limit: spray.limit - 1, windowMs: spray.windowMs })
  if (network.wide !== null) {
    hits.push({
      ...login,
      key: `login:${network.wide}`,
      cost: 1,
      limit: login.limit * guessing.wideNetworkFactor,
    })
  }
  return hits
}

function stateOf(
  name: NetworkRate,
  { hit, result, now }: { hit: Hit | undefined; result: HitResult | undefined; now: Ms },
): RateState | null {
  if (!hit || !result) return null
  return {
    name,
    limit: hit.limit,
    windowSeconds: Math.round(hit.windowMs / 1000),
    remaining: Math.max(0, hit.limit - result.count),
    resetSeconds: secondsUntil(result.resetAt, now),
  }
}

/** Guesses at one account by one caller. */
export interface Guess {
  /** The user's id, or what was typed where there is no such user: the same work for both. */
  readonly account: string
  /** The known device that tries, or null. */
  readonly deviceId: string | null
  /** What was typed, where nobody may learn that a name and an address are of one account. */
  readonly named?: string
}

/** A guess that has been counted, before anything is compared: parallel guesses count, too. */
export interface CountedGuess {
  /** False: it is refused as a wrong password is, whatever the password. */
  readonly admitted: boolean
  /** When another guess would be admitted. */
  readonly retryAfterSeconds: number
  /**
   * Whether the password is right, and the guess admitted. A right one was no guess, and neither were the
   * failures of this network before it (of a known device: its own). Where nothing could be compared,
   * nothing was guessed.
   */
  settle(compare: () => Promise<boolean>): Promise<boolean>
}

const unlimited: CountedGuess = { admitted: true, retryAfterSeconds: 0, settle: (compare) => compare() }

/** Counts a guess at an account. */
export async function admitGuess(guess: Guess, caller: Client, deps: Counting): Promise<CountedGuess> {
  if (!deps.rates) return unlimited
  const account = accountHit(guess, deps)
  const now = deps.clock.now()
  const [result] = await deps.store.hit({ hits: [account], now })
  const admitted = result?.admitted ?? false
  // A device that has failed too often is a stranger again.
  if (!admitted && guess.deviceId !== null) return admitGuess({ ...guess, deviceId: null }, caller, deps)
  const before = (result?.count ?? 1) - 1
  return {
    admitted,
    retryAfterSeconds: result ? secondsUntil(result.resetAt, now) : 1,
    async settle(compare) {
      const right = await comparison(compare, admitted ? [account] : [], deps)
      if (right && admitted) {
        const pair = pairHit(guess, caller, deps)
        // Where nobody has failed, this network has not: most sign-ins need no look.
        const own = guess.deviceId === null ? await countOf(before > 0 ? pair : null, deps) : account.limit
        await giveBack([{ ...account, cost: 1 + own }, ...(pair ? [{ ...pair, cost: own }] : [])], deps)
      } else await countFailure({ ...guess, admitted }, caller, deps)
      return right && admitted
    },
  }
}

async function countOf(hit: Hit | null, deps: Counting): Promise<number> {
  if (!hit) return 0
  const [found] = await deps.store.hit({ hits: [{ ...hit, cost: 0 }], now: deps.clock.now() })
  return found?.count ?? 0
}

/** What has been counted is given back where nothing could be compared. */
async function comparison(
  compare: () => Promise<boolean>,
  counted: readonly Hit[],
  deps: Counting,
): Promise<boolean> {
  try {
    return await compare()
  } catch (error) {
    await giveBack(counted, deps)
    throw error
  }
}

/**
 * Every failure is the same work. A name at which this network fails for the first time counts as one more
 * that it has tried: by what was typed, since by the account the limit would tell which names are one's.
 */
async function countFailure(
  guess: Guess & { readonly admitted: boolean },
  caller: Client,
  deps: Counting,
): Promise<void> {
  const failure = pairHit(guess, caller, deps)
  if (!failure) return
  const { account, named = account, admitted } = guess
  const now = deps.clock.now()
  const place = (name: string, about: string): Hit => ({ ...failure, key: bucket(name, about, deps) })
  const { address = '' } = caller.network ?? {}
  // A refused guess is in no bucket of the account: a success must not take it out of there.
  const counted = admitted ? failure : place('refused', `${account} ${address}`)
  const [, seen] = await deps.store.hit({ hits: [counted, place('tried', `${named} ${address}`)], now })
  if (seen?.count === 1) await deps.store.hit({ hits: [{ ...failure, key: `spray:${address}` }], now })
}

/** A new password was set by its owner: what was guessed before is worth nothing. */
export async function forgetGuesses(account: string, deps: Counting): Promise<void> {
  if (deps.rates)
    await giveBack([{ ...accountHit({ account, deviceId: null }, deps), cost: guessing.failuresMax }], deps)
}

/** Whether one more mail may go to this address; asked for known and unknown addresses alike. */
export async function admitRecipient(emailKey: string, deps: Counting): Promise<boolean> {
  const rate = deps.rates?.recipient
  if (!rate) return true
  const key = bucket('recipient', emailKey, deps)
  const [result] = await deps.store.hit({ hits: [{ key, cost: 1, ...rate }], now: deps.clock.now() })
  return result?.admitted ?? false
}

/** For a signed-in user, who may know of it. Throws `rate_limited` where one more mail is not admitted. */
export async function requireRecipient(emailKey: string, deps: Counting): Promise<void> {
  if (await admitRecipient(emailKey, deps)) return
  const retryAfterSeconds = Math.ceil((deps.rates?.recipient.windowMs ?? 0) / 1000)
  throw new DomainError('rate_limited', { retryAfterSeconds })
}

/**
 * Counts a refresh of a session; the answer gives it back, for a repeat of the same parent. Throws
 * `rate_limited`.
 */
export async function admitRefresh(sessionId: string, deps: Counting): Promise<() => Promise<void>> {
  const rate = deps.rates?.refresh
  if (!rate) return async () => undefined
  const hit = { key: `refresh:${sessionId}`, cost: 1, ...rate }
  const now = deps.clock.now()
  const [result] = await deps.store.hit({ hits: [hit], now })
  if (result?.admitted) return () => giveBack([hit], deps)
  const retryAfterSeconds = result ? secondsUntil(result.resetAt, now) : 1
  throw new DomainError('rate_limited', { retryAfterSeconds })
}

function accountHit({ account, deviceId }: Guess, deps: Counting): Hit {
  const base = { cost: 1, windowMs: guessing.memoryMs, durable: true }
  return deviceId === null
    ? { ...base, key: bucket('account', account, deps), limit: guessing.failuresMax, gapsMs: waitsMs }
    : { ...base, key: bucket('device', deviceId, deps), limit: guessing.failuresPerDevice }
}

/** Failures of one network at one account. */
function pairHit({ account }: Guess, { network }: Client, deps: Counting): Hit | null {
  const rate = deps.rates?.spray
  if (!network || !rate) return null
  const key = bucket('pair', `${account} ${network.address}`, deps)
  return { key, cost: 1, limit: Number.MAX_SAFE_INTEGER, windowMs: rate.windowMs }
}

/** No wait for the first failures, then 1 s, 2 s, 4 s, … up to a quarter of an hour. */
const waitsMs: readonly Ms[] = Array.from({ length: guessing.waits }, (_, failures) =>
  failures < guessing.freeFailures
    ? 0
    : Math.min(guessing.longestWaitMs, guessing.firstWaitMs * 2 ** (failures - guessing.freeFailures)),
)

async function giveBack(counted: readonly Hit[], deps: Counting): Promise<void> {
  const hits = counted.filter(({ cost }) => cost > 0).map((hit) => ({ ...hit, cost: -hit.cost }))
  if (hits.length > 0) await deps.store.hit({ hits, now: deps.clock.now() })
}

/** The key of a bucket about somebody: nobody who reads it learns about whom. */
export function bucket(name: string, about: string, deps: Pick<Counting, 'secrets'>): string {
  const mac = deps.secrets.mac('counters', `${name} ${about}`)
  return `${name}:${mac.toBase64({ alphabet: 'base64url', omitPadding: true })}`
}

function secondsUntil(until: Ms, now: Ms): number {
  return Math.max(1, Math.ceil((until - now) / 1000))
}
