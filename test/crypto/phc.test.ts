import assert from 'node:assert/strict'
import { test } from 'node:test'

import { currentCost, readPhc, writePhc } from '../../src/crypto/phc.ts'

const SALT = 'c29tZXNhbHRzb21lc2FsdA'
const TAG = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
const good = `$argon2id$v=19$m=19456,t=2,p=1$${SALT}$${TAG}`

const withCost = (cost: string): string => `$argon2id$v=19$${cost}$${SALT}$${TAG}`
const bytes = (count: number): string => Buffer.alloc(count, 1).toString('base64').replace(/=+$/, '')

test('a hash of ours is read and written back as it was', () => {
  const stored = readPhc(good)
  assert.ok(stored)
  assert.deepEqual([stored.method.memoryKib, stored.method.passes, stored.method.lanes], [19_456, 2, 1])
  assert.deepEqual([stored.method.salt.length, stored.tag.length], [16, 32])
  assert.equal(writePhc(stored), good)
})

test('the pepper of a hash is named by 8 bytes behind its cost, and by nothing else', () => {
  const peppered = withCost('m=19456,t=2,p=1,keyid=c29tZWtleWk')
  const stored = readPhc(peppered)
  assert.ok(stored)
  assert.equal(stored.keyId, 'c29tZWtleWk')
  assert.equal(writePhc(stored), peppered)
  assert.equal(readPhc(good)?.keyId, null)
  for (const keyId of ['', 'c29tZWtleW', 'c29tZWtleWkk', 'c29tZWtle-k', 'c29tZWtleWk,keyid=c29tZWtleWk']) {
    assert.equal(readPhc(withCost(`m=19456,t=2,p=1,keyid=${keyId}`)), null, keyId)
  }
})

test('new hashes cost what OWASP ASVS approves: 19 MiB, 2 passes, 1 lane, 16 bytes of salt', () => {
  assert.deepEqual(currentCost, { memoryKib: 19_456, passes: 2, lanes: 1, saltBytes: 16, tagBytes: 32 })
})

test('a stored hash may ask for 256 MiB, 10 passes, 8 lanes and 1 GiB of work, and for nothing beyond', () => {
  for (const cost of ['m=262144,t=4,p=8', 'm=104857,t=10,p=8', 'm=8,t=1,p=1', 'm=64,t=1,p=8'])
    assert.ok(readPhc(withCost(cost)), cost)
  const costs = [
    'm=4194304,t=2,p=1',
    'm=262144,t=5,p=1',
    'm=104858,t=10,p=1',
    'm=262145,t=2,p=1',
    'm=4294967296,t=2,p=1',
    'm=99999999999,t=2,p=1',
    'm=7,t=2,p=1',
    'm=0,t=2,p=1',
    'm=63,t=1,p=8',
    'm=19456,t=11,p=1',
    'm=19456,t=0,p=1',
    'm=19456,t=4294967295,p=1',
    'm=19456,t=2,p=9',
    'm=19456,t=2,p=0',
    'm=19456,t=2,p=255',
    'm=19456,t=2,p=1000',
  ]
  for (const cost of costs) assert.equal(readPhc(withCost(cost)), null, cost)
})

test('the lengths of salt and tag have bounds too', () => {
  const withLengths = (salt: number, tag: number): string =>
    `$argon2id$v=19$m=19456,t=2,p=1$${bytes(salt)}$${bytes(tag)}`
  for (const [salt, tag] of [
    [8, 16],
    [64, 64],
  ] as const)
    assert.ok(readPhc(withLengths(salt, tag)))
  for (const [salt, tag] of [
    [7, 32],
    [65, 32],
    [16, 15],
    [16, 65],
    [0, 32],
    [16, 0],
  ] as const) {
    assert.equal(readPhc(withLengths(salt, tag)), null, `${salt} ${tag}`)
  }
})

test('another algorithm, version, order, number form or base64 form is not read', () => {
  const texts = [
    '',
    '$',
    'x',
    good.slice(1),
    `${good}$`,
    ` ${good}`,
    `${good}\n`,
    good.toUpperCase(),
    `${good}=`,
    good.replace('argon2id', 'argon2'),
    good.replace('argon2id', 'argon2ix'),
    withCost('m=19456,t=2,p=1,keyid=c29tZWtleWk').replace('argon2id', 'argon2i'),
    withCost('m=19456,t=2,p=1,keyid=c29tZWtleWk').replace('argon2id', 'argon2d'),
    good.replace('v=19', 'v=16'),
    good.replace('$v=19', ''),
    withCost('t=2,m=19456,p=1'),
    withCost('m=19456,t=2'),
    withCost('m=19456, t=2,p=1'),
    ...['m=019456,t=2,p=1', 'm=+19456,t=2,p=1', 'm=1e5,t=2,p=1', 'm=0x4c00,t=2,p=1', 'm=19456.0,t=2,p=1'].map(
      withCost,
    ),
    ...['m=19456,t=2,p=1,keyid=AA', 'm=19456,t=2,p=1,data=AA', 'm=-1,t=2,p=1', 'm=\u0661,t=2,p=1'].map(
      withCost,
    ),
    good.replace(TAG, `${TAG.slice(0, -1)}d`),
    good.replace(SALT, `${SALT}==`),
    good.replace(SALT, 'c29-'),
    '$2b$12$abcdefghijklmnopqrstuuOe5HZ1zPzYAEGYVpBcAxcQ2zmH0lVbS',
    '$scrypt$ln=17,r=8,p=1$AAAA$AAAA',
    `$argon2id$v=19$m=19456,t=2,p=1$${SALT}$${'A'.repeat(1 << 20)}`,
    '$'.repeat(1 << 20),
  ]
  for (const text of texts) assert.equal(readPhc(text), null, text.slice(0, 100))
})
