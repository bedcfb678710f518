/**
 * A load on two servers and three MongoDB members while faults happen, and what must hold of it: `npm run faults`,
 * `npm run faults -- --rounds 3 --only kill,stop --seed 7`. Exit code 1 where an invariant is broken.
 */
import { parseArgs } from 'node:util'
import { faultNames, isFault, type FaultName } from '../test/faults/drivers.ts'
import { reportLines, runFaults } from '../test/faults/run.ts'
import { mongodbSource } from '../test/support/settings-of-the-run.ts'

const ROUNDS_MAX = 100
const ACCOUNTS = 8
const STOP_MS = 30_000
/** The default of MongoDB. */
const HEARTBEAT_SECONDS = 10

const print = (line: string): void => void process.stdout.write(`${line}\n`)

function wanted(only: string | undefined): readonly FaultName[] {
  if (only === undefined) return faultNames
  const names = only.split(',')
  const unknown = names.filter((name) => !isFault(name))
  if (unknown.length > 0) throw new Error(`--only takes ${faultNames.join(', ')}, not ${unknown.join(', ')}`)
  return names.filter(isFault)
}

function integer(text: string, name: string, max: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new Error(`--${name} is a whole number from 1 to ${max}, not ${text}`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, only: { type: 'string' }, seed: { type: 'string' } },
  })
  const source = mongodbSource()
  if (!source || !('binary' in source))
    throw new Error('Faults need a mongod of their own: set MONGOMS_SYSTEM_BINARY to the path of one.')
  const seed = integer(values.seed ?? String(1 + Math.floor(Math.random() * 1e9)), 'seed', 1e9)
  const rounds = integer(values.rounds ?? '1', 'rounds', ROUNDS_MAX)
  const faults = wanted(values.only)
  print(`seed ${seed}, ${rounds} × ${faults.join(', ')}`)
  const report = await runFaults({
    binary: source.binary,
    faults,
    rounds,
    seed,
    accounts: ACCOUNTS,
    stopMs: STOP_MS,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    say: print,
  })
  print('')
  for (const line of reportLines(report)) print(line)
  process.exitCode = report.broken.length > 0 ? 1 : 0
}

process.once('SIGINT', () => process.exit(130))
await main()
