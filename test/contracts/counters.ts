/** Counting attempts (C14): exact under any race, and the same verdicts on every engine. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { countHit, type Bucket } from '../../src/domain/counting.ts'
import type { Hit, HitResult } from '../../src/domain/ports/counters.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import { newId, release, rounds, upTo } from '../support/store-fixtures.ts'
import { race, type Harness } from './harness.ts'

const MINUTE = 60_000

function newHit(overrides: Partial<Hit> = {}): Hit {
  return { key: `test:${newId()}`, cost: 1, limit: 3, windowMs: MINUTE, ...overrides }
}

async function one(store: Store, hit: Hit, now: number): Promise<HitResult> {
  const [result] = await store.hit({ hits: [hit], now })
  assert.ok(result)
  return result
}

function admitted(results: readonly (readonly HitResult[])[]): number {
  return results.flat().filter((result) => result.admitted).length
}

export function countersContract(harness: Harness): void {
  suite('counting', () => {
    exactness(harness)
    windowsAndWaits(harness)
    givingBack(harness)
    sameVerdicts(harness)
  })
}

function exactness(harness: Harness): void {
  test('1,000 hits of one bucket at the same time count as 1,000, durable or not (C14)', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    const now = clock.now()
    for (const durable of [false, true]) {
      const hit = newHit({ limit: 1_000_000, durable })
      const results = await race(clients, 1000, (client) => client.hit({ hits: [hit], now }))
      assert.equal(admitted(results), 1000)
      assert.equal((await one(store, { ...hit, cost: 0 }, now)).count, 1000)
      assert.equal(new Set(results.map(([result]) => result?.count)).size, 1000, 'a count was given twice')
    }
  })

  test('of 500 hits at the same time exactly as many are admitted as the limit allows (C14, row 24)', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    const now = clock.now()
    for (const limit of [1, 30, 120]) {
      const hit = newHit({ limit })
      const results = await race(clients, 500, (client) => client.hit({ hits: [hit], now }))
      assert.equal(admitted(results), limit)
      assert.equal((await one(store, { ...hit, cost: 0 }, now)).count, limit, 'a refused hit was counted')
    }
  })

  test('buckets of one call do not touch each other, nor do those of different keys', async (t) => {
    const { store, clock } = await harness.open(t)
    const now = clock.now()
    const full = newHit({ limit: 1 })
    const free = newHit()
    await one(store, full, now)
    const results = await store.hit({ hits: [full, free, { ...full, cost: 0 }].slice(0, 2), now })
    assert.deepEqual(
      results.map((result) => [result.admitted, result.count]),
      [
        [false, 1],
        [true, 1],
      ],
    )
    assert.equal((await one(store, newHit({ cost: 0 }), now)).count, 0)
  })
}

function windowsAndWaits(harness: Harness): void {
  test('a window begins with its first hit and ends to the millisecond; refused hits do not prolong it', async (t) => {
    const { store, clock } = await harness.open(t)
    const hit = newHit({ limit: 2 })
    const start = clock.now()
    assert.deepEqual(await one(store, hit, start), { admitted: true, count: 1, resetAt: start + MINUTE })
    assert.deepEqual(await one(store, hit, start + 100), {
      admitted: true,
      count: 2,
      resetAt: start + MINUTE,
    })
    const refused = { admitted: false, count: 2, resetAt: start + MINUTE }
    assert.deepEqual(await one(store, hit, start + 200), refused)
    assert.deepEqual(await one(store, hit, start + MINUTE - 1), refused)
    const again = { admitted: true, count: 1, resetAt: start + 2 * MINUTE }
    assert.deepEqual(await one(store, hit, start + MINUTE), again)
  })

  test('waits grow with the hits that were counted, the last one repeats, and the window follows the last hit', async (t) => {
    const { store, clock } = await harness.open(t)
    const hit = newHit({ limit: 6, gapsMs: [0, 0, 1000, 2000] })
    let now = clock.now()
    for (const gap of [0, 0, 1000, 2000, 2000, 2000]) {
      if (gap > 0) {
        const early = await one(store, hit, now + gap - 1)
        assert.deepEqual([early.admitted, early.resetAt], [false, now + gap])
      }
      now += gap
      assert.ok((await one(store, hit, now)).admitted)
    }
    const full = await one(store, hit, now + MINUTE - 1)
    assert.deepEqual(full, { admitted: false, count: 6, resetAt: now + MINUTE })
    assert.equal((await one(store, hit, now + MINUTE)).count, 1)
  })

  test('a clock that is behind that of the last hit is refused nothing but a wait', async (t) => {
    const { store, clock } = await harness.open(t)
    const now = clock.now()
    for (const hit of [newHit(), newHit({ gapsMs: [0, 0, 1000] })]) {
      assert.ok((await one(store, hit, now)).admitted)
      assert.ok((await one(store, hit, now - 5)).admitted)
    }
    const waiting = newHit({ gapsMs: [0, 1000] })
    await one(store, waiting, now)
    assert.equal((await one(store, waiting, now - 5)).admitted, false)
  })

  test('a look counts nothing, and sees what others have counted', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    const now = clock.now()
    const hit = newHit({ limit: 2 })
    const look = { ...hit, cost: 0 }
    for (const client of clients)
      assert.deepEqual(await one(client, look, now), { admitted: true, count: 0, resetAt: now })
    await one(store, hit, now)
    await one(store, hit, now)
    for (const client of clients) {
      const seen = await one(client, { ...look, limit: 1 }, now)
      assert.deepEqual(seen, { admitted: false, count: 2, resetAt: now + MINUTE })
    }
  })

  test('what has ended is swept and nothing else is', async (t) => {
    const { store, clock } = await harness.open(t)
    const now = clock.now()
    const [short, long] = [newHit({ durable: true }), newHit({ durable: true, windowMs: 10 * MINUTE })]
    await store.hit({ hits: [short, long], now })
    await store.sweep({ now: now + MINUTE - 1 })
    assert.equal((await one(store, { ...short, cost: 0 }, now + MINUTE - 1)).count, 1)
    await store.sweep({ now: now + MINUTE })
    assert.equal((await one(store, { ...short, cost: 0 }, now + MINUTE)).count, 0)
    assert.equal((await one(store, { ...long, cost: 0 }, now + MINUTE)).count, 1)
  })
}

function givingBack(harness: Harness): void {
  test('what is given back makes room for exactly as much, and never leaves less than nothing', async (t) => {
    const { store, clock } = await harness.open(t)
    const now = clock.now()
    const hit = newHit({ limit: 2, durable: true })
    await one(store, hit, now)
    await one(store, hit, now)
    assert.deepEqual(await one(store, { ...hit, cost: -1 }, now), { admitted: true, count: 0, resetAt: now })
    assert.equal((await one(store, hit, now)).admitted, true)
    assert.equal((await one(store, hit, now)).admitted, false)
    await one(store, { ...hit, cost: -100 }, now)
    await one(store, { ...hit, cost: -1 }, now)
    const fresh = await one(store, hit, now + 500)
    assert.deepEqual(fresh, { admitted: true, count: 1, resetAt: now + 500 + MINUTE }, 'a new window begins')
    const never = newHit()
    await one(store, { ...never, cost: -5 }, now)
    assert.equal((await one(store, never, now)).count, 1)
  })

  test('hits and what is given back at the same time add up, whatever their order', async (t) => {
    const { store, clients, clock } = await harness.open(t)
    const now = clock.now()
    const hit = newHit({ limit: 1_000_000 })
    for (const _ of upTo(100)) await one(store, hit, now)
    await race(clients, 300, (client, n) =>
      client.hit({ hits: [{ ...hit, cost: n % 3 === 0 ? -1 : 1 }], now }),
    )
    assert.equal((await one(store, { ...hit, cost: 0 }, now)).count, 100 + 200 - 100)
  })
}

function sameVerdicts(harness: Harness): void {
  test('any sequence of hits, looks and returns gets the verdicts of the rule, on every engine alike', async (t) => {
    const { store, clock } = await harness.open(t)
    const seed = 20_260_901
    const random = seededRandom(seed)
    const pick = <Item>(items: readonly [Item, ...Item[]]): Item =>
      items[Math.floor(random() * items.length)] ?? items[0]
    const kinds = [
      newHit(),
      newHit({ limit: 1, windowMs: 7 }),
      newHit({ limit: 5, durable: true, gapsMs: [0, 0, 3, 9, 27] }),
      newHit({ limit: 100, durable: true, windowMs: 50, gapsMs: [0, 1] }),
    ] as const
    const buckets = new Map<string, Bucket>()
    let now = clock.now()
    const steps = release ? rounds(200_000) : Math.round(3000 * (harness.share ?? 1))
    for (const step of upTo(steps)) {
      now += pick([0, 0, 1, 2, 5, 30, 61_000])
      const hit = { ...pick(kinds), cost: pick([1, 1, 1, 1, 2, 0, -1, -3]) }
      const { bucket, result } = countHit(buckets.get(hit.key) ?? null, hit, now)
      if (bucket) buckets.set(hit.key, bucket)
      else buckets.delete(hit.key)
      assert.deepEqual(
        await one(store, hit, now),
        result,
        `step ${step} of seed ${seed}: ${JSON.stringify(hit)}`,
      )
    }
  })
}

/** mulberry32, public domain: the same numbers for the same seed. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
