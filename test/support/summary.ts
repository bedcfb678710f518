import { appendFileSync } from 'node:fs'

/**
 * Adds a line to the end of the test run, such as "140 of 140 declared (operation, code) pairs observed". The run
 * prints each distinct line once, above its totals. Under a bare `node --test` it is printed at once.
 */
export function addSummary(line: string): void {
  const file = process.env['UM_TEST_SUMMARY']
  if (file) appendFileSync(file, `${line}\n`)
  else process.stdout.write(`${line}\n`)
}
