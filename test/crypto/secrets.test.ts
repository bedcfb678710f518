import assert from 'node:assert/strict'
import { createHmac, hash, hkdfSync } from 'node:crypto'
import { test } from 'node:test'

import { createSecrets } from '../../src/crypto/secrets.ts'
import type { SealPurpose } from '../../src/domain/ports/crypto.ts'

const secrets = createSecrets(Buffer.alloc(32, 1))
const SESSION_ID = '019a0b0c-1111-7222-8333-777788889999'
const purposes: readonly SealPurpose[] = ['outbox', 'inbox', 'keys']

test('what was sealed is opened with the same purpose and id only', () => {
  for (const plain of ['', 'x', '{"token":"äöü 🙂"}', 'long '.repeat(20_000)]) {
    for (const purpose of purposes) {
      const sealed = secrets.seal(purpose, 'row 1', plain)
      assert.equal(secrets.open(purpose, 'row 1', sealed), plain)
      for (const id of ['row 2', 'row 1 ', '', 'ROW 1']) assert.equal(secrets.open(purpose, id, sealed), null)
      for (const other of purposes.filter((name) => name !== purpose)) {
        assert.equal(secrets.open(other, 'row 1', sealed), null)
      }
    }
  }
})

test('another master key opens nothing, and the same key opens it after a restart', () => {
  const sealed = secrets.seal('keys', 'a', 'plain')
  assert.equal(createSecrets(Buffer.alloc(32, 1)).open('keys', 'a', sealed), 'plain')
  assert.equal(createSecrets(Buffer.alloc(32, 2)).open('keys', 'a', sealed), null)
  assert.equal(createSecrets(Buffer.alloc(33, 1)).open('keys', 'a', sealed), null)
})

test('no bit of a sealed text can be turned over, and no byte be left out or added', () => {
  const sealed = secrets.seal('outbox', 'row', 'a live token')
  for (let at = 0; at < sealed.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const altered = Uint8Array.from(sealed)
      altered[at] = (altered[at] ?? 0) ^ (1 << bit)
      assert.equal(secrets.open('outbox', 'row', altered), null, `byte ${at}, bit ${bit}`)
    }
    assert.equal(secrets.open('outbox', 'row', sealed.subarray(0, at)), null)
    assert.equal(secrets.open('outbox', 'row', sealed.subarray(at + 1)), null)
  }
  assert.equal(secrets.open('outbox', 'row', Buffer.concat([sealed, Buffer.of(0)])), null)
  assert.equal(secrets.open('outbox', 'row', new Uint8Array(0)), null)
})

test('the same text sealed twice looks different, has a version in front and hides its content', () => {
  const one = secrets.seal('outbox', 'row', 'a live token')
  const two = secrets.seal('outbox', 'row', 'a live token')
  assert.notDeepEqual(one, two)
  assert.equal(one[0], 1)
  assert.equal(one.length, 1 + 12 + 'a live token'.length + 16)
  assert.doesNotMatch(Buffer.from(one).toString('latin1'), /live/)
})

test('purpose and id can not be shifted into each other', () => {
  const sealed = secrets.seal('keys', '\nouter', 'x')
  assert.equal(secrets.open('keys', 'outer', sealed), null)
  assert.equal(secrets.open('keys', '\nouter', sealed), 'x')
})

test('a one-time token has 256 bits in 43 characters, is new each time, and is stored as its SHA-256', () => {
  const tokens = Array.from({ length: 1000 }, () => secrets.newOneTimeToken())
  assert.equal(new Set(tokens.map(({ token }) => token)).size, 1000)
  for (const { token, hash: stored } of tokens) {
    assert.match(token, /^[A-Za-z0-9_-]{43}$/)
    assert.deepEqual(Buffer.from(stored), hash('sha256', Buffer.from(token, 'base64url'), 'buffer'))
    assert.deepEqual(secrets.hashOneTimeToken(token), stored)
  }
})

test('a text that is no one-time token in its one encoding has no stored form (row 35)', () => {
  const { token } = secrets.newOneTimeToken()
  const texts = [
    '',
    token.slice(0, -1),
    `${token}=`,
    `${token}A`,
    ` ${token}`,
    `${token}\n`,
    `${token.slice(0, 42)}=`,
  ]
  const foreign = ['+', '/', '.', ' ', '%', '\0', 'ä'].map((character) => character + token.slice(1))
  for (const text of [...texts, ...foreign]) assert.equal(secrets.hashOneTimeToken(text), null, text)
  const last = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
  const taken = last.filter((character) => secrets.hashOneTimeToken(token.slice(0, 42) + character) !== null)
  assert.equal(taken.length, 16, 'only last characters without spare bits')
})

test('the MAC is an HMAC-SHA256 that depends on text and master key', () => {
  const mac = secrets.mac('idempotency', 'POST /users/register key')
  assert.equal(mac.length, 32)
  assert.deepEqual(secrets.mac('idempotency', 'POST /users/register key'), mac)
  assert.notDeepEqual(secrets.mac('idempotency', 'POST /users/register kez'), mac)
  assert.notDeepEqual(createSecrets(Buffer.alloc(32, 2)).mac('idempotency', 'POST /users/register key'), mac)
  const underMaster = createHmac('sha256', Buffer.alloc(32, 1)).update('POST /users/register key').digest()
  assert.notDeepEqual(Buffer.from(mac), underMaster, 'the master key itself is never used')
})

test('the first of several master keys makes and seals, and all of them open', () => {
  const [first, second, third] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(40, 3)]
  const all = createSecrets(first, second, third)
  const session = { userId: SESSION_ID, sessionId: SESSION_ID, generation: 1 }
  for (const key of [first, second, third]) {
    const one = createSecrets(key)
    assert.equal(all.open('outbox', 'row', one.seal('outbox', 'row', 'x')), 'x')
    assert.equal(all.open('inbox', 'row', one.seal('outbox', 'row', 'x')), null)
    const parts = { ...session, keyId: one.refreshKeyId }
    assert.deepEqual(all.openRefreshToken(one.refreshToken(parts)), parts)
    assert.equal(all.refreshToken(parts), one.refreshToken(parts), 'the same one, so that a repeat gets it')
    assert.equal(one.open('outbox', 'row', all.seal('outbox', 'row', 'x')), key === first ? 'x' : null)
  }
  assert.equal(all.refreshKeyId, createSecrets(first).refreshKeyId)
  assert.deepEqual(all.mac('idempotency', 'x'), createSecrets(first).mac('idempotency', 'x'))
})

test('the id of a master key tells it from others, is a positive int32, and tells nothing of it', () => {
  const ids = Array.from({ length: 200 }, (_, index) => createSecrets(Buffer.alloc(32, index)).refreshKeyId)
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) assert.ok(Number.isInteger(id) && id >= 0 && id <= 0x7fff_ffff, String(id))
  const salt = 'user-management master key, version 1'
  const derived = Buffer.from(hkdfSync('sha256', Buffer.alloc(32, 1), salt, 'key id', 4)).readUInt32BE()
  assert.equal(secrets.refreshKeyId, Math.floor(derived / 2))
})

test('one master key twice is refused, since nothing could tell which one is meant', () => {
  const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  assert.throws(() => createSecrets(key, other, key), {
    code: 'start_refused',
    message: /one key twice.*take one of them out/,
  })
})

test('a master key of less than 32 bytes is refused', () => {
  for (const length of [0, 16, 31])
    assert.throws(() => createSecrets(Buffer.alloc(length)), { code: 'start_refused' })
  assert.throws(() => createSecrets(Buffer.alloc(32), Buffer.alloc(31)), { code: 'start_refused' })
})
