/** Published argon2id results: RFC 9106 section 5.3, and the tests of the reference implementation (version 19). */
import assert from 'node:assert/strict'
import { argon2Sync } from 'node:crypto'
import { test } from 'node:test'

import { computeHash, loadNodeRs, nodeEngine } from '../../src/crypto/hash-worker.ts'
import { readPhc, writePhc } from '../../src/crypto/phc.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** phc-winner-argon2, src/test.c, argon2id v=19: t, log2 m, p, password, salt, tag. */
const reference = [
  [2, 16, 1, 'password', 'somesalt', '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7'],
  [2, 8, 1, 'password', 'somesalt', '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe'],
  [2, 8, 2, 'password', 'somesalt', '6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037'],
  [1, 16, 1, 'password', 'somesalt', 'f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98'],
  [4, 16, 1, 'password', 'somesalt', '9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c'],
  [
    2,
    16,
    1,
    'differentpassword',
    'somesalt',
    '0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde',
  ],
  [2, 16, 1, 'password', 'diffsalt', 'bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c'],
] as const

test('node:crypto, the fallback, gives the tag of RFC 9106 section 5.3', () => {
  const tag = argon2Sync('argon2id', {
    message: Buffer.alloc(32, 0x01),
    nonce: Buffer.alloc(16, 0x02),
    secret: Buffer.alloc(8, 0x03),
    associatedData: Buffer.alloc(12, 0x04),
    memory: 32,
    passes: 3,
    parallelism: 4,
    tagLength: 32,
  })
  assert.equal(hex(tag), '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659')
})

test('both engines give the tags of the reference implementation', async () => {
  const nodeRs = await loadNodeRs()
  assert.ok(nodeRs, '@node-rs/argon2 did not load')
  for (const [passes, logMemory, lanes, password, salt, tag] of reference) {
    const cost = { kind: 'argon2id', memoryKib: 2 ** logMemory, passes, lanes, tagBytes: 32 } as const
    const task = { password, method: { ...cost, salt: Buffer.from(salt) } }
    assert.equal(hex(nodeEngine(task)), tag)
    assert.equal(hex(nodeRs(task)), tag)
    assert.equal(hex((await computeHash(task)).tag), tag)
  }
})

test('with a secret, a pepper, both engines give the same tag', async () => {
  const nodeRs = await loadNodeRs()
  assert.ok(nodeRs)
  const cost = { kind: 'argon2id', memoryKib: 32, passes: 3, lanes: 4, tagBytes: 32 } as const
  const task = { password: '\u0001'.repeat(32), method: { ...cost, salt: Buffer.alloc(16, 0x02) } }
  const secret = Buffer.alloc(8, 0x03)
  const tag = hex(nodeEngine({ ...task, secret }))
  assert.equal(hex(nodeRs({ ...task, secret })), tag)
  assert.equal(hex((await computeHash({ ...task, secret })).tag), tag)
  const others = [{}, { secret: Buffer.alloc(8, 0x04) }, { secret: Buffer.alloc(9, 0x03) }]
  for (const other of others) assert.notEqual(hex(nodeRs({ ...task, ...other })), tag)
})

test('the PHC string is the one that the reference implementation writes and reads', () => {
  const published = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  const stored = readPhc(published)
  assert.ok(stored)
  assert.equal(Buffer.from(stored.method.salt).toString(), 'somesalt')
  assert.equal(hex(stored.tag), reference[0][5])
  assert.equal(writePhc(stored), published)
})
