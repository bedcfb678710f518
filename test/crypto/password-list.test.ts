import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openPasswordList } from '../../src/crypto/password-list.ts'
import {
  breachedDigest,
  createPasswordListBuilder,
  isBreachLine,
  listedDigest,
} from '../../src/crypto/password-list-builder.ts'
import { DomainError } from '../../src/domain/errors.ts'
import { passwordLists } from '../../src/domain/limits.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-list-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Writes the list of these texts. */
function listOf(name: string, texts: Iterable<string>): { readonly file: string; readonly entries: number } {
  const builder = createPasswordListBuilder()
  for (const text of texts) builder.addDigest(hash('sha1', text, 'buffer'))
  const parts: Buffer[] = []
  const file = join(folder, name)
  const bytes = builder.file()
  let part = bytes.next()
  for (; !part.done; part = bytes.next()) parts.push(part.value)
  writeFileSync(file, Buffer.concat(parts))
  return { file, entries: part.value.entries }
}

function refusal(file: string): string {
  try {
    openPasswordList(file).close()
  } catch (error) {
    assert.ok(error instanceof DomainError && error.code === 'start_refused', String(error))
    return error.message
  }
  return ''
}

const random = (): string => randomBytes(12).toString('base64')

test('all of 100,000 random entries are found, and at most 3 in 65,536 of what is not listed', (t) => {
  const texts = Array.from({ length: 100_000 }, random)
  const { file, entries } = listOf('random', texts)
  assert.equal(entries, texts.length)
  const list = openPasswordList(file)
  t.after(() => list.close())
  assert.equal(list.entries, texts.length)
  assert.ok(texts.every((text) => list.has(text)))
  const others = 400_000
  let wrong = 0
  for (let index = 0; index < others; index += 1) if (list.has(random())) wrong += 1
  assert.ok(wrong / others <= 3 / 65_536, `${wrong} of ${others}`)
})

test('a list larger than what is kept in memory is read from the file, and has several filters', (t) => {
  const bytes = 2 ** 21
  const builder = createPasswordListBuilder()
  for (let index = 0; index < bytes / 2; index += 1)
    builder.addDigest(hash('sha1', `entry ${index}`, 'buffer'))
  const file = join(folder, 'several')
  writeFileSync(file, Buffer.concat([...builder.file()]))
  const head = readFileSync(file).subarray(0, 16)
  assert.equal(head.readUInt32LE(12), 1)
  for (const memoryMaxBytes of [passwordLists.memoryMaxBytes, 1000]) {
    const list = openPasswordList(file, memoryMaxBytes)
    t.after(() => list.close())
    for (let index = 0; index < 5000; index += 1) assert.ok(list.has(`entry ${index * 200}`))
    const others = Array.from({ length: 5000 }, (_, index) => `other ${index}`)
    assert.ok(others.filter((other) => list.has(other)).length <= 3)
  }
})

test('the same entries in another order, and some of them twice, give the same file', () => {
  const texts = Array.from({ length: 1000 }, random)
  const one = listOf('one', texts)
  const other = listOf('other', [...texts.toReversed(), ...texts.slice(0, 10)])
  assert.deepEqual([one.entries, other.entries], [1000, 1000])
  assert.ok(readFileSync(one.file).equals(readFileSync(other.file)))
})

test('a list that is altered in any part, or cut off anywhere, stops the start with a sentence', () => {
  const { file } = listOf('good', Array.from({ length: 500 }, random))
  assert.equal(refusal(file), '')
  const good = readFileSync(file)
  const damaged = join(folder, 'damaged')
  const places = [0, 8, 12, 16, 20, good.length - 53, good.length - 45, good.length - 40, good.length - 1]
  for (const place of [...places, Math.floor(good.length / 2)]) {
    const copy = Buffer.from(good)
    copy[place] = (copy[place] ?? 0) ^ 1
    writeFileSync(damaged, copy)
    assert.match(
      refusal(damaged),
      /damaged of UM_PASSWORD_LIST_FILE (has been altered|is no list)/,
      String(place),
    )
  }
  for (const length of [0, 1, 15, 16, 60, 68, 69, good.length - 33, good.length - 2, good.length - 1]) {
    writeFileSync(damaged, good)
    truncateSync(damaged, length)
    assert.match(
      refusal(damaged),
      /damaged of UM_PASSWORD_LIST_FILE (has been altered|is no list)/,
      String(length),
    )
  }
  writeFileSync(damaged, Buffer.concat([good, Buffer.of(0)]))
  assert.notEqual(refusal(damaged), '')
})

test('a list that is not there, a folder and a plain list of words stop the start with a sentence', () => {
  assert.match(refusal(join(folder, 'none')), /none of UM_PASSWORD_LIST_FILE cannot be read \(ENOENT\)/)
  assert.match(refusal(folder), /of UM_PASSWORD_LIST_FILE cannot be read \(EISDIR\)/)
  const words = join(folder, 'words')
  writeFileSync(words, 'password1\n'.repeat(100))
  assert.match(refusal(words), /words of UM_PASSWORD_LIST_FILE is no list of this version.*build-list/)
})

test('lines of a breach download are told by their form, and those that only pad it are left out', () => {
  const digest = hash('sha1', 'password1')
  for (const line of [`${digest}:3`, digest.toUpperCase(), `${digest.toUpperCase()}:2254650`]) {
    assert.equal(breachedDigest(Buffer.from(line))?.toString('hex'), digest)
  }
  assert.ok(isBreachLine(Buffer.from(`${digest}:0`)))
  assert.equal(breachedDigest(Buffer.from(`${digest}:0`)), null)
  for (const line of [
    '',
    'password1',
    digest.slice(1),
    `${digest}:`,
    `${digest}:x`,
    ` ${digest}:1`,
    `${digest}0`,
  ]) {
    assert.equal(isBreachLine(Buffer.from(line)), false, line)
    assert.equal(breachedDigest(Buffer.from(line)), null, line)
  }
})

test('a listed password has the SHA-1 of its prepared form, and one that nobody may choose is left out', () => {
  const composed = hash('sha1', 'caf\u00e9 au lait', 'buffer')
  assert.deepEqual(listedDigest(Buffer.from('cafe\u0301 au\u00a0lait')), composed)
  for (const text of ['', 'seven77', '\u{1F600}'.repeat(7), 'x'.repeat(257)]) {
    assert.equal(listedDigest(Buffer.from(text)), null, text)
  }
  assert.ok(listedDigest(Buffer.from('\u{1F600}'.repeat(8))))
})
