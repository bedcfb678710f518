/**
 * Whether time tells who has an account: `npm run timing`, with `--pairs 5000` for more of them. The goal is a
 * difference of at most a millisecond, of the medians and of the minima.
 */
import { parseArgs } from 'node:util'
import { startDatabase } from '../test/support/mongodb-database.ts'
import { mongodbSource } from '../test/support/settings-of-the-run.ts'
import { compareTimes, type Distribution } from '../test/support/timing.ts'

const GOAL_MS = 1
const { values } = parseArgs({ options: { pairs: { type: 'string', default: '300' } } })
const pairs = Number(values.pairs)
if (!Number.isInteger(pairs) || pairs < 10) throw new Error('--pairs is a whole number from 10')
const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function measure(engine: string, settings: Readonly<Record<string, string>>): Promise<void> {
  print(`\n${engine}, ${pairs} pairs over loopback; milliseconds`)
  for (const { operation, known, unknown } of await compareTimes(pairs, settings)) {
    const medians = known.p50Ms - unknown.p50Ms
    const minima = known.minMs - unknown.minMs
    const within = Math.max(Math.abs(medians), Math.abs(minima)) <= GOAL_MS
    if (!within) process.exitCode = 1
    print(`${operation.padEnd(28)} known   ${line(known)}`)
    print(`${''.padEnd(28)} unknown ${line(unknown)}`)
    const verdict = within ? 'within the goal' : 'NOT within the goal'
    print(`${''.padEnd(28)} medians ${medians.toFixed(3)}, minima ${minima.toFixed(3)} apart: ${verdict}`)
  }
}

function line({ minMs, p50Ms, p90Ms }: Distribution): string {
  return `min ${minMs.toFixed(3)}  p50 ${p50Ms.toFixed(3)}  p90 ${p90Ms.toFixed(3)}`
}

await measure('sqlite', {})
if (mongodbSource() === null) print('\nmongodb: none found, so not measured')
else {
  const database = await startDatabase('timing')
  try {
    await measure('mongodb', { UM_DATABASE_URL: database.url })
  } finally {
    await database.stop()
  }
}
