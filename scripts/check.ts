/** Runs every static check and says how long each took: `npm run check`. All of them run, whatever the first says. */
import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { styleText } from 'node:util'

const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules', '.bin')

const checks: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['types', 'tsc', '--project', '.'],
  ['lint', 'oxlint', '--format', 'unix', '--deny-warnings', '--report-unused-disable-directives'],
  ['format', 'oxfmt', '--check'],
  ['generated files', 'node', join('scripts', 'generate.ts'), '--check'],
  ['dead code', 'knip', '--no-progress'],
]

function passes([name, command, ...args]: (typeof checks)[number]): boolean {
  const began = performance.now()
  const result = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, PATH: [BIN, process.env['PATH']].join(delimiter) },
    shell: process.platform === 'win32',
    encoding: 'utf8',
  })
  const good = result.status === 0
  const mark = good ? styleText('green', '✔') : styleText('red', '✖')
  process.stdout.write(`${mark} ${name} ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
  if (!good) process.stdout.write(`${result.stdout}${result.stderr}${result.error?.message ?? ''}\n`)
  return good
}

const failed = checks.filter((check) => !passes(check)).map(([name]) => name)
if (failed.length > 0) {
  process.stdout.write(`checks failed: ${failed.join(', ')}\n`)
  process.exitCode = 1
}
