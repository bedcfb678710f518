/** The load of `overload.ts`, in a process of its own: floods a server for some seconds and prints what came back. */
import { createStorm, type Shot } from '../test/support/storm.ts'

export const floods = ['logins', 'registrations', 'resets', 'bodies'] as const
export type FloodName = (typeof floods)[number]

export interface Flooded {
  readonly seconds: number
  /** Answers by status; `cut off` where the connection ended before one. */
  readonly statuses: Readonly<Record<string, number>>
  /** The longest wait for an answer of any status. */
  readonly longestMs: number
  /** Refusals with 503 that said when to come back. */
  readonly withRetryAfter: number
}

/** Whoever is refused comes back before the time that it is told. */
const IMPATIENT_MS = 250
const BODY_BYTES = 2 * 1024 * 1024
const password = 'four plain words together'

interface Order {
  readonly url: string
  readonly flood: FloodName
  readonly connections: number
  readonly seconds: number
  readonly usernames: readonly string[]
}

let made = 0
function next({ flood, usernames }: Order): readonly [string, unknown] {
  made += 1
  switch (flood) {
    case 'logins':
      return ['POST /users/login', { username: usernames[made % usernames.length], password }]
    case 'registrations': {
      const name = `flood-${process.pid}-${made}`
      return ['POST /users/register', { username: name, email: `${name}@example.com`, password }]
    }
    case 'resets':
      return ['POST /users/reset-password', { email: `flood-${made % 1000}@example.com` }]
    case 'bodies':
      return ['POST /users/login', `{"username":"${'x'.repeat(BODY_BYTES)}"}`]
  }
}

export async function flood(order: Order): Promise<Flooded> {
  const storm = createStorm(order.url, order.connections)
  const began = performance.now()
  const end = began + order.seconds * 1000
  const statuses: Record<string, number> = {}
  let longestMs = 0
  let withRetryAfter = 0
  const shoot = async (): Promise<Shot | null> => {
    const [operation, json] = next(order)
    return storm.send(operation, { json }).catch(() => null)
  }
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      const shot = await shoot()
      const status = shot ? String(shot.status) : 'cut off'
      statuses[status] = (statuses[status] ?? 0) + 1
      if (!shot) continue
      longestMs = Math.max(longestMs, shot.ms)
      if (shot.status !== 503) continue
      if (shot.retryAfter !== null) withRetryAfter += 1
      await new Promise((again) => setTimeout(again, IMPATIENT_MS))
    }
  }
  await Promise.all(Array.from({ length: order.connections }, one))
  storm.close()
  return { seconds: (performance.now() - began) / 1000, statuses, longestMs, withRetryAfter }
}

if (import.meta.main) {
  const order: Order = JSON.parse(process.argv[2] ?? '')
  process.stdout.write(`${JSON.stringify(await flood(order))}\n`)
}
