/** Which settings the tests have set to something else than their default. Test files run in processes of their own: a file collects. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { settings } from '../../src/config.ts'

/** Where a server listens and keeps its data differs for every test, and changes no rule. */
const places = new Set([
  'UM_PORT',
  'UM_HOST',
  'UM_PUBLIC_URL',
  'UM_DATA_DIR',
  'UM_DATABASE_URL',
  'UM_INTERNAL_PORT',
])
const known = new Set<string>()

/** Remembers what a server is started with. */
export function recordSettings(given: Readonly<Record<string, string | undefined>>): void {
  const file = settingsFile()
  if (!file) return
  for (const { name, fallback } of settings) {
    const value = given[name]
    const line = `${name} ${basename(process.argv[1] ?? '')}`
    if (value === undefined || value === fallback || places.has(name) || known.has(line)) continue
    known.add(line)
    appendFileSync(file, `${line}\n`)
  }
}

/** The line for the end of the run: each such setting, and in how many test files; null where there is none. */
export function settingsThatDiffered(): string | null {
  const file = settingsFile()
  if (!file || !existsSync(file)) return null
  const lines = [...new Set(readFileSync(file, 'utf8').trim().split('\n'))]
  const byName = Map.groupBy(lines, (line) => line.split(' ')[0] ?? '')
  const counts = [...byName].map(([name, files]) => `${name} in ${files.length}`)
  return `settings that differed from their default, and in how many test files: ${counts.join(', ')}`
}

function settingsFile(): string | null {
  const summary = process.env['UM_TEST_SUMMARY']
  return summary ? `${summary}-settings` : null
}
