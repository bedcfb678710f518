/** How long answers about somebody take, and how long those about nobody, taken in turns (ASVS 6.3.8). */
import { startServer, temporaryFolder } from './process.ts'
import { PASSWORD } from './server-users.ts'
import { createStorm, type Storm } from './storm.ts'

export interface Distribution {
  readonly minMs: number
  readonly p10Ms: number
  readonly p50Ms: number
  readonly p90Ms: number
}

export interface Compared {
  readonly operation: string
  readonly known: Distribution
  readonly unknown: Distribution
}

/** So many that limits are counted, and refuse nothing. */
const RATES = ['login', 'spray', 'register', 'mail', 'recipient'].map((name) => `${name}=9999999/h`).join()

interface Question {
  readonly operation: string
  /** The body of the n-th question about this address. */
  body(email: string, n: number): unknown
}

const questions: readonly Question[] = [
  { operation: 'POST /users/login', body: (email) => ({ email, password: 'wrong password here' }) },
  { operation: 'POST /users/reset-password', body: (email) => ({ email }) },
  { operation: 'POST /users/verify-email', body: (email) => ({ email }) },
  {
    operation: 'POST /users/register',
    body: (email, n) => ({ username: `timing-${n}`, email, password: PASSWORD }),
  },
]

/** Asks a server of its own, under strict disclosure, in pairs whose order changes. */
export async function compareTimes(
  pairs: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<readonly Compared[]> {
  const strict = { UM_REGISTRATION_DISCLOSURE: 'strict', UM_RATE_LIMITS: RATES, ...settings }
  const server = await startServer({ dataDir: temporaryFolder(), settings: strict, how: 'directly' })
  const storm = createStorm(server.url, 1)
  try {
    const known = await newUser(storm)
    const compared: Compared[] = []
    for (const question of questions) {
      const times = { known: new Array<number>(), unknown: new Array<number>() }
      for (let pair = -Math.ceil(pairs / 10); pair < pairs; pair += 1) {
        const order = pair % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)
        for (const [turn, who] of order.entries()) {
          // As long as the known address, and new each time, as a list of addresses that is tried would be.
          const email = who === 'known' ? known : `u${String(pair + pairs).padStart(8, '0')}@example.com`
          const n = 10 * (pair + pairs) + turn
          const { ms, status, text } = await storm.send(question.operation, { json: question.body(email, n) })
          if (status !== 401 && status !== 202) throw new Error(`${question.operation}: ${text}`)
          // The first pairs warm up.
          if (pair >= 0) times[who].push(ms)
        }
      }
      const { operation } = question
      compared.push({ operation, known: distribution(times.known), unknown: distribution(times.unknown) })
    }
    return compared
  } finally {
    storm.close()
    await server.end('SIGTERM')
  }
}

/** An account that is confirmed, as most are. */
async function newUser(storm: Storm): Promise<string> {
  const email = 'k00000000@example.com'
  const json = { username: 'timing-known', email, password: PASSWORD }
  await storm.send('POST /users/register', { json })
  const query = new URLSearchParams({ to: email, wait: '10' })
  const inbox = await storm.send(`GET /dev/mail/messages?${query.toString()}`)
  const token: string = JSON.parse(inbox.text).messages[0].tokens[0]
  const confirmed = await storm.send(`POST /users/verify-email/${token}`, { json: { password: PASSWORD } })
  if (confirmed.status !== 200) throw new Error(confirmed.text)
  return email
}

function distribution(times: readonly number[]): Distribution {
  const sorted = times.toSorted((one, other) => one - other)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
  return { minMs: at(0), p10Ms: at(0.1), p50Ms: at(0.5), p90Ms: at(0.9) }
}
