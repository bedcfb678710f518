import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'

import { hashWeight } from '../../src/crypto/hash-weight.ts'
import { computeHash, type HashTask } from '../../src/crypto/hash-worker.ts'
import { readStoredHash } from '../../src/crypto/foreign-hashes.ts'
import { readAnySpelling } from '../../src/crypto/hash-spellings.ts'
import { passwordsOn } from '../../src/crypto/passwords.ts'
import { crypto } from '../../src/domain/limits.ts'

const SALT = 'c29tZXNhbHRzb21lc2FsdA'
const TAG = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
const KEY = Buffer.alloc(64, 1).toString('base64')

const canonicalHash = (text: string): string | null => readAnySpelling(text)?.text ?? null
const bytes = (count: number): string => Buffer.alloc(count, 1).toString('base64').replace(/=+$/, '')
const bcrypt = (start: string): string => `${start}abcdefghijklmnopqrstuuOe5HZ1zPzYAEGYVpBcAxcQ2zmH0lVbS`
const scrypt = (cost: string, salt = SALT, tag = TAG): string => `$scrypt$${cost}$${salt}$${tag}`
const pbkdf2 = (cost: string, salt = SALT, tag = TAG): string => `$pbkdf2-${cost}$${salt}$${tag}`
const firebase = (cost: string, [salt, tag] = ['c29tZXNhbHQ=', KEY]): string =>
  `$fbscrypt$v=1,${cost},ss=Bw==,sk=${KEY}$${salt}$${tag}`

function assertReadExactly(texts: readonly string[]): void {
  for (const text of texts) assert.equal(canonicalHash(text), text, text)
}

function assertRefused(texts: readonly string[]): void {
  for (const text of texts) assert.equal(canonicalHash(text), null, text.slice(0, 120))
}

test('bcrypt is read at costs from 4 to 14, in its three versions that mean the same', () => {
  assertReadExactly(['$2a$04$', '$2b$10$', '$2y$14$'].map(bcrypt))
  const starts = ['$2b$03$', '$2b$15$', '$2b$31$', '$2b$00$', '$2b$99$', '$2b$4$', '$2b$010$']
  assertRefused(starts.map(bcrypt))
  assertRefused(['$2x$10$', '$2$10$', '$2c$10$', '$1$10$', '2b$10$', '$2B$10$'].map(bcrypt))
  const good = bcrypt('$2b$10$')
  assertRefused([` ${good}`, `${good}\n`, `${good}S`, good.slice(0, -1), good.replace('abc', '+bc')])
  // Of the last characters of salt and tag only some bits count: the others have to be zero.
  assertRefused([`${good.slice(0, -1)}T`, `${good.slice(0, 28)}v${good.slice(29)}`])
})

test('scrypt is read up to 256 MiB of memory and 512 MiB of work', () => {
  assertReadExactly(
    ['ln=1,r=1,p=1', 'ln=14,r=8,p=1', 'ln=18,r=8,p=2', 'ln=14,r=16,p=1,nf=kc', 'ln=14,r=1,p=99'].map((cost) =>
      scrypt(cost),
    ),
  )
  const costs = ['ln=19,r=8,p=1', 'ln=18,r=9,p=1', 'ln=18,r=8,p=3', 'ln=20,r=8,p=1', 'ln=14,r=8,p=33']
  assertRefused(costs.map((cost) => scrypt(cost)))
  // RFC 7914 section 2: N is less than 2 to the 16 r.
  assertRefused(['ln=16,r=1,p=1', 'ln=99,r=99,p=99', 'ln=14,r=8,p=1000000'].map((cost) => scrypt(cost)))
  assertRefused(
    ['ln=0,r=8,p=1', 'ln=14,r=0,p=1', 'ln=14,r=8,p=0', 'ln=014,r=8,p=1'].map((cost) => scrypt(cost)),
  )
  assertRefused(
    ['r=8,ln=14,p=1', 'ln=14,r=8', 'n=14,r=8,p=1', 'ln=14,r=8,p=1,nf=c'].map((cost) => scrypt(cost)),
  )
})

test('PBKDF2 is read up to 2 million iterations, which count for each block of a long tag', () => {
  assertReadExactly([
    pbkdf2('sha256$i=2000000,l=32'),
    pbkdf2('sha1$i=1000000,l=32'),
    pbkdf2('sha512$i=2000000,l=64', SALT, bytes(64)),
    pbkdf2('sha256$i=1,l=32'),
  ])
  const costs = ['sha256$i=2000001,l=32', 'sha1$i=1000001,l=32', 'sha256$i=99999999,l=32', 'sha256$i=0,l=32']
  assertRefused(costs.map((cost) => pbkdf2(cost)))
  const others = [
    'md5$i=1000,l=32',
    'sha384$i=1000,l=32',
    'sha224$i=1000,l=32',
    '$i=1000,l=32',
    'SHA256$i=1,l=32',
  ]
  assertRefused(others.map((cost) => pbkdf2(cost)))
  assertRefused(['sha256$i=1000,l=31', 'sha256$i=1000', 'sha256$i=01000,l=32'].map((cost) => pbkdf2(cost)))
})

test("Firebase's scrypt is read with a key as long as its tag, and in the bounds of scrypt", () => {
  assertReadExactly([firebase('n=14,r=8,p=1'), firebase('n=14,r=8,p=1').replace('ss=Bw==', 'ss=')])
  assertRefused([
    ...['n=19,r=8,p=1', 'n=18,r=8,p=3', 'n=0,r=8,p=1'].map((cost) => firebase(cost)),
    firebase('n=14,r=8,p=1').replace('v=1', 'v=2'),
    firebase('n=14,r=8,p=1').replace(',ss=Bw==', ''),
    firebase('n=14,r=8,p=1').replace('ss=Bw==', 'ss=Bw'),
    firebase('n=14,r=8,p=1').replace(/,sk=[^$]*/, ''),
    firebase('n=14,r=8,p=1', ['c29tZXNhbHQ=', Buffer.alloc(63).toString('base64')]),
    firebase('n=14,r=8,p=1', ['c29tZXNhbHQ', KEY]),
    firebase('n=14,r=8,p=1', ['', KEY]),
  ])
})

test('salts and tags are of sensible lengths and in canonical base64', () => {
  for (const write of [
    (salt: string, tag: string) => scrypt('ln=4,r=8,p=1', salt, tag),
    (salt: string, tag: string) => pbkdf2(`sha512$i=1000,l=${Buffer.from(tag, 'base64').length}`, salt, tag),
  ]) {
    assertReadExactly([write(bytes(1), bytes(16)), write(bytes(64), bytes(64))])
    assertRefused([write(bytes(65), TAG), write('', TAG), write(SALT, bytes(15)), write(SALT, bytes(65))])
    assertRefused([write(`${SALT}==`, TAG), write(SALT, `${TAG}=`), write(SALT, `${TAG.slice(0, -1)}d`)])
    const urlSafe = Buffer.alloc(32, 0xff).toString('base64url')
    assertRefused([write(SALT, urlSafe), write(urlSafe, TAG)])
  }
})

test('spellings that would be out of bounds once rewritten are refused', () => {
  const tag = Buffer.from(TAG, 'base64').toString('base64')
  const hexTag = Buffer.from(TAG, 'base64').toString('hex')
  const good = [
    `pbkdf2_sha256$600000$salt$${tag}`,
    `scrypt$16384$salt$8$5$${tag}`,
    `pbkdf2:sha256:600000$salt$${hexTag}`,
    `scrypt:32768:8:1$salt$${hexTag}`,
    `$pbkdf2-sha256$29000$${SALT}$${TAG}`,
    `argon2$argon2id$v=19$m=19456,t=2,p=1$${SALT}$${TAG}`,
    `bcrypt$${bcrypt('$2b$10$')}`,
  ]
  for (const text of good) {
    const stored = canonicalHash(text)
    assert.ok(stored && stored !== text, text)
    assert.equal(canonicalHash(stored), stored)
    assert.equal(readStoredHash(text), null, `${text} is only stored in its canonical form`)
  }
  assertRefused([
    `pbkdf2_sha256$2000001$salt$${tag}`,
    `pbkdf2_sha256$600000$$${tag}`,
    `pbkdf2_sha256$600000$salt$${tag.replace('=', '')}`,
    `pbkdf2_sha512$600000$salt$${tag}`,
    `pbkdf2_sha256$600000$sält$${tag}`,
    `pbkdf2_sha256$600000$${'s'.repeat(65)}$${tag}`,
    `scrypt$16383$salt$8$1$${tag}`,
    `scrypt$524288$salt$8$1$${tag}`,
    `pbkdf2:sha256$salt$${hexTag}`,
    `pbkdf2:sha256:600000$salt$${hexTag}0`,
    `pbkdf2:sha256:600000$salt$${hexTag.toUpperCase()}`,
    `pbkdf2:md5:600000$salt$${hexTag}`,
    `scrypt:3:8:1$salt$${hexTag}`,
    `scrypt:1048576:8:1$salt$${hexTag}`,
    `$pbkdf2-sha256$29000$${SALT}$${TAG}=`,
    `bcrypt_sha256$${bcrypt('$2b$10$')}`,
    `bcrypt$${bcrypt('$2b$15$')}`,
    `argon2$argon2id$v=19$m=4194304,t=2,p=1$${SALT}$${TAG}`,
    `argon2$${good[5]}`,
  ])
})

test('anything else is no hash: plain texts, digests, other schemes, and texts of any length', () => {
  assertRefused([
    '',
    '$',
    'password',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    '$1$salt$qJH7.N4xYta3aEG/dfqo/0',
    '$5$rounds=5000$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJuesI68OTLiBFdcbYEdFCoEOfaS35inz1',
    '$P$984478476IagS59wHZvyQMArzfx58u.',
    '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7',
    `$argon2id$v=16$m=19456,t=2,p=1$${SALT}$${TAG}`,
    `$argon2id$m=19456,t=2,p=1$${SALT}$${TAG}`,
    '{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
    '$'.repeat(1 << 20),
    `${bcrypt('$2b$10$')}${' '.repeat(1 << 20)}`,
    `pbkdf2_sha256$600000$salt$${'A'.repeat(1 << 20)}`,
    scrypt('ln=14,r=8,p=1', SALT, 'A'.repeat(1 << 20)),
  ])
})

/** A service on a hasher that counts. */
function counted() {
  const tasks: HashTask[] = []
  const service = passwordsOn({
    threads: 1,
    async compute(task) {
      tasks.push(task)
      const { method, password } = task
      const length =
        method.kind === 'bcrypt'
          ? 31
          : (('signerKey' in method && method.signerKey) || { length: method.tagBytes }).length
      const digest = hash('sha512', JSON.stringify([password, method.kind]), 'buffer')
      return { tag: digest.subarray(0, length), ms: 10, engine: 'node' }
    },
    close: async () => {},
  })
  return { service, tasks }
}

const oneOfEach = [
  bcrypt('$2b$10$'),
  scrypt('ln=14,r=8,p=1'),
  pbkdf2('sha256$i=600000,l=32'),
  firebase('n=14,r=8,p=1'),
  `$argon2i$v=19$m=19456,t=2,p=1$${SALT}$${TAG}`,
  `$argon2d$v=19$m=19456,t=2,p=1$${SALT}$${TAG}`,
]

test('a foreign hash costs one computation of its own kind, without a pepper, and is outdated', async () => {
  const { service, tasks } = counted()
  for (const stored of oneOfEach) {
    tasks.length = 0
    assert.equal(await service.verify('a password', stored), false)
    assert.deepEqual(
      tasks.map(({ method, secret }) => [method.kind, secret]),
      [[readStoredHash(stored)?.method.kind, undefined]],
    )
    assert.equal(service.isOutdated(stored), true)
  }
})

test('a foreign hash is compared with the text as it was sent, argon2id with its prepared form', async () => {
  const { service, tasks } = counted()
  const sent = 'u\u0308ber\u00a0alles'
  for (const stored of oneOfEach) await service.verify(sent, stored)
  assert.deepEqual(new Set(tasks.map(({ password }) => password)), new Set([sent]))
  tasks.length = 0
  await service.verify(sent, `$argon2id$v=19$m=4096,t=2,p=1$${SALT}$${TAG}`)
  assert.deepEqual(
    tasks.map(({ password }) => password),
    ['\u00fcber alles'],
  )
})

test('a hash with a pepper can be imported only where the pepper is', () => {
  const keyId = 'c29tZWtleWk'
  const text = `$argon2id$v=19$m=19456,t=2,p=1,keyid=${keyId}$${SALT}$${TAG}`
  const hasher = { threads: 1, compute: computeHash, close: async () => {} }
  const pepper = { keyId, secret: Buffer.alloc(32, 1) }
  assert.equal(passwordsOn(hasher).importable(text), null)
  assert.equal(passwordsOn(hasher, undefined, { peppers: [pepper] }).importable(text), text)
})

test('bcrypt does not take a zero byte and a repetition for the same password', async () => {
  const stored = '$2a$04$fFdjDsCoyEEGnhxNjhpnneqFQ8RfTMo3NbeIHmvJBVkWdmL4vmT46'
  const hasher = { threads: 1, compute: computeHash, close: async () => {} }
  const service = passwordsOn(hasher)
  const { tag } = await computeHash({
    password: 'secret',
    method: { kind: 'bcrypt', setting: stored.slice(0, 29), cost: 4 },
  })
  const made = stored.slice(0, 29) + Buffer.from(tag).toString('latin1')
  assert.equal(await service.verify('secret', made), true)
  assert.equal(await service.verify('secret\0secret', made), false)
  assert.equal(await service.verify('secret\0', made), false)
})

test('the heaviest hashes that are read weigh less than what may wait', () => {
  const heaviest = [
    bcrypt('$2b$14$'),
    scrypt('ln=18,r=8,p=2'),
    pbkdf2('sha512$i=2000000,l=64', SALT, bytes(64)),
    pbkdf2('sha256$i=2000000,l=32'),
    `$argon2i$v=19$m=262144,t=4,p=1$${SALT}$${TAG}`,
  ]
  for (const text of heaviest) {
    const method = readStoredHash(text)?.method ?? assert.fail(text)
    const weight = hashWeight(method)
    // 9 ms are what one hash of ours takes.
    assert.ok(weight > 20 && weight * 9 < 2000, `${text}: ${weight}`)
  }
  const cheap = readStoredHash(bcrypt('$2b$04$'))?.method ?? assert.fail()
  assert.equal(hashWeight(cheap), 1)
})

test('the longest text that is read is that of Firebase with its two keys', () => {
  const longest = firebase('n=10,r=99,p=9', [Buffer.alloc(60).toString('base64'), KEY])
  assertReadExactly([longest])
  assert.ok(longest.length < crypto.storedHashMaxLength)
})
