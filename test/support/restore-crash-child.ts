/**
 * A restore that is killed as it begins a step: `node restore-crash-child.ts <data folder> <backup> <step>`, the
 * steps counted from 1.
 */
import { loadConfig } from '../../src/config.ts'
import { restore } from '../../src/restore.ts'
import { newKeptLog } from './store-fixtures.ts'

const [dataDir = '', backup = '', last = ''] = process.argv.slice(2)
let step = 0
await restore(loadConfig({ UM_DATA_DIR: dataDir }), {
  backup,
  ledgers: [],
  clock: { now: () => Date.now() },
  log: newKeptLog(),
  onStep: () => {
    step += 1
    if (step === Number(last)) process.kill(process.pid, 'SIGKILL')
  },
})
