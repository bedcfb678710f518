import assert from 'node:assert/strict'
import { hkdfSync, randomUUID } from 'node:crypto'
import { test } from 'node:test'

import { createSecrets } from '../../src/crypto/secrets.ts'
import type { RefreshTokenParts } from '../../src/domain/ports/crypto.ts'

const MASTER_KEY = Buffer.alloc(32, 1)
const secrets = createSecrets(MASTER_KEY)
const session: RefreshTokenParts = {
  keyId: secrets.refreshKeyId,
  userId: '019a0b0c-1111-7222-8333-444455556666',
  sessionId: '019a0b0c-1111-7222-8333-777788889999',
  generation: 3,
}
const token = secrets.refreshToken(session)
const ALPHABET = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')

test('a refresh token gives back what it was made of', () => {
  assert.match(token, /^umr_[A-Za-z0-9_-]{96}$/)
  assert.deepEqual(secrets.openRefreshToken(token), session)
  for (const generation of [0, 1, 255, 256, 0xffff_ffff]) {
    const parts = { ...session, generation, userId: randomUUID(), sessionId: randomUUID() }
    assert.deepEqual(secrets.openRefreshToken(secrets.refreshToken(parts)), parts)
  }
})

test('the same session and generation has one token, also after a restart', () => {
  assert.equal(secrets.refreshToken({ ...session }), token)
  assert.equal(createSecrets(MASTER_KEY).refreshToken(session), token)
})

test('its secret is the HKDF-SHA256 that node:crypto computes', () => {
  const master = Buffer.from('user-management master key, version 1')
  const key = hkdfSync('sha256', MASTER_KEY, master, 'refresh', 32)
  const bytes = Buffer.from(token.slice(4), 'base64url')
  const info = Buffer.concat([Buffer.from('um refresh token'), bytes.subarray(0, 20), bytes.subarray(36, 40)])
  const secret = hkdfSync('sha256', Buffer.from(key), bytes.subarray(20, 36), info, 32)
  assert.deepEqual(bytes.subarray(40), Buffer.from(secret))
})

test('every prefix, every suffix and everything added is refused (row 35)', () => {
  for (let length = 0; length < token.length; length++) {
    assert.equal(secrets.openRefreshToken(token.slice(0, length)), null)
    assert.equal(secrets.openRefreshToken(token.slice(length + 1)), null)
  }
  for (const more of ['A', '=', '==', ' ', '\n', '\0', token, '.']) {
    assert.equal(secrets.openRefreshToken(token + more), null)
    assert.equal(secrets.openRefreshToken(more + token), null)
  }
})

test('every change of one character is refused (row 35)', () => {
  let tried = 0
  for (let at = 0; at < token.length; at++) {
    for (const character of [...ALPHABET, '=', '+', '/', ' ', '.', '\0', 'ä']) {
      if (character === token[at]) continue
      assert.equal(secrets.openRefreshToken(token.slice(0, at) + character + token.slice(at + 1)), null)
      tried++
    }
  }
  assert.ok(tried > 6000)
})

test('a token for another user, session, generation or key has another secret', () => {
  const bytes = Buffer.from(token.slice(4), 'base64url')
  const others = [
    { ...session, userId: randomUUID() },
    { ...session, sessionId: randomUUID() },
    { ...session, generation: 4 },
  ].map((parts) => Buffer.from(secrets.refreshToken(parts).slice(4), 'base64url'))
  for (const other of others) {
    assert.notDeepEqual(other.subarray(40), bytes.subarray(40))
    const mixed = Buffer.concat([other.subarray(0, 40), bytes.subarray(40)])
    assert.equal(secrets.openRefreshToken(`umr_${mixed.toString('base64url')}`), null)
  }
  assert.equal(createSecrets(Buffer.alloc(32, 2)).openRefreshToken(token), null)
})

test('a token that names a key we do not have is refused', () => {
  for (const keyId of [0, 2, 0xffff_ffff]) {
    const bytes = Buffer.from(token.slice(4), 'base64url')
    bytes.writeUInt32BE(keyId, 0)
    assert.equal(secrets.openRefreshToken(`umr_${bytes.toString('base64url')}`), null)
    assert.throws(() => secrets.refreshToken({ ...session, keyId }), RangeError)
  }
})

test('texts that were never a token are refused, of the right length too', () => {
  const texts = [
    '',
    'umr_',
    'null',
    `umr_${'A'.repeat(96)}`,
    `umr_${'é'.repeat(96)}`,
    'x'.repeat(100),
    'x'.repeat(1 << 20),
  ]
  for (const text of texts) assert.equal(secrets.openRefreshToken(text), null)
})

test('ids that are no UUID in lower case make no token', () => {
  const ids = [
    '',
    'x',
    session.userId.toUpperCase(),
    session.userId.replaceAll('-', ''),
    `${session.userId}0`,
  ]
  for (const id of ids) {
    assert.throws(() => secrets.refreshToken({ ...session, userId: id }), TypeError)
    assert.throws(() => secrets.refreshToken({ ...session, sessionId: id }), TypeError)
  }
  for (const generation of [-1, 2 ** 32, Number.NaN, 1.5]) {
    assert.throws(() => secrets.refreshToken({ ...session, generation }))
  }
})
