/** Nothing that is stored stays behind when an installation moves: every place of it has a form, or a reason. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { recordKinds, type RecordKind } from '../../src/domain/ports/copying.ts'
import { fieldsOf, purgedAt, recordForms } from '../../src/domain/record-forms.ts'
import { createRecordSum } from '../../src/domain/record-sum.ts'
import { ownFacts } from '../../src/store/mongodb/copies.ts'
import { documentFields } from '../../src/store/mongodb/record-documents.ts'
import { places } from '../../src/store/mongodb/records.ts'
import { plans } from '../../src/store/mongodb/schema.ts'
import { migrations } from '../../src/store/sqlite/schema.ts'

/** What belongs to one engine, by the name that it has there, and why it does not move. */
const staysInSqlite: Readonly<Record<string, string>> = {
  unfinished_copy: 'the mark of a copy itself',
  'users.admin': 'made from the roles, for an index',
  'outgoing_mails.due_at': 'a moved mail is due at once: whoever had leased it is gone',
}
const staysInMongodb: Readonly<Record<string, string>> = {
  'users.idempotencyKey': 'made from the identifiers',
  'users.sessionsOpened': 'an upper bound, counted anew at the next sign-in',
  'users.touched': 'makes writers meet in conflict',
  'tokens.mail': 'a record of its own, of the kind outgoing_mails',
  'outbox.due': 'a moved mail is due at once: whoever had leased it is gone',
  'counters.admitted': 'the answer to the last hit',
}

test('every table and every column of SQLite moves, or is named with its reason', () => {
  const db = new DatabaseSync(':memory:')
  for (const { sql } of migrations) db.exec(sql)
  const stays = new Set(Object.keys(staysInSqlite))
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  const found = tables.map(({ name }) => String(name)).filter((name) => !stays.delete(name))
  assert.deepEqual(found.toSorted(), recordKinds.toSorted())
  for (const kind of recordKinds) {
    const columns = db.prepare(`SELECT name, "notnull" AS needed, pk FROM pragma_table_info('${kind}')`).all()
    const moved = columns.filter(({ name }) => !stays.delete(`${kind}.${String(name)}`))
    const fields = fieldsOf(kind)
    const names = new Set(moved.map(({ name }) => name))
    assert.deepEqual(names, new Set(fields.map(({ name }) => name)), kind)
    for (const { name, needed, pk } of moved) {
      const field = fields.find((each) => each.name === name)
      assert.equal(field?.optional, needed === 0, `${kind}.${String(name)} may be null`)
      assert.equal(
        recordForms[kind].key.includes(String(name)),
        pk !== 0,
        `${kind}.${String(name)} is of the key`,
      )
    }
  }
  db.close()
  assert.deepEqual([...stays], [], 'a reason without its place')
})

test('every collection and every field of MongoDB moves, or is named with its reason', () => {
  const stays = new Set(Object.keys(staysInMongodb))
  const moved = new Map<string, Set<string>>()
  for (const [kind, list] of Object.entries(places)) {
    for (const { collection } of list) {
      const fields = moved.get(collection) ?? new Set()
      moved.set(collection, fields)
      // Of the mails that tokens carry the fields are those of the outbox.
      if (kind === 'outgoing_mails' && collection === 'tokens') continue
      for (const { at } of documentFields(kindOf(kind))) fields.add(at)
    }
  }
  for (const { name, validator } of plans) {
    // The keyring is one document; of the facts `ownFacts` tells.
    if (name === 'keys' || name === 'meta') continue
    const fields = moved.get(name)
    assert.ok(fields, `the collection ${name} has no kind`)
    const there = Object.keys(validator['properties']).filter((field) => !stays.delete(`${name}.${field}`))
    const wanted = there.filter((field) => field !== 'purgeAt' || fields.has('purgeAt'))
    assert.deepEqual(new Set(wanted), fields, name)
  }
  assert.deepEqual([...stays], [], 'a reason without its place')
  for (const reason of Object.values(ownFacts)) assert.ok(reason.length > 10)
})

test('a record may be erased by the engines once it has been over for as long as each kind stays', () => {
  assert.equal(purgedAt('sessions', { expires_at: 1000 }), 1000 + 86_400_000)
  assert.equal(purgedAt('counters', { ends_at: 1000 }), 1000)
  assert.equal(purgedAt('identifiers', { expires_at: null }), null)
  assert.equal(purgedAt('users', {}), null)
})

test('the sum of records does not hang on their order, and on nothing else does it not', () => {
  const sha256 = (text: string): Uint8Array => hash('sha256', text, 'buffer')
  const sum = (kind: RecordKind, ...records: readonly object[]): string => {
    const one = createRecordSum(kind, sha256)
    for (const record of records) one.add({ ...record })
    return JSON.stringify(one.total())
  }
  const [a, b] = [
    { key: 'a', value: 1 },
    { key: 'b', value: 2 },
  ]
  assert.equal(sum('meta', a, b), sum('meta', b, a))
  const others = [
    [a],
    [a, b, b],
    [a, a, b],
    [a, { ...b, value: 3 }],
    [],
    [
      { key: 'a', value: 2 },
      { key: 'b', value: 1 },
    ],
  ]
  const all = [sum('meta', a, b), sum('users', a, b), ...others.map((records) => sum('meta', ...records))]
  assert.equal(new Set(all).size, all.length)
  assert.notEqual(sum('meta', a, a), sum('meta', b, b), 'what is there twice does not cancel itself out')
})

function kindOf(name: string): RecordKind {
  return recordKinds.find((kind) => kind === name) ?? assert.fail(`${name} is no kind`)
}
