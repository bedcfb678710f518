/**
 * What a flood does to everybody else, on both engines: `npm run bench -- overload --seconds 10`, with `--engine
 * sqlite` or `mongodb` for one of them, and `--only logins` for one kind of flood. The server, the flood and the
 * probe are a process each. Rates are off: what is measured is the server, and not its refusals by network.
 */
import { execFile } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { createPasswords } from '../src/crypto/passwords.ts'
import { startDatabase } from '../test/support/mongodb-database.ts'
import { startServer, temporaryFolder, type ServerProcess } from '../test/support/process.ts'
import { mongodbSource } from '../test/support/settings-of-the-run.ts'
import { createStorm, residentBytes, type Storm } from '../test/support/storm.ts'
import { floods, type Flooded, type FloodName } from './flood.ts'

const RAW_MS = 3000
const PROBE_EVERY_MS = 5
const MIB = 1024 * 1024
const password = 'four plain words together'
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const hashing: ReadonlySet<FloodName> = new Set(['logins', 'registrations'])
/** As many as the queue of hashes takes, and as many as it has to refuse. */
const connectionsOf: Readonly<Record<FloodName, readonly number[]>> = {
  logins: [64, 1000],
  registrations: [64, 1000],
  resets: [64],
  bodies: [16],
}

interface Probed {
  readonly reads: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly refused: number
  readonly peakBytes: number
}

/** What all engines are measured with. */
interface Plan {
  readonly seconds: number
  /** Hashes a second without a server. */
  readonly raw: number
  readonly floods: readonly FloodName[]
}

export async function benchOverload(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const
  const options = { seconds: { ...text, default: '10' }, engine: text, only: text } as const
  const { values } = parseArgs({ args: [...args], options })
  const seconds = Number(values.seconds)
  if (!(seconds >= 1 && seconds <= 600)) throw new Error('--seconds is a number from 1 to 600')
  const chosen = floods.filter((name) => values.only === undefined || values.only === name)
  if (chosen.length === 0) throw new Error(`--only is one of ${floods.join(', ')}`)
  const raw = await rawHashes()
  print(
    `overload, ${seconds} s a flood, rates off; Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`,
  )
  print(`hashes without a server: ${raw.toFixed(0)}/s on ${cpus().length} threads`)
  const plan = { seconds, raw, floods: chosen }
  if (values.engine !== 'mongodb') await benchEngine('sqlite', {}, plan)
  if (values.engine === 'sqlite') return
  if (mongodbSource() === null) return print('mongodb: none found, so not measured')
  const database = await startDatabase('overload')
  try {
    await benchEngine('mongodb', { UM_DATABASE_URL: database.url }, plan)
  } finally {
    await database.stop()
  }
}

async function rawHashes(): Promise<number> {
  const passwords = createPasswords({ log: { info() {}, warn() {}, error() {} } })
  await passwords.hash(password)
  const began = performance.now()
  let done = 0
  const one = async (): Promise<void> => {
    while (performance.now() - began < RAW_MS) {
      await passwords.hash(password)
      done += 1
    }
  }
  await Promise.all(cpus().map(one))
  const rate = done / ((performance.now() - began) / 1000)
  await passwords.close()
  return rate
}

async function benchEngine(
  name: string,
  settings: Readonly<Record<string, string>>,
  plan: Plan,
): Promise<void> {
  const dataDir = temporaryFolder()
  const server = await startServer({
    dataDir,
    settings: { UM_RATE_LIMITS: 'off', ...settings },
    how: 'directly',
  })
  const storm = createStorm(server.url, 8)
  try {
    const names = Array.from({ length: 20 }, (_, index) => `owner-${index}`)
    const usernames = await Promise.all(names.map((each) => register(storm, each)))
    // Nobody else signs in as the prober: its session would end as the oldest of too many.
    const username = await register(storm, 'prober')
    const { text } = await storm.send('POST /users/login', { json: { username, password } })
    const token: string = JSON.parse(text).access_token
    const probing = (over: AbortSignal) => probe(server, { storm, token }, over)
    print(`\n${name}`)
    print(profileLine('alone', await probing(AbortSignal.timeout(plan.seconds * 1000))))
    for (const order of orders(plan)) {
      const over = new AbortController()
      const flooding = runFlood({ url: server.url, usernames, ...order }).finally(() => over.abort())
      const [probed, flooded] = await Promise.all([probing(over.signal), flooding])
      print(profileLine(`${order.flood} (${order.connections})`, probed))
      print(floodLine(flooded, hashing.has(order.flood) ? plan.raw : null))
    }
  } finally {
    storm.close()
    await server.end('SIGTERM')
  }
}

function orders({ floods: chosen, seconds }: Plan) {
  return chosen.flatMap((flood) =>
    connectionsOf[flood].map((connections) => ({ flood, connections, seconds })),
  )
}

async function register(storm: Storm, username: string): Promise<string> {
  const json = { username, email: `${username}@example.com`, password }
  const { status, text } = await storm.send('POST /users/register', { json })
  if (status !== 201) throw new Error(text)
  return username
}

/** Reads a profile some two hundred times a second, and looks at the memory of the server. */
async function probe(
  server: ServerProcess,
  { storm, token }: { readonly storm: Storm; readonly token: string },
  over: AbortSignal,
): Promise<Probed> {
  const times: number[] = []
  let refused = 0
  let peakBytes = 0
  while (!over.aborted) {
    const { status, ms } = await storm.send('GET /users/profile', { token })
    times.push(ms)
    if (status !== 200) refused += 1
    peakBytes = Math.max(peakBytes, residentBytes(server.pid) ?? 0)
    await new Promise((next) => setTimeout(next, PROBE_EVERY_MS))
  }
  const sorted = times.toSorted((one, other) => one - other)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
  return { reads: times.length, p50Ms: at(0.5), p99Ms: at(0.99), refused, peakBytes }
}

async function runFlood(order: object): Promise<Flooded> {
  const file = join(import.meta.dirname, 'flood.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [file, JSON.stringify(order)])
  return JSON.parse(stdout)
}

function profileLine(name: string, { reads, p50Ms, p99Ms, refused, peakBytes }: Probed): string {
  const times = `p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms`
  return `${name.padEnd(24)} profile ${times}  of ${reads}, ${refused} refused; peak ${Math.round(peakBytes / MIB)} MiB`
}

function floodLine({ seconds, statuses, longestMs, withRetryAfter }: Flooded, raw: number | null): string {
  const done = (statuses['200'] ?? 0) + (statuses['201'] ?? 0) + (statuses['202'] ?? 0)
  const rate = done / seconds
  const share = raw === null ? '' : ` = ${((rate / raw) * 100).toFixed(0)} % of the raw hashes`
  const counts = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`)
  return `${''.padEnd(24)} ${rate.toFixed(0)}/s${share}; ${counts.join(', ')} (${withRetryAfter} with Retry-After); longest wait ${Math.round(longestMs)} ms`
}
