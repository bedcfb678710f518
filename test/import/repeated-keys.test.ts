/** A line that two programs could read in two ways is no user. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { importing } from '../../src/domain/limits.ts'
import { ndjson } from '../../src/import/ndjson.ts'
import { rowsOf } from '../support/imports.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-repeated-'))
after(() => rmSync(folder, { recursive: true }))

/** The reason for each line, or the address that was read. */
async function read(lines: readonly string[]): Promise<readonly unknown[]> {
  const file = join(folder, 'users.ndjson')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const rows = await rowsOf(ndjson, [file])
  return rows.map((row) => ('reason' in row ? row.reason : row.record['email']))
}

test('a line with a key twice is rejected by its name, wherever and however it is written', async () => {
  const lines = {
    '{"email":"a@example.com","email":"b@example.com"}': 'email',
    '{"email":"a@example.com","locale":"en","email":"a@example.com"}': 'email',
    '{ "email" : "a@example.com" , "email" : "b@example.com" }': 'email',
    '{"email":"a@example.com","\\u0065mail":"b@example.com"}': 'email',
    '{"email":"a@example.com","profile":{"bio":"x","bio":"y"}}': 'bio',
    '{"email":"a@example.com","more":[{"x":1},{"x":1,"x":2}]}': 'x',
    '{"__proto__":1,"email":"a@example.com","__proto__":2}': '__proto__',
    '{"reason":"r","record":{"email":"a@example.com","roles":["user"],"roles":["admin"]}}': 'roles',
    '{"email":"a@example.com","bio":"\\":","locale":"en","locale":"de"}': 'locale',
  }
  const reasons = Object.values(lines).map((key) => `The line has the key ${key} twice.`)
  assert.deepEqual(await read(Object.keys(lines)), reasons)
  const long = 'k'.repeat(2 * importing.leftBehindMaxLength)
  const [reason] = await read([`{"${long}":1,"${long}":2}`])
  assert.equal(reason, `The line has the key ${long.slice(0, importing.leftBehindMaxLength)} twice.`)
})

test('what only looks like a key twice is read', async () => {
  const tricky = [
    { email: 'a@example.com', profile: { email: 'b@example.com' }, list: [{ email: 1 }, { email: 2 }] },
    { email: 'a@example.com', profile: { bio: '{"email":"x","email":"y"}', note: 'one : two, "three":' } },
    { email: 'a@example.com', profile: { bio: `\\":${'":'.repeat(200_000)}` } },
    { email: 'a@example.com', Email: 'b@example.com', 'email ': 'c@example.com', '': 'd', ':': 'e' },
  ]
  const lines = tricky.flatMap((each) => [JSON.stringify(each), JSON.stringify(each).replaceAll('":', '" :')])
  const spaced = JSON.stringify(tricky[0], null, 1).replaceAll('\n', '\t')
  const addresses = await read([...lines, spaced])
  assert.deepEqual([...new Set(addresses)], ['a@example.com'])
  assert.equal(addresses.length, tricky.length * 2 + 1)
})
