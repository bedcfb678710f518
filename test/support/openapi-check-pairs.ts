/** Which error codes of which operations were seen in this run. Test files run in processes of their own: a file collects. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { declaredErrors } from '../../src/http/route.ts'
import { routes } from '../../src/http/routes.ts'

const NAMED_AT_MOST = 12
const known = new Set<string>()

/** Remembers that the operation answered with the code. */
export function recordPair(operationId: string, code: string): void {
  const pair = `${operationId} ${code}`
  const file = pairsFile()
  if (!file || known.has(pair)) return
  known.add(pair)
  appendFileSync(file, `${pair}\n`)
}

/** The line for the end of the run, and how many were never seen; null where no test looked at any. */
export function observedPairs(): { readonly line: string; readonly unseen: number } | null {
  const file = pairsFile()
  if (!file || !existsSync(file)) return null
  const seen = new Set(readFileSync(file, 'utf8').split('\n'))
  const declared = declaredPairs()
  const unseen = declared.filter((pair) => !seen.has(pair))
  const named = unseen.slice(0, NAMED_AT_MOST).join(', ')
  const more = unseen.length > NAMED_AT_MOST ? `, and ${unseen.length - NAMED_AT_MOST} more` : ''
  const rest = unseen.length === 0 ? '' : `; not: ${named}${more}`
  const counts = `${declared.length - unseen.length} of ${declared.length}`
  return { line: `${counts} declared (operation, code) pairs observed${rest}`, unseen: unseen.length }
}

function declaredPairs(): readonly string[] {
  return routes
    .filter((one) => !one.undocumented)
    .flatMap((one) => declaredErrors(one).map((code) => `${one.operationId} ${code}`))
}

function pairsFile(): string | null {
  const summary = process.env['UM_TEST_SUMMARY']
  return summary ? `${summary}-pairs` : null
}
