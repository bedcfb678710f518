/** The same requests to both stores: every answer is the same, and so is everything that is left. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { Store } from '../src/domain/ports/store.ts'
import { openStore } from '../src/store/open-store.ts'
import { allKeys, anySequence, steps, type Step } from './support/differential-steps.ts'
import { answerOf, newSide, stateOf } from './support/differential.ts'
import { mongodbHarness } from './support/mongodb-harness.ts'
import { givenServers, startReplicaSet } from './support/mongodb-servers.ts'
import { newKeptLog, newTestClock, rounds } from './support/store-fixtures.ts'
import { addSummary } from './support/summary.ts'

const seed = Number(process.env['UM_TEST_SEED'] ?? Math.floor(Math.random() * 1e7))
const mongodb = mongodbHarness({
  topology: 'differential',
  start: async () => givenServers() ?? startReplicaSet({ members: 1 }),
})
after(() => mongodb.stop())

/** How often each step was answered, and how often refused and why: refusals alone would compare little. */
const answered = new Map<string, number>()
const refused = new Map<string, number>()

/** Sends a sequence to both, on empty stores; throws at the first difference. */
async function compare(
  t: TestContext,
  sequence: readonly Step[],
  plant: (store: Store) => Store = (same) => same,
): Promise<void> {
  const clock = newTestClock()
  const dataDir = mkdtempSync(join(tmpdir(), 'um-differential-'))
  const sqlite = await openStore({ dataDir, clock, log: newKeptLog() })
  try {
    const [one, other] = [newSide(sqlite, clock), newSide(plant((await mongodb.open(t)).store), clock)]
    for (const [index, step] of sequence.entries()) {
      clock.advance(step.waitMs)
      const expected = await answerOf(() => steps[step.name](one, step))
      const actual = await answerOf(() => steps[step.name](other, step))
      assert.deepEqual(actual, expected, `step ${index}, ${step.name}: MongoDB answers, SQLite expects`)
      count(step.name, expected)
    }
    assert.deepEqual(await stateOf(other, allKeys), await stateOf(one, allKeys))
  } finally {
    await sqlite.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

function count(name: string, answer: unknown): void {
  const isRefusal = typeof answer === 'object' && answer !== null && 'refused' in answer
  const counts = isRefusal ? refused : answered
  const what = isRefusal ? String(answer.refused) : name
  counts.set(what, (counts.get(what) ?? 0) + 1)
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, one) => sum + one, 0)
}

test('SQLite and MongoDB answer every sequence of requests alike and are left in the same state', async (t) => {
  const numRuns = rounds(2500)
  await fc.assert(
    fc.asyncProperty(anySequence, (sequence) => compare(t, sequence)),
    { numRuns, seed },
  )
  const unanswered = Object.keys(steps).filter((name) => !answered.has(name))
  assert.deepEqual(unanswered, [], `seed ${seed}`)
  assert.ok(refused.size >= 10, [...refused.keys()].join(', '))
  addSummary(
    `differential: ${numRuns} sequences (seed ${seed}); ${total(answered)} requests answered alike and ` +
      `${total(refused)} refused alike, for ${refused.size} reasons`,
  )
})

const planted: Readonly<Record<string, (store: Store) => Store>> = {
  'the order of sessions': (store) => ({
    ...store,
    listSessions: async (query) => (await store.listSessions(query)).toReversed(),
  }),
  'a used link that counts as unknown': (store) => ({
    ...store,
    peekToken: async (query) => {
      const state = await store.peekToken(query)
      return state?.kind === 'used' ? null : state
    },
  }),
  'a deleted user whose sessions were not counted': (store) => ({
    ...store,
    deleteUser: async (deletion, trail) => {
      const deleted = await store.deleteUser(deletion, trail)
      if (deleted.kind !== 'deleted') return deleted
      return { ...deleted, erased: { ...deleted.erased, sessions: 0 } }
    },
  }),
}

test('the comparison finds each difference that is planted in one of the stores', async (t) => {
  for (const [what, plant] of Object.entries(planted)) {
    const property = fc.asyncProperty(anySequence, (sequence) => compare(t, sequence, plant))
    const found = await fc.check(property, { numRuns: 200, seed, endOnFailure: true })
    assert.ok(found.failed, `not found: ${what} (seed ${seed})`)
    assert.match(String(found.errorInstance), /MongoDB answers|deep-equal/)
  }
})
