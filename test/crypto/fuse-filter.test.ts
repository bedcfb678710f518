import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { test } from 'node:test'
import { buildFuse, fuseHas, fuseLength, type FuseFilter } from '../../src/crypto/fuse-filter.ts'

const QUESTIONS = 2_000_000

function randomPairs(count: number): Uint32Array {
  return randomFillSync(new Uint32Array(2 * count))
}

/** How many of these keys the filter says it has. */
function found(pairs: Uint32Array, filter: FuseFilter): number {
  let count = 0
  for (let at = 0; at < pairs.length; at += 2) {
    const key = { high: pairs[at] ?? 0, low: pairs[at + 1] ?? 0 }
    if (fuseHas(key, filter, (place) => filter.fingerprints[place] ?? assert.fail('outside'))) count += 1
  }
  return count
}

test('every key of a filter is found, whatever their number', () => {
  for (const count of [...Array(50).keys(), 100, 1000, 10_000, 100_000]) {
    const pairs = randomPairs(count)
    const filter = buildFuse(pairs)
    assert.equal(filter.fingerprints.length, fuseLength(filter))
    assert.equal(found(pairs, filter), count, `of ${count}`)
  }
})

test('keys that are no chance numbers are found too', () => {
  const count = 50_000
  const counted = Uint32Array.from({ length: 2 * count }, (_, index) => (index % 2 === 0 ? 7 : index))
  assert.equal(found(counted, buildFuse(counted)), count)
})

test('of keys that are not in a filter at most 3 in 65,536 are found', () => {
  const filter = buildFuse(randomPairs(100_000))
  const share = found(randomPairs(QUESTIONS), filter) / QUESTIONS
  assert.ok(share <= 3 / 65_536, `${share * 65_536} in 65,536`)
  // A filter that finds nothing at all would pass the line above.
  assert.ok(share > 0.3 / 65_536, `${share * 65_536} in 65,536`)
})

test('the filter of no keys finds none', () => {
  assert.equal(found(randomPairs(100_000), buildFuse(new Uint32Array())), 0)
})

test('a large filter takes 18.2 bits a key, and the same keys give the same one', () => {
  const pairs = randomPairs(1_000_000)
  const filter = buildFuse(pairs)
  const bits = (filter.fingerprints.length * 16) / 1_000_000
  assert.ok(bits < 18.3, `${bits} bits`)
  assert.equal(found(pairs.subarray(0, 200_000), filter), 100_000)
  const small = pairs.subarray(0, 2000)
  assert.deepEqual(buildFuse(small), buildFuse(small))
})

test('a key that is there twice is no endless search', () => {
  assert.throws(() => buildFuse(Uint32Array.of(1, 2, 3, 4, 1, 2)), /a key may be there twice/)
})
