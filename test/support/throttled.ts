import { guessing } from '../../src/domain/limits.ts'
import { upTo } from './store-fixtures.ts'
import type { TestClock } from './server.ts'

/**
 * Fails at an account, each time as soon as its wait is over, until the next wait is half a minute: longer
 * than a slow machine takes for what a test does then.
 */
export async function failUntilThrottled(clock: TestClock, fail: () => Promise<unknown>): Promise<void> {
  for (const failures of upTo(guessing.freeFailures + 5)) {
    const waits = failures - guessing.freeFailures
    if (waits >= 0) clock.advance(guessing.firstWaitMs * 2 ** waits)
    await fail()
  }
}
