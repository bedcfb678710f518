import { addSummary } from './summary.ts'

const LINE = /^store contract: (\d+) tests passed on (.+)$/

/** Says at the end of the run how many tests of the store contract have passed on an engine. */
export function addContractLine(engine: string, passed: number): void {
  addSummary(`store contract: ${passed} tests passed on ${engine}`)
}

/** Whether every engine of these lines has passed the same number of tests, one at least. */
export function contractsAgree(lines: readonly string[]): boolean {
  const counts = lines.flatMap((line) => LINE.exec(line)?.[1] ?? [])
  return new Set(counts).size <= 1 && !counts.includes('0')
}
