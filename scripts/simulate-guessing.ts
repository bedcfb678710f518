/**
 * What the limits are worth, on the real rules with a clock of its own: `npm run simulate`. Prints how many
 * guesses an attacker gets, and when the owner can sign in meanwhile.
 */
import { createHmac } from 'node:crypto'
import { countHit, type Bucket } from '../src/domain/counting.ts'
import { DomainError } from '../src/domain/errors.ts'
import type { Hit, HitResult } from '../src/domain/ports/counters.ts'
import { readRates } from '../src/domain/rates.ts'
import { admitGuess, admitNetwork, readmitNetwork, type Counting } from '../src/domain/throttle.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

interface World {
  readonly counting: Counting
  now(): number
  goTo(ms: number): void
}

/** The counters of one process, and nothing else. */
function newWorld(): World {
  const buckets = new Map<string, Bucket>()
  let now = 0
  const count = (hit: Hit): HitResult => {
    const { bucket, result } = countHit(buckets.get(hit.key) ?? null, hit, now)
    if (bucket) buckets.set(hit.key, bucket)
    else buckets.delete(hit.key)
    return result
  }
  const counting: Counting = {
    store: { hit: async ({ hits }) => hits.map(count) },
    clock: { now: () => now },
    secrets: { mac: (purpose, text) => createHmac('sha256', purpose).update(text).digest() },
    rates: readRates('on', 'production').table,
  }
  return { counting, now: () => now, goTo: (ms) => void (now = Math.max(now, ms)) }
}

interface Attempt {
  readonly account: string
  readonly address: string
  readonly deviceId?: string
  readonly right: boolean
}

type Outcome =
  | { readonly kind: 'compared'; readonly right: boolean }
  /** Not compared; the account or the network has to wait. */
  | { readonly kind: 'refused'; readonly by: 'account' | 'network'; readonly waitMs: number }

/** As `POST /users/login` counts it. */
async function attempt(
  { account, address, deviceId, right }: Attempt,
  { counting }: World,
): Promise<Outcome> {
  const caller = { network: { address, wide: null } }
  try {
    await admitNetwork('login', caller, counting)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return { kind: 'refused', by: 'network', waitMs: (error.retryAfterSeconds ?? 1) * SECOND }
  }
  const guess = await admitGuess({ account, deviceId: deviceId ?? null }, caller, counting)
  const signedIn = await guess.settle(async () => right)
  if (signedIn) await readmitNetwork('login', caller, counting)
  if (guess.admitted) return { kind: 'compared', right: signedIn }
  return { kind: 'refused', by: 'account', waitMs: guess.retryAfterSeconds * SECOND }
}

export interface OneAccount {
  /** Passwords that were compared on each day. */
  readonly guessesByDay: readonly number[]
  /** Of one try an hour, with the right password. */
  readonly knownDevice: number
  readonly newDevice: number
}

/** Somebody who tries at one account as soon as it lets anybody, from one of `addresses` networks each time. */
export async function attackOneAccount(addresses: number, days: number): Promise<OneAccount> {
  const world = newWorld()
  const guessesByDay = Array.from({ length: days }, () => 0)
  const owner = { account: 'owner', right: true }
  let [tries, knownDevice, newDevice, turn, nextTry] = [0, 0, 0, 0, 0]
  while (world.now() < days * DAY) {
    const address = `network ${turn++ % addresses}`
    const outcome = await attempt({ account: 'owner', address, right: false }, world)
    if (outcome.kind === 'compared') {
      const day = Math.floor(world.now() / DAY)
      guessesByDay[day] = (guessesByDay[day] ?? 0) + 1
      continue
    }
    const end = world.now() + outcome.waitMs
    for (; nextTry <= Math.min(end, days * DAY - 1); nextTry += HOUR) {
      world.goTo(nextTry)
      tries += 1
      const known = await attempt({ ...owner, address: 'home', deviceId: 'laptop' }, world)
      if (known.kind === 'compared' && known.right) knownDevice += 1
      const other = await attempt({ ...owner, address: 'hotel' }, world)
      if (other.kind === 'compared' && other.right) newDevice += 1
    }
    world.goTo(end)
  }
  return { guessesByDay, knownDevice: knownDevice / tries, newDevice: newDevice / tries }
}

export interface Spray {
  /** Passwords that were compared within a day, at as many accounts as could be reached. */
  readonly guesses: number
  readonly accounts: number
}

/** Networks that share no account: each guesses at accounts in turn, as many and as fast as it may. */
export async function spray(addresses: number): Promise<Spray> {
  let [guesses, tried] = [0, 0]
  for (let network = 0; network < addresses; network += 1) {
    const world = newWorld()
    let open: { account: string; opensAt: number }[] = []
    while (world.now() < DAY) {
      const due = open.toSorted((a, b) => a.opensAt - b.opensAt)[0]
      const known = due && due.opensAt <= world.now() ? due : undefined
      const account = known?.account ?? `${network}-${tried}`
      const outcome = await attempt({ account, address: `network ${network}`, right: false }, world)
      if (outcome.kind === 'compared') {
        guesses += 1
        if (!known) {
          tried += 1
          open.push({ account, opensAt: world.now() })
        }
      } else if (outcome.by === 'account' && known) known.opensAt = world.now() + outcome.waitMs
      else {
        // Both the rate and the accounts of the hour are used up: the next hour is for other accounts.
        const end = world.now() + outcome.waitMs
        if (outcome.waitMs > MINUTE) open = []
        world.goTo(end)
      }
    }
  }
  return { guesses, accounts: tried }
}

async function main(): Promise<void> {
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
  print('One account under attack for 30 days, the owner trying once an hour')
  for (const addresses of [1, 100, 10_000]) {
    const { guessesByDay, knownDevice, newDevice } = await attackOneAccount(addresses, 30)
    const total = guessesByDay.reduce((sum, each) => sum + each, 0)
    print(
      `  ${addresses} addresses: ${total} guesses (${guessesByDay[0]} on the first day); ` +
        `the owner gets in with a known device ${percent(knownDevice)}, with a new one ${percent(newDevice)}`,
    )
  }
  print('Many accounts, one day, each address at accounts of its own')
  const one = await spray(1)
  for (const addresses of [1, 100, 10_000])
    print(
      `  ${addresses} addresses: ${addresses * one.guesses} guesses at ${addresses * one.accounts} accounts`,
    )
}

if (import.meta.main) await main()
