/** Measurements: `npm run bench -- lists --users 1000000`. Not part of the tests: times are of one machine. */
import { benchImport } from './import.ts'
import { benchLists } from './lists.ts'
import { benchOverload } from './overload.ts'

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  import: benchImport,
  lists: benchLists,
  overload: benchOverload,
}

const [name = '', ...args] = process.argv.slice(2)
const bench = benches[name]
if (bench) {
  await bench(args)
} else {
  process.stderr.write(`bench: say which one: ${Object.keys(benches).join(', ')}\n`)
  process.exitCode = 2
}
