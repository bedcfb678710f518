import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createSecrets } from '../../src/crypto/secrets.ts'
import type { DeviceTokenParts } from '../../src/domain/ports/crypto.ts'

const MASTER_KEY = Buffer.alloc(32, 1)
const secrets = createSecrets(MASTER_KEY)
const device: DeviceTokenParts = {
  userId: '019a0b0c-1111-7222-8333-444455556666',
  deviceId: '019a0b0c-1111-7222-8333-777788889999',
  issuedAt: 1_795_000_000_123,
  deviceEpoch: 3,
}
const token = secrets.deviceToken(device)
const ALPHABET = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')

test('a device token gives back what it was made of', () => {
  assert.match(token, /^umd_[A-Za-z0-9_-]{100}$/)
  assert.deepEqual(secrets.openDeviceToken(token), device)
  for (const deviceEpoch of [0, 1, 255, 256, 0xffff_ffff]) {
    const parts = { ...device, deviceEpoch, userId: randomUUID(), deviceId: randomUUID() }
    assert.deepEqual(secrets.openDeviceToken(secrets.deviceToken(parts)), parts)
  }
})

test('every prefix, every suffix and everything added is refused (row 35)', () => {
  for (let length = 0; length < token.length; length++) {
    assert.equal(secrets.openDeviceToken(token.slice(0, length)), null)
    assert.equal(secrets.openDeviceToken(token.slice(length + 1)), null)
  }
  for (const more of ['A', 'AAAA', '=', '==', ' ', '\n', '\0', token, '.']) {
    assert.equal(secrets.openDeviceToken(token + more), null)
    assert.equal(secrets.openDeviceToken(more + token), null)
  }
})

test('every change of one character is refused (row 35)', () => {
  let tried = 0
  for (let at = 0; at < token.length; at++) {
    for (const character of [...ALPHABET, '=', '+', '/', ' ', '.', '\0', 'ä']) {
      if (character === token[at]) continue
      assert.equal(secrets.openDeviceToken(token.slice(0, at) + character + token.slice(at + 1)), null)
      tried++
    }
  }
  assert.ok(tried > token.length * ALPHABET.length)
})

test('a token of another master key, another kind or made without a key is refused', () => {
  assert.equal(createSecrets(Buffer.alloc(32, 2)).openDeviceToken(token), null)
  const refresh = { keyId: secrets.refreshKeyId, userId: device.userId, sessionId: device.deviceId }
  const other = secrets.refreshToken({ ...refresh, generation: 1 })
  assert.equal(secrets.openDeviceToken(other), null)
  assert.equal(secrets.openDeviceToken(other.replace('umr_', 'umd_')), null)
  const bytes = Buffer.from(token.slice(4), 'base64url')
  for (const key of [Buffer.alloc(32), MASTER_KEY, Buffer.from('')]) {
    const forged = Buffer.from(bytes)
    forged.set(createHmac('sha256', key).update(bytes.subarray(0, 42)).digest(), 42)
    assert.equal(secrets.openDeviceToken(`umd_${forged.toString('base64url')}`), null)
  }
})
