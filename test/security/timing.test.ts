/** The times themselves are of `npm run timing`: here they are only held against how much they vary. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { release } from '../support/store-fixtures.ts'
import { compareTimes } from '../support/timing.ts'

test('answers about somebody take as long as answers about nobody (ASVS 6.3.8)', async () => {
  const compared = await compareTimes(release ? 1000 : 40)
  assert.equal(compared.length, 4)
  for (const { operation, known, unknown } of compared) {
    const spread = Math.max(known.p90Ms, unknown.p90Ms) - Math.min(known.p10Ms, unknown.p10Ms)
    const difference = Math.abs(known.p50Ms - unknown.p50Ms)
    assert.ok(difference <= spread / 2 + 1, `${operation}: ${JSON.stringify({ known, unknown })}`)
  }
})
