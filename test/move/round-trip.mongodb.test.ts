/** Out of one store, into the other, and out again: the same users, byte for byte. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { openControl, type Control } from '../../src/control.ts'
import { startDatabase } from '../support/mongodb-database.ts'
import { temporaryFolder } from '../support/process.ts'
import { rounds } from '../support/store-fixtures.ts'
import { addSummary } from '../support/summary.ts'
import { recordLines } from './records.ts'

const USERS = rounds(100_000)
const STEP = 1000
const starting = startDatabase('moving')
const opened: Control[] = []
after(async () => {
  for (const control of opened) await control.close()
  await (await starting).stop()
})

async function openOn(databaseUrl: string): Promise<Control> {
  const settings = { UM_DATA_DIR: temporaryFolder(), UM_DATABASE_URL: databaseUrl }
  const control = await openControl(loadConfig(settings))
  opened.push(control)
  return control
}

async function importInto(control: Control, lines: readonly string[]): Promise<readonly string[]> {
  const kinds: string[] = []
  for (let from = 0; from < lines.length; from += STEP) {
    const records = lines.slice(from, from + STEP).map((line): unknown => JSON.parse(line))
    const how = { created_at: 0, without_unknown_hashes: false, dry_run: false }
    const { json } = await control.request('POST', '/control/users/import', { records, ...how })
    const { verdicts } = json as { verdicts: readonly { kind: string }[] }
    kinds.push(...verdicts.map(({ kind }) => kind))
  }
  return kinds
}

async function exportFrom(control: Control): Promise<readonly string[]> {
  const lines: string[] = []
  let cursor: string | null = null
  do {
    const { json } = await control.request('POST', '/control/users/export', { cursor })
    const page = json as { records: readonly object[]; next: string | null }
    lines.push(...page.records.map((record) => JSON.stringify(record)))
    cursor = page.next
  } while (cursor !== null)
  return lines
}

test('users move from SQLite to MongoDB and back, and every export is the same', async () => {
  const { url, another } = await starting
  const lines = recordLines(USERS)
  // In another order than that of their creation, so that sorting is the store's work.
  const shuffled = lines.toSorted((one, other) => (one.slice(15) < other.slice(15) ? -1 : 1))
  let given: readonly string[] = shuffled
  const rates: string[] = []
  for (const place of ['sqlite:users.db', url, 'sqlite:users.db', another('back')]) {
    const control = await openOn(place)
    const began = performance.now()
    const kinds = await importInto(control, given)
    rates.push(`${Math.round((USERS * 1000) / (performance.now() - began))}/s into ${place.split(':')[0]}`)
    assert.deepEqual(new Set(kinds), new Set(['imported']))
    given = await exportFrom(control)
    assert.equal(given.length, USERS)
    assert.ok(
      given.every((line, at) => line === lines[at]),
      `what comes out of ${place} is not what went in`,
    )
    assert.deepEqual(new Set(await importInto(control, given.slice(0, 1500))), new Set(['repeated']))
  }
  addSummary(`users moved: ${USERS} users, ${rates.join(', ')} (in steps one after the other)`)
})
