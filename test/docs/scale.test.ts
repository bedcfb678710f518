/** The plan for very many users: the page is what the arithmetic gives, and the arithmetic is done twice. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BSON, Binary, type Document } from 'mongodb'
import { scaleDocument } from '../../scripts/generate-scale.ts'
import {
  assumptions,
  audit,
  auditBytes,
  deletesPerSecond,
  hashes,
  hashingCores,
  onServer,
  plan,
  requestCores,
  revocation,
  signatures,
  tokens,
  userBytes,
} from '../../scripts/scale-arithmetic.ts'
import { collections, meanBytes, planOf, sampleDocuments } from '../../scripts/scale-sizes.ts'
import { read, ROOT } from '../rules/source.ts'

const SMALL = 100_000_000
const LARGE = 1_000_000_000

/** Equal but for the last bits. */
function near(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * 1e-9, `${what}: ${actual}, not ${expected}`)
}

const page = read('docs/explain/scale.md')

test('the page is what the script makes, and says before anything else that it is a plan', () => {
  assert.equal(page, scaleDocument())
  const opening = page.slice(0, page.indexOf('\n## '))
  assert.match(opening, /\*\*This is a plan, not a claim\*\*/)
  assert.match(opening, /never run on a sharded cluster/)
  assert.ok(page.split('\n').length <= 180)
  assert.doesNotMatch(page, /NaN|undefined|Infinity/)
})

test('the load is that of a thirtieth of the users for every million, worked out by hand', () => {
  const { load } = plan(SMALL)
  near(load.logins, (250 * 100) / 30, 'logins')
  near(load.refreshes, (3000 * 100) / 30, 'refreshes')
  near(load.reads, 35_000 / 3, 'reads')
  near(load.writes, 12_500, 'writes')
  // 150 million sessions of 30 days.
  near(load.averageLogins, 5_000_000 / 86_400, 'average logins')
  near(load.auditEventsPerDay, 6_000_000, 'events a day')
  assert.ok(load.logins > load.averageLogins)
  assert.match(page, /\| logins at the peak \| 833 \| 8,330 \|/)
  assert.match(page, /\| documents written: .* \| 12,500 \| 125,000 \|/)
})

test('hashing, signing and verifying need the cores that a second calculation gives', () => {
  const expected = [
    [13, 25, 125],
    [29, 58, 288],
    [70, 139, 695],
    [234, 467, 2334],
  ]
  const actual = hashes.map(({ cpuMs }) => {
    const { peak, attack } = hashingCores(SMALL, cpuMs)
    return [peak, attack, hashingCores(LARGE, cpuMs).peak]
  })
  assert.deepEqual(actual, expected)
  assert.equal(signatures[0].algorithm, 'ES256')
  near(tokens(LARGE).signCores(20), (108_333 + 1 / 3) * 20e-6, 'signing')
  near(tokens(LARGE).verifyCores(50), ((200_000_000 * 200) / 86_400) * 5 * 50e-6, 'verifying')
  near(tokens(LARGE).jwksRequests, 1000 / 600, 'requests for keys')
  // (6.67 + 0.83 × 1.2) core-seconds at 60 %: 12.8.
  assert.equal(requestCores(SMALL), 13)
})

test('a revocation is late by the life of a token and the skew of clocks, whatever the number of users', () => {
  assert.equal(revocation(SMALL).stalenessSeconds, 605)
  assert.equal(revocation(LARGE).stalenessSeconds, 605)
  near(revocation(LARGE).entries, (2_000_000 / 86_400) * 600, 'entries')
  near(revocation(LARGE).bytes, revocation(LARGE).entries * 24, 'bytes')
})

test('ten times the users are ten times the load, the bytes and the events', () => {
  const [small, large] = [plan(SMALL), plan(LARGE)]
  for (const [rate, value] of Object.entries(small.load)) {
    near({ ...large.load }[rate] ?? 0, value * 10, rate)
  }
  const { cache, ...grows } = small.storage
  for (const [what, value] of Object.entries(grows)) near({ ...large.storage }[what] ?? 0, value * 10, what)
  assert.equal(large.storage.cache, cache)
  near(audit(LARGE, 30).disk, audit(SMALL, 300).disk, 'events')
  near(deletesPerSecond(LARGE).sessions, deletesPerSecond(SMALL).sessions * 10, 'deletes')
  const ratio = hashingCores(LARGE, 9).peak / hashingCores(SMALL, 9).peak
  assert.ok(ratio > 9 && ratio <= 10)
})

test('the shards carry the working set and the writes, and there is one at least', () => {
  for (const users of [1, 1_000_000, SMALL, LARGE, 10 * LARGE]) {
    const { shards, storage, load } = plan(users)
    assert.ok(shards.chosen >= 1 && shards.byMemory >= 1)
    assert.ok(shards.chosen * storage.cache >= storage.workingSet)
    assert.ok(shards.chosen * assumptions.shardWritesLow.value >= load.writes)
    const fewer = shards.chosen - 1
    const tooFew =
      fewer * storage.cache < storage.workingSet || fewer * assumptions.shardWritesLow.value < load.writes
    assert.ok(tooFew, `${fewer} shards would do for ${users} users`)
    assert.equal(shards.nodes, shards.chosen * 3)
    const [hopeful = 0, careful = 0] = shards.byWrites
    assert.ok(hopeful <= careful)
  }
  assert.equal(plan(1).shards.chosen, 1)
  near(plan(SMALL).storage.cache, 127 * 0.5 * 1024 ** 3, 'cache')
})

test('the parts of a user and of an event add up to the whole', () => {
  const { lines, total } = userBytes()
  const added = (read: (line: (typeof lines)[number]) => number): number =>
    lines.reduce((sum, line) => sum + read(line), 0)
  near(
    total.bson,
    added(({ bson, documents }) => bson * documents),
    'BSON',
  )
  near(total.disk, 196.6 + 2 * 32.6 + 1.5 * 105.4, 'disk')
  const ofUser = 38.5 + 36.3 + 47.6 + 21.8 + 47.8
  near(total.index, ofUser + 2 * (38.6 + 37.4) + 1.5 * (38.5 + 36.6 + 27.9), 'indexes')
  const { storage } = plan(SMALL)
  near(storage.replica, (storage.documentsOnDisk + storage.indexes) * 1.3, 'a replica')
  near(storage.workingSet, SMALL * (total.index + 0.2 * total.bson), 'working set')
  assert.ok(storage.documentsOnDisk < storage.documents)
  near(auditBytes().disk, 96.1 + 38.5 + 36.4 + 28 + 58.1 + 58, 'an event')
  near(audit(SMALL, 400).disk, 6e6 * 400 * auditBytes().disk, '400 days')
  assert.ok(auditBytes().random < auditBytes().disk)
})

test('the samples have the fields and the indexes that the adapter declares, so that a change of it is noticed', () => {
  for (const collection of collections) {
    const { validator, indexes } = planOf(collection)
    const { required, properties }: Document = validator
    const names = indexes.map(({ name }) => String(name))
    const why = `indexes of ${collection}: measure again with scripts/scale-sizes.ts`
    assert.deepEqual(
      Object.keys(onServer[collection].entryBytes).toSorted(),
      ['_id_', ...names].toSorted(),
      why,
    )
    for (const sample of sampleDocuments(7)[collection]) {
      const fields = Object.keys(sample)
      assert.deepEqual(
        required.filter((field: string) => !fields.includes(field)),
        [],
        `${collection} lacks`,
      )
      assert.deepEqual(
        fields.filter((field) => !(field in properties)),
        [],
        `${collection} has besides`,
      )
    }
  }
})

test('the samples are the same each time, differ from user to user, and weigh what BSON says', () => {
  assert.deepEqual(sampleDocuments(41), sampleDocuments(41))
  assert.notDeepEqual(sampleDocuments(41).users, sampleDocuments(42).users)
  const [claim] = sampleDocuments(3).identifiers
  assert.ok(claim && claim['userId'] instanceof Binary)
  const key = String(claim['_id'])
  // Document: length and end. Text: type, name, length, characters, end. Id: type, name, length, subtype, 16 bytes.
  const byHand = 4 + 1 + (1 + 4 + 4 + key.length + 1) + (1 + 7 + 4 + 1 + 16)
  assert.equal(BSON.serialize(claim).length, byHand)
  for (const collection of collections) {
    const sizes = Array.from({ length: 10 }, (_, number) =>
      sampleDocuments(number)[collection].map((each) => BSON.serialize(each).length),
    ).flat()
    near(meanBytes(10)[collection], sizes.reduce((sum, each) => sum + each, 0) / sizes.length, collection)
  }
})

test('every assumption is on the page with its unit, its kind and where it comes from', () => {
  for (const { what, value, unit, kind, source } of Object.values(assumptions)) {
    assert.ok(value > 0 && source !== '')
    const row = page.split('\n').find((line) => line.startsWith(`| ${what} |`) && line.includes(unit))
    assert.ok(row?.endsWith(`| ${kind} | ${source} |`), what)
  }
})

test('what the page links to is there', () => {
  const links = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target)
  assert.ok(links.length > 0)
  for (const target of links) assert.ok(existsSync(join(ROOT, 'docs/explain', target)), target)
})
