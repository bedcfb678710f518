import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { dictionary } from '@zxcvbn-ts/language-common'

import { generateCommonPasswords } from '../../scripts/generate-common-passwords.ts'
import { HASH_BYTES, SORTED_HASHES } from '../../src/crypto/common-passwords.ts'
import { isCommonPassword } from '../../src/crypto/password-blocklist.ts'

const list = dictionary['passwords-common'].map((entry) => String(entry).normalize('NFC'))
const long = new Set(list.filter((entry) => Array.from(entry).length >= 8))

test('every entry of the list that the policy would let pass is refused, in any case', () => {
  assert.ok(long.size >= 3000)
  assert.equal(Buffer.from(SORTED_HASHES, 'base64').length / HASH_BYTES, long.size)
  for (const entry of long) {
    assert.equal(isCommonPassword(entry), true, entry)
    if (entry === entry.toLowerCase()) assert.equal(isCommonPassword(entry.toUpperCase()), true, entry)
  }
})

test('passwords of 12 random characters are never taken for common ones', () => {
  for (let index = 0; index < 10_000; index++)
    assert.equal(isCommonPassword(randomBytes(9).toString('base64')), false)
})

test('neither a part of a common password nor one with something added is common', () => {
  for (const password of ['password1', 'Password1', 'QWERTYUIOP', '12345678']) {
    assert.equal(isCommonPassword(password), true)
    assert.equal(isCommonPassword(`${password} and then some`), false)
    assert.equal(isCommonPassword(` ${password}`), false)
  }
  for (const short of ['', 'a', '123456', 'qwerty']) assert.equal(isCommonPassword(short), false)
})

test('the committed list is the generated one', () => {
  const committed = readFileSync(new URL('../../src/crypto/common-passwords.ts', import.meta.url), 'utf8')
  assert.ok(committed === generateCommonPasswords(), 'run node scripts/generate-common-passwords.ts')
})
