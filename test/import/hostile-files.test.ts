/** Files that are damaged, cut off, too large or something else: told in a sentence, and nothing swallowed. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import { importing } from '../../src/domain/limits.ts'
import { auth0 } from '../../src/import/auth0.ts'
import { betterAuth } from '../../src/import/better-auth.ts'
import { fastapiUsers } from '../../src/import/fastapi-users.ts'
import { keycloak } from '../../src/import/keycloak.ts'
import { pocketbase } from '../../src/import/pocketbase.ts'
import type { ImportReader } from '../../src/import/reader.ts'
import { supabase } from '../../src/import/supabase.ts'
import { fixture, rowsOf, sorted } from '../support/imports.ts'

const DIALECTS: readonly ImportReader[] = [fastapiUsers, supabase, keycloak, pocketbase, betterAuth, auth0]
const MIB = 1024 * 1024
const isRelease = process.env['UM_TEST_SIZE'] === 'release'
const folder = mkdtempSync(join(tmpdir(), 'um-hostile-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0
function fileOf(content: string | Buffer): string {
  count += 1
  const file = join(folder, `file-${count}`)
  writeFileSync(file, content)
  return file
}

const CSV = readFileSync(fixture('supabase/users.csv'), 'utf8')
const NDJSON = readFileSync(fixture('supabase/users.ndjson'), 'utf8')
const REALM = readFileSync(fixture('keycloak/shop-realm.json'), 'utf8')

const NO_EXPORTS: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ['empty', '', /is empty\.$/],
  ['nothing but white space', ' \n \n', / has no column|is empty/],
  [
    'a sentence',
    'Dear Sir or Madam, please find our users attached.',
    /has no column .* in its first row\.$/,
  ],
  ['UTF-16', Buffer.from(`\ufeff${CSV}`, 'utf16le'), /is UTF-16 text; save it as UTF-8\.$/],
  ['a gzip file', Buffer.from('1f8b0800000000000003', 'hex'), /is compressed by gzip; unpack it first\.$/],
  ['a zip archive', Buffer.from('504b030414000000', 'hex'), /is a zip archive; unpack it first\.$/],
  ['a SQLite file that is cut off', Buffer.from(`SQLite format 3\0${'\x01'.repeat(50)}`), / a SQLite file/],
  ['an HTML page', '<!doctype html><title>Sign in</title>', /has no column/],
]

for (const reader of DIALECTS) {
  test(`${reader.name} says in a sentence that a file is no export`, async () => {
    for (const [what, content, sentence] of NO_EXPORTS) {
      const file = fileOf(content)
      await assert.rejects(rowsOf(reader, [file]), (error: Error) => {
        assert.ok(error.message.startsWith(file), `${what}: ${error.message}`)
        assert.match(error.message, sentence, what)
        return true
      })
    }
  })
}

test('a byte order mark and line ends of CR and LF change nothing', async () => {
  for (const text of [CSV, NDJSON]) {
    const plain = sorted(await rowsOf(supabase, [fileOf(text)]))
    const marked = sorted(await rowsOf(supabase, [fileOf(`\ufeff${text.replaceAll('\n', '\r\n')}`)]))
    assert.deepEqual(marked, plain)
    assert.equal(Object.keys(plain.users).length, 4)
  }
  const realm = fileOf(`\ufeff${REALM.replaceAll('\n', '\r\n')}`)
  assert.equal(Object.keys(sorted(await rowsOf(keycloak, [realm])).users).length, 6)
})

test('a realm that is cut off gives the users before the cut, and then the sentence', async () => {
  const file = fileOf(REALM.slice(0, REALM.indexOf('dmitri')))
  const seen: string[] = []
  const read = async () => {
    const options = { profileFields: {}, roles: {}, table: null, now: 0 }
    for await (const row of keycloak.read([file], options)) seen.push('record' in row ? 'record' : row.reason)
  }
  await assert.rejects(read, /can't be read as JSON: it ends too early\.$/)
  assert.deepEqual(seen, ['record', 'record', 'record'])
})

test('a line that is cut off is told, and the lines before it are users', async () => {
  const { users, reasons } = sorted(await rowsOf(supabase, [fileOf(NDJSON.slice(0, 1500))]))
  assert.deepEqual(Object.keys(users), ['anna'])
  assert.deepEqual(reasons, ['2: The line is not a JSON object.'])
})

test('a line of many megabytes is told with its size, and the lines after it are read', async () => {
  const bytes = isRelease ? 100 * MIB : 5 * MIB
  const [first = '', second = ''] = NDJSON.split('\n')
  const file = fileOf(`${first}\n{"email":"`)
  for (let done = 0; done < bytes; done += MIB) appendFileSync(file, Buffer.alloc(MIB, 0x61))
  appendFileSync(file, `"}\n${second}\n`)
  const { users, reasons } = sorted(await rowsOf(supabase, [file]))
  assert.deepEqual(Object.keys(users), ['anna', 'bruno'])
  assert.equal(users.bruno?.line, 3)
  assert.deepEqual(reasons, [
    `2: The line has ${bytes + 12} bytes; at most ${importing.recordMaxBytes} are read.`,
  ])
})

test('an element, a text outside of the users, and a CSV field that never end are refused', async () => {
  const bytes = isRelease ? 100 * MIB : 5 * MIB
  const endless = Buffer.alloc(bytes, 0x61)
  const beginnings = ['{"users":[{"email":"', '{"realm":"', '{"users":[],"clients":[{"secret":"']
  for (const beginning of beginnings) {
    const file = fileOf(Buffer.concat([Buffer.from(beginning), endless]))
    await assert.rejects(
      rowsOf(keycloak, [file]),
      /: it has an element of more than 1048576 bytes after byte \d+\.$/,
    )
  }
  const file = fileOf(Buffer.concat([Buffer.from('id,email\n1,"'), endless]))
  await assert.rejects(
    rowsOf(fastapiUsers, [file]),
    /is not CSV that can be read: .*a row has more than 1048576 bytes/,
  )
})

test('what nests too deeply is told or refused, and never ends the process', async () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
  const lines = [deep(62), deep(300_000), deep(63)].map((value) => `{"email":"a@example.com","x":${value}}`)
  const rows = await rowsOf(fastapiUsers, [fileOf(lines.join('\n'))], { profileFields: { x: 'x' } })
  assert.deepEqual(
    rows.map((row) => ('reason' in row ? row.reason : 'record')),
    ['record', 'The line is not a JSON object.', 'record'],
  )
  const document = fileOf(`{"users":[{"email":"a@example.com","attributes":${deep(300_000)}}]}`)
  await assert.rejects(rowsOf(keycloak, [document]), /: it nests more than 64 levels deep\.$/)
})

test('rows of CSV with too many or too few fields, or bytes that are no UTF-8, are told one by one', async () => {
  const good = '1,a@example.com,true'
  const text = Buffer.from(`id,email,is_active\n${good}\n2,b@example.com\n3,c@example.com,true,\n4,`)
  const bad = Buffer.from('ff@example.com,true\n5,e@example.com,perhaps\n6,f@example.com,false\n', 'latin1')
  bad[0] = 0xff
  const { users, reasons } = sorted(await rowsOf(fastapiUsers, [fileOf(Buffer.concat([text, bad]))]))
  assert.deepEqual(Object.keys(users), ['a', 'f'])
  assert.deepEqual(reasons, [
    '3: The row has 2 fields, the first row has 3.',
    '4: The row has 4 fields, the first row has 3.',
    '5: The row is not UTF-8.',
    "6: What stands at is_active can't be read.",
  ])
})

test('a CSV file with two columns of a name, or with broken quotes, is refused', async () => {
  const twice = fileOf('id,email,email\n1,a@example.com,b@example.com\n')
  await assert.rejects(rowsOf(fastapiUsers, [twice]), /has two columns of the name "email"\.$/)
  const broken = fileOf('id,email\n1,"a"b@example.com\n')
  await assert.rejects(
    rowsOf(fastapiUsers, [broken]),
    /is not CSV that can be read: text follows a closing quote near line 2\.$/,
  )
})

test('no sentence has anything of a user in it', async () => {
  const secret = '$2a$10$3jVqxBTBmym2qccvTa'
  const broken: readonly (readonly [ImportReader, string])[] = [
    [keycloak, `{"users":[{"email":"eva@example.com" "${secret}"}]}`],
    [keycloak, `{"users":[{"email":"eva@example.com","${secret}`],
    [fastapiUsers, `id,email\n1,${secret} eva@example.com"x"\n`],
    [fastapiUsers, `id,email\n1,"${secret} eva@example.com"x\n`],
    [fastapiUsers, `id,email\n1,"${secret} eva@example.com`],
    [fastapiUsers, `id,email\n1,eva@example.com,${secret}`],
    [supabase, `{"id":1}\n{"email":"eva@example.com",${secret}\n`],
  ]
  for (const [reader, text] of broken) {
    const rows = await rowsOf(reader, [fileOf(text)]).catch((error: Error) => [{ reason: inspect(error) }])
    const said = rows.map((row) => ('reason' in row ? row.reason : assert.fail(text))).join(' ')
    assert.ok(said.length > 20 && !said.includes('eva') && !said.includes('$2a'), said)
  }
})

test('names such as __proto__ and constructor are fields like any other', async () => {
  const line =
    '{"email":"a@example.com","__proto__":{"is_superuser":true,"admin":1},"constructor":"x","is_superuser":false}'
  const options = { profileFields: { constructor: 'built', toString: 'text' }, roles: {} }
  const [row] = await rowsOf(fastapiUsers, [fileOf(line)], options)
  assert.ok(row && 'record' in row)
  assert.deepEqual(row.record, { email: 'a@example.com', profile: { built: 'x' } })
  assert.deepEqual(row.leftBehind, ['__proto__.is_superuser', '__proto__.admin'])
})

test('however a file is damaged, there are rows and sentences and nothing else', async () => {
  const rounds = isRelease ? 100 : 12
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed % below
  }
  for (const reader of DIALECTS) {
    for (const name of readdirSync(fixture(reader.name))) {
      const whole = readFileSync(fixture(`${reader.name}/${name}`))
      for (let round = 0; round < rounds; round += 1) {
        const bytes = Buffer.from(whole.subarray(0, round % 3 === 0 ? random(whole.length) : whole.length))
        for (let each = 0; each < 8 && bytes.length > 0; each += 1) bytes[random(bytes.length)] = random(256)
        const file = fileOf(bytes)
        const rows = await rowsOf(reader, [file], { table: name.endsWith('.db') ? 'users' : null }).catch(
          (error: Error) => [{ reason: error.message }],
        )
        for (const row of rows) {
          if ('reason' in row) assert.match(row.reason, /^.{10,250}\.$/, `${name} ${seed}: ${row.reason}`)
          else assert.equal(typeof row.record.email, 'string', `${name} ${seed}`)
        }
        rmSync(file)
      }
    }
  }
})
