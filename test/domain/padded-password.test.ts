import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { dictionary } from '@zxcvbn-ts/language-common'
import { isCommonPassword } from '../../src/crypto/password-blocklist.ts'
import { isPaddedPassword } from '../../src/domain/padded-password.ts'

const padded = (password: string): boolean => isPaddedPassword(password, isCommonPassword)

test('a repeated unit is worth the unit', () => {
  const repeats = [
    'abcabcabcabcabc',
    'aaaaaaaaaaaaaaa',
    'dragondragondragon',
    'xk9Qm2xk9Qm2xk9Qm2',
    'xk9Qm2xk9Qm2xk9',
  ]
  for (const password of [...repeats, 'passwordpassword', 'Password1Password1', '\u{1F600}'.repeat(15)]) {
    assert.equal(padded(password), true, password)
  }
  // Two times eight random characters are still eight.
  assert.equal(padded('x7Kq92mzx7Kq92mz'), false)
})

test('walks over the keyboard, the alphabet and digits are worth nothing', () => {
  const walks = [
    'qwertyuiopasdfgh',
    '1qaz2wsx3edc4rfv',
    '1q2w3e4r5t6y7u8i',
    'abcdefghijklmnop',
    'QWERTZuiopasdfgh',
  ]
  const more = [
    'poiuytrewqlkjhgf',
    '123456789012345',
    'abcd1234abcd1234',
    'azertyuiopqsdfghjklm',
    '987654321000000',
  ]
  for (const password of [...walks, ...more]) assert.equal(padded(password), true, password)
})

test('a word with digits, signs or one character again and again around it is worth the word', () => {
  const words = [
    'dragon123456789',
    'sunshine1234567',
    'password0000000',
    'Password!2024!!!!',
    '2024-password-2024',
  ]
  for (const password of [...words, 'iloveyouuuuuuuuu', '!!!!!!!princess', 'football19870412']) {
    assert.equal(padded(password), true, password)
  }
})

test('each list password that is doubled, repeated or has digits behind it is refused: 70,000 in all', () => {
  const list = dictionary['passwords-common'].map((entry) => String(entry).normalize('NFC'))
  const words = list.filter((entry) => Array.from(entry).length >= 8)
  let derived = 0
  for (const word of words) {
    for (const password of [word + word, word + word + word, `${word}1234567`, `${word}0000000`]) {
      assert.equal(padded(password), true, password)
      derived += 1
    }
  }
  assert.ok(derived >= 70_000)
})

test('phrases, random characters and random digits may be chosen', () => {
  const phrases = ['four plain words together', 'a heron beside the canal', 'correct horse battery staple']
  const more = [
    'we were there 1999',
    'Donaudampfschiff',
    'eine grüne Zwiebel',
    'пять зелёных яблок',
    '       a b c d e f g h i',
  ]
  for (const password of [...phrases, ...more, '8273649182938475610'])
    assert.equal(padded(password), false, password)
  let refused = 0
  for (let index = 0; index < 10_000; index += 1) if (padded(randomBytes(12).toString('base64'))) refused += 1
  assert.ok(refused <= 1, `${refused} of 10,000`)
})

test('the longest password is judged in no time, whatever it is', () => {
  const began = performance.now()
  for (const unit of ['a', 'ab', '1', '!', 'qwer', 'q!']) padded(`${unit.repeat(256).slice(0, 255)}x`)
  assert.ok(performance.now() - began < 1000)
})
