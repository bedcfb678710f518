import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { loadMasterKey } from '../../src/crypto/master-key.ts'
import { DomainError } from '../../src/domain/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-master-key-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0

function keyFile(content: string | Buffer, mode = 0o600): string {
  const file = join(folder, `key-${count++}`)
  writeFileSync(file, content, { mode })
  chmodSync(file, mode)
  return file
}

const mode = (path: string): number => statSync(path).mode & 0o777
const load = (file: string, create = false): Buffer => Buffer.from(loadMasterKey({ file, create }).keys[0])

/** One sentence, with the path in it, that names the remedy. */
function assertRefused(file: string, remedy: RegExp, create = false): void {
  assert.throws(
    () => load(file, create),
    (cause) => {
      assert.ok(cause instanceof DomainError)
      assert.equal(cause.code, 'start_refused')
      assert.ok(cause.message.includes(file))
      assert.match(cause.message, remedy)
      assert.match(cause.message, /^The master key file [^\n]*[^.]\.$/)
      return true
    },
  )
}

test('a missing key is made once: 64 hexadecimal digits, for the owner alone, and read again from then on', () => {
  const file = join(folder, 'new', 'deeper', 'master.key')
  const key = load(file, true)
  assert.equal(key.length, 32)
  assert.equal(readFileSync(file, 'utf8'), `${key.toString('hex')}\n`)
  assert.equal(mode(file), 0o600)
  assert.equal(mode(join(folder, 'new')), 0o700)
  assert.equal(mode(join(folder, 'new', 'deeper')), 0o700)
  assert.deepEqual(load(file, true), key)
  assert.deepEqual(load(file), key)
  assert.notDeepEqual(load(join(folder, 'other.key'), true), key)
})

test('a key is read as hexadecimal digits, as base64 of both kinds, and as raw bytes (row 28)', () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index * 3))
  const forms = [
    key.toString('hex'),
    key.toString('hex').toUpperCase(),
    key.toString('base64'),
    key.toString('base64').replace('=', ''),
    key.toString('base64url'),
  ]
  for (const form of forms) {
    for (const text of [form, `${form}\n`, ` \t${form}\r\n\n`])
      assert.deepEqual(load(keyFile(text)), key, text)
  }
  assert.deepEqual(load(keyFile(key)), key)
})

test('raw bytes are taken whole, white space at their ends included', () => {
  const key = Buffer.concat([Buffer.from(' \n'), Buffer.alloc(32, 200), Buffer.from('\n')])
  assert.deepEqual(load(keyFile(key)), key)
})

test('longer keys are taken whole', () => {
  for (const length of [33, 48, 64, 100]) {
    const key = Buffer.alloc(length, 0xe7)
    for (const form of [key, key.toString('hex'), key.toString('base64')])
      assert.deepEqual(load(keyFile(form)), key)
  }
})

test('less than 32 bytes are refused in every form, and so is text of any other kind (row 29)', () => {
  const short = Buffer.alloc(31, 0xe7)
  const texts = [
    '',
    '\n',
    'x',
    'correct horse battery staple, and some more words',
    'b'.repeat(63),
    '0'.repeat(65),
    '0x'.repeat(41),
  ]
  const forms = [short, short.toString('hex'), short.toString('base64'), short.toString('base64url')]
  const cut = Buffer.alloc(32, 0xe7).toString('base64').slice(0, 42)
  for (const content of [...texts, ...forms, cut, `${cut}\n${cut}`]) {
    assertRefused(
      keyFile(content),
      /restore it from your backup, or .* openssl rand -hex 32|"openssl rand -hex 32"/,
    )
  }
})

test('a file that others on the machine can read or write is refused', () => {
  for (const open of [0o640, 0o604, 0o620, 0o602, 0o660, 0o644, 0o610, 0o777]) {
    assertRefused(keyFile('ab'.repeat(32), open), /run "chmod 600 /)
  }
  for (const closed of [0o600, 0o400, 0o700]) assert.equal(load(keyFile('ab'.repeat(32), closed)).length, 32)
})

test('an existing file is never replaced, not even an unusable one', () => {
  const file = keyFile('')
  assertRefused(file, /openssl/, true)
  assert.equal(readFileSync(file, 'utf8'), '')
})

test('a key is never made through a link, and a link to a key is followed', () => {
  const [link, target] = [join(folder, 'link'), join(folder, 'target')]
  symlinkSync(target, link)
  assertRefused(link, /does not exist/, true)
  assert.equal(existsSync(target), false)
  writeFileSync(target, 'ab'.repeat(32), { mode: 0o600 })
  assert.equal(load(link).toString('hex'), 'ab'.repeat(32))
})

test('a missing file is not made unless that is asked for', () => {
  const file = join(folder, 'absent')
  assertRefused(file, /does not exist: restore it from your backup/)
  assert.equal(existsSync(file), false)
})

test('a folder, a file below a file and a huge file are refused with a sentence', () => {
  assertRefused(folder, /cannot be read|open to other/)
  assertRefused(join(keyFile('x'), 'below'), /cannot be read \(ENOTDIR\)/, true)
  assertRefused(keyFile(Buffer.alloc(5000, 200)), /more than 4,096 bytes/)
})

test('several keys stand one a line: the first seals, and one behind "next" is not its turn yet', () => {
  const [a, b, c] = [1, 2, 3].map((value) => Buffer.alloc(32, value))
  assert.ok(a && b && c)
  const whole = (file: string) => loadMasterKey({ file, create: false })
  const lines = [a.toString('hex'), b.toString('base64'), c.toString('base64url')]
  for (const content of [lines.join('\n'), `\n${lines.join('\r\n\r\n')}\n`, ` ${lines.join(' \n\t')} `]) {
    assert.deepEqual(whole(keyFile(content)), { keys: [a, b, c], prepared: null })
  }
  const prepared = `${lines[0]}\nnext  ${lines[1]}\n${lines[2]}\n`
  assert.deepEqual(whole(keyFile(prepared)), { keys: [a, c], prepared: b })
})

test('a file with a broken line, no key that seals, two that are next or too many is refused', () => {
  const key = 'ab'.repeat(32)
  for (const content of [
    `next ${key}`,
    `${key}\nnext`,
    `${key}\nnext \n`,
    `${key}\n${key.slice(2)}`,
    `${key}\n# a remark`,
    `${key}\nnextcd${key}`,
    `${key} ${key}`,
  ]) {
    assertRefused(keyFile(content), /openssl rand -hex 32/)
  }
  const many = Array.from({ length: 9 }, (_, index) => Buffer.alloc(32, index).toString('hex'))
  assert.equal(loadMasterKey({ file: keyFile(many.slice(1).join('\n')), create: false }).keys.length, 8)
  assertRefused(keyFile(many.join('\n')), /more than 8 keys.*take out the oldest/)
  assertRefused(keyFile(`${key}\nnext ${many[1]}\nnext ${many[2]}`), /two that begin with "next"/)
})
