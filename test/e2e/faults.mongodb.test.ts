/** The short version of `npm run faults`: one round of faults under load, with a primary that is stopped for a while. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultNames, type FaultName } from '../faults/drivers.ts'
import { runFaults, summaryOf } from '../faults/run.ts'
import { mongodbSource } from '../support/settings-of-the-run.ts'
import { addSummary } from '../support/summary.ts'

const release = process.env['UM_TEST_SIZE'] === 'release'
const short: readonly FaultName[] = ['stop', 'cut-before', 'server']
const seed = Number(process.env['UM_TEST_SEED'] ?? 1 + Math.floor(Math.random() * 1e9))

test(`nothing acknowledged is lost, doubled or half there, whatever fails (seed ${seed})`, async () => {
  const source = mongodbSource()
  assert.ok(source && 'binary' in source, 'a server that runs already cannot be killed: a mongod is needed')
  const lines: string[] = []
  const report = await runFaults({
    binary: source.binary,
    faults: release ? faultNames : short,
    rounds: release ? 5 : 1,
    seed,
    accounts: 6,
    stopMs: release ? 30_000 : 8000,
    heartbeatSeconds: release ? 10 : 2,
    say: (line) => lines.push(line),
  })
  assert.deepEqual(report.broken, [], lines.join('\n'))
  assert.equal(report.figures.lost, 0)
  addSummary(`${summaryOf(report)}, seed ${seed}`)
})
