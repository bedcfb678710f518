/** Hashes that other programs have made, and the published vectors of what they are made with. */
import assert from 'node:assert/strict'
import { argon2Sync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'

import { readStoredHash } from '../../src/crypto/foreign-hashes.ts'
import { type Argon2Method, computeHash, type HashMethod, loadNodeRs } from '../../src/crypto/hash-worker.ts'
import { createPasswords } from '../../src/crypto/passwords.ts'
import { listeningLog } from '../crypto/issuer.ts'

interface Made {
  readonly library: string
  readonly password: string
  readonly text: string
  readonly stored: string
}

const fixture = new URL('foreign-hashes.json', import.meta.url)
const made: readonly Made[] = JSON.parse(readFileSync(fixture, 'utf8'))

const passwords = createPasswords({ log: listeningLog() })
after(() => passwords.close())

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The same text with another character of its alphabet at the place. */
function altered(text: string, at: number): string {
  const other = text[at] === 'A' ? 'B' : 'A'
  return text.slice(0, at) + other + text.slice(at + 1)
}

test('every kind of hash is among those that other programs have made', () => {
  const kinds = new Set(made.map(({ stored }) => readStoredHash(stored)?.method.kind))
  assert.deepEqual(kinds, new Set(['argon2d', 'argon2i', 'argon2id', 'bcrypt', 'pbkdf2', 'scrypt']))
  for (const start of ['$2a$', '$2b$', '$2y$', '$fbscrypt$', '$pbkdf2-sha1$', '$pbkdf2-sha512$'])
    assert.ok(
      made.some(({ stored }) => stored.startsWith(start)),
      start,
    )
})

for (const [index, { library, password, text, stored }] of made.entries()) {
  test(`${index + 1}: the hash of ${library} fits its password and no other`, async () => {
    assert.equal(passwords.importable(text), stored)
    assert.equal(passwords.importable(stored), stored)
    const others = placesIn(stored).map((at) => altered(stored, at))
    for (const other of others) assert.notEqual(passwords.importable(other), null, other)
    const asked = [
      [password, stored],
      [`x${password}`, stored],
      ...others.map((other) => [password, other] as const),
    ] as const
    const answers = await Promise.all(asked.map(([text, hash]) => passwords.verify(text, hash)))
    assert.deepEqual(answers, [true, false, false, false])
  })
}

/** A character of the tag and one of the salt. */
function placesIn(stored: string): readonly [number, number] {
  if (stored.startsWith('$2')) return [40, 10]
  const tag = stored.lastIndexOf('$') + 1
  return [tag, stored.lastIndexOf('$', tag - 2) + 1]
}

async function tagOf(password: string, method: HashMethod): Promise<string> {
  return hex((await computeHash({ password, method })).tag)
}

test('scrypt gives the tags of RFC 7914 section 12', async () => {
  const method = { kind: 'scrypt', tagBytes: 64, isNormalized: false, signerKey: null } as const
  const nacl = { ...method, salt: Buffer.from('NaCl'), logCost: 10, blockSize: 8, lanes: 16 }
  assert.equal(
    await tagOf('password', nacl),
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830da' +
      'c727afb94a83ee6d8360cbdfa2cc0640',
  )
  const chloride = { ...method, salt: Buffer.from('SodiumChloride'), logCost: 14, blockSize: 8, lanes: 1 }
  assert.equal(
    await tagOf('pleaseletmein', chloride),
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9' +
      'e61e85dc0d651e40dfcf017b45575887',
  )
})

test('PBKDF2 gives the tags of RFC 6070 for SHA-1 and of RFC 7914 section 11 for SHA-256', async () => {
  const sha1 = { kind: 'pbkdf2', digest: 'sha1', salt: Buffer.from('salt'), tagBytes: 20 } as const
  assert.equal(
    await tagOf('password', { ...sha1, iterations: 1 }),
    '0c60c80f961f0e71f3a9b524af6012062fe037a6',
  )
  assert.equal(
    await tagOf('password', { ...sha1, iterations: 4096 }),
    '4b007901b765489abead49d926f721d065a429c1',
  )
  const longer = { ...sha1, salt: Buffer.from('saltSALTsaltSALTsaltSALTsaltSALTsalt'), tagBytes: 25 }
  assert.equal(
    await tagOf('passwordPASSWORDpassword', { ...longer, iterations: 4096 }),
    '3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038',
  )
  const sha256 = { kind: 'pbkdf2', digest: 'sha256', tagBytes: 64 } as const
  assert.equal(
    await tagOf('Password', { ...sha256, salt: Buffer.from('NaCl'), iterations: 80_000 }),
    '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b317' +
      '6a272bdebba1d078478f62b397f33c8d',
  )
})

test('both engines of argon2 give the tags of the reference implementation for argon2i and argon2d', async () => {
  const nodeRs = await loadNodeRs()
  assert.ok(nodeRs)
  const cost = { salt: Buffer.from('somesalt'), passes: 2, lanes: 1, tagBytes: 32 }
  const known: readonly (readonly [Argon2Method, string])[] = [
    [
      { kind: 'argon2i', memoryKib: 65_536, ...cost },
      'c1628832147d9720c5bd1cfd61367078729f6dfb6f8fea9ff98158e0d7816ed0',
    ],
    [
      { kind: 'argon2i', memoryKib: 256, ...cost },
      '89e9029f4637b295beb027056a7336c414fadd43f6b208645281cb214a56452f',
    ],
  ]
  for (const [method, tag] of known) {
    assert.equal(hex(nodeRs({ password: 'password', method })), tag)
    assert.equal(await tagOf('password', method), tag)
  }
})

test('node:crypto, the fallback, gives the tags of RFC 9106 sections 5.1 and 5.2', () => {
  const input = {
    message: Buffer.alloc(32, 0x01),
    nonce: Buffer.alloc(16, 0x02),
    secret: Buffer.alloc(8, 0x03),
    associatedData: Buffer.alloc(12, 0x04),
    memory: 32,
    passes: 3,
    parallelism: 4,
    tagLength: 32,
  }
  assert.equal(
    hex(argon2Sync('argon2d', input)),
    '512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb',
  )
  assert.equal(
    hex(argon2Sync('argon2i', input)),
    'c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8',
  )
})
