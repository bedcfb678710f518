import assert from 'node:assert/strict'
import { test } from 'node:test'

import { openKeyring } from '../../src/crypto/keyring.ts'
import { createSecrets } from '../../src/crypto/secrets.ts'
import { signingAlgorithms } from '../../src/crypto/signing-key.ts'
import { DomainError } from '../../src/domain/errors.ts'
import {
  type Issuer,
  keyShelf,
  newIssuer,
  newToken,
  parts,
  refusal,
  ringOptions,
  signedByUs,
  decoded,
  testClock,
} from './issuer.ts'

const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'key_ops', 'ext']
/** A key that another node no longer signs with may verify for so long: 60 s, 600 s and 5 s. */
const RETIRED_MS = 665_000

const states = ({ shelf }: Pick<Issuer, 'shelf'>): string[] =>
  shelf.keys().map(({ state, algorithm }) => `${state} ${algorithm}`)

for (const algorithm of signingAlgorithms) {
  test(`a new store gets an active and a next ${algorithm} key, sealed, in one step`, async () => {
    const { shelf, log } = await newIssuer(algorithm)
    assert.deepEqual(states({ shelf }), [`active ${algorithm}`, `next ${algorithm}`])
    assert.equal(shelf.events.length, 1)
    assert.deepEqual(log.lines, ['info the signing keys have changed'])
    for (const { kid, publicJwk, sealedPrivate } of shelf.keys()) {
      assert.match(kid, THUMBPRINT)
      assert.deepEqual(
        Object.keys(publicJwk).filter((member) => PRIVATE_MEMBERS.includes(member)),
        [],
      )
      assert.doesNotMatch(Buffer.from(sealedPrivate).toString('latin1'), /PRIVATE KEY|"d"/)
    }
  })

  test(`the key set for ${algorithm} names use, algorithm and id, and holds nothing private`, async () => {
    const { keyring, shelf } = await newIssuer(algorithm)
    const { keys } = keyring.jwks()
    assert.equal(keys.length, 2)
    const members = { ES256: ['crv', 'x', 'y'], RS256: ['n', 'e'], Ed25519: ['crv', 'x'] }[algorithm]
    for (const key of keys) {
      assert.deepEqual(Object.keys(key).toSorted(), [...members, 'kty', 'use', 'alg', 'kid'].toSorted())
      assert.equal(key['use'], 'sig')
      assert.equal(key['alg'], algorithm)
      assert.ok(shelf.keys().some(({ kid }) => kid === key['kid']))
    }
  })

  test(`the ${algorithm} keys in memory can not be taken out of their CryptoKeys (row 28)`, async () => {
    const { keyring } = await newIssuer(algorithm)
    const { privateKey, publicKey } = keyring.signingKey()
    for (const key of [privateKey, publicKey]) {
      assert.equal(key.extractable, false)
      await assert.rejects(crypto.subtle.exportKey('jwk', key))
    }
    assert.deepEqual(privateKey.usages, ['sign'])
    assert.deepEqual(publicKey.usages, ['verify'])
  })
}

test('a second start finds the same keys and changes nothing', async () => {
  const first = await newIssuer()
  const second = await newIssuer('ES256', first.shelf, first.clock)
  assert.equal(first.shelf.events.length, 1)
  assert.deepEqual(second.keyring.jwks(), first.keyring.jwks())
  assert.equal(await refusal(second, await newToken(first)), null)
})

test('two nodes that start at once on a new store end up with the same keys', async () => {
  const [shelf, clock] = [keyShelf(), testClock()]
  const nodes = await Promise.all([1, 2, 3].map(() => newIssuer('ES256', shelf, clock)))
  assert.equal(shelf.events.length, 1)
  for (const node of nodes) assert.deepEqual(node.keyring.jwks(), nodes[0]?.keyring.jwks())
})

test('another master key is refused with a sentence that says what to do, and changes nothing', async () => {
  const { shelf, clock } = await newIssuer()
  const others = createSecrets(Buffer.alloc(32, 8))
  for (const algorithm of signingAlgorithms) {
    const options = { ...ringOptions(algorithm, shelf, clock), secrets: others }
    await assert.rejects(openKeyring(options), (cause) => {
      assert.ok(cause instanceof DomainError)
      assert.equal(cause.code, 'store_incompatible')
      assert.match(cause.message, /master key file .* not the one .* put the right file back/)
      return true
    })
  }
  assert.equal(shelf.events.length, 1)
})

test('who can write to the database can not put in a key of their own', async () => {
  const issuer = await newIssuer()
  const [active, next] = issuer.shelf.keys()
  const stranger = await newIssuer()
  const [theirs] = stranger.shelf.keys()
  assert.ok(active && next && theirs)
  issuer.shelf.replace([{ ...active, publicJwk: theirs.publicJwk }, next])
  const again = await newIssuer('ES256', issuer.shelf, issuer.clock)
  assert.deepEqual(again.keyring.jwks(), issuer.keyring.jwks(), 'the public half comes from the sealed one')
  for (const forged of [
    { ...active, sealedPrivate: next.sealedPrivate },
    { ...active, kid: theirs.kid },
    { ...active, kid: next.kid, sealedPrivate: next.sealedPrivate, algorithm: 'RS256' },
    { ...active, algorithm: 'HS256' },
  ]) {
    issuer.shelf.replace([forged])
    await assert.rejects(newIssuer('ES256', issuer.shelf, issuer.clock), { code: 'store_incompatible' })
  }
})

test('a change of the algorithm makes new keys at once and keeps the old one for its last tokens', async () => {
  const before = await newIssuer('ES256')
  const old = await newToken(before)
  const after = await newIssuer('Ed25519', before.shelf, before.clock)
  assert.deepEqual(states(after), ['retired ES256', 'active Ed25519', 'next Ed25519'])
  assert.equal(after.tokens.algorithm, 'Ed25519')
  assert.equal(after.keyring.jwks().keys.length, 3)
  assert.equal(await refusal(after, old), null)
  assert.equal(await refusal(before, await newToken(after)), null, 'the other node reads the ring again')
  assert.equal(before.tokens.algorithm, 'Ed25519')
})

test('a retired key verifies until its last token has expired, and then vanishes everywhere', async () => {
  const before = await newIssuer('ES256')
  const { clock, shelf } = before
  const after = await newIssuer('RS256', shelf, clock)
  clock.forward(59_999)
  const last = await newToken(before)
  clock.forward(604_000)
  assert.equal(await refusal(after, last), null)
  clock.forward(RETIRED_MS - 663_999 - 1)
  assert.equal(after.keyring.jwks().keys.length, 3)
  clock.forward(1)
  assert.equal(after.keyring.jwks().keys.length, 2)
  assert.equal(await refusal(after, last), 'token_invalid')
  clock.forward(60_000)
  await after.keyring.refresh()
  assert.deepEqual(states(after), ['active RS256', 'next RS256'])
})

test('a start after a retired key has run out removes it', async () => {
  const { shelf, clock } = await newIssuer('ES256')
  await newIssuer('RS256', shelf, clock)
  clock.forward(RETIRED_MS)
  await newIssuer('RS256', shelf, clock)
  assert.deepEqual(states({ shelf }), ['active RS256', 'next RS256'])
})

test('the ring is read again after a minute, once, however many ask', async () => {
  const issuer = await newIssuer()
  const token = await newToken(issuer)
  const loads = issuer.shelf.loads()
  issuer.clock.forward(59_999)
  await issuer.tokens.verify(token)
  assert.equal(issuer.shelf.loads(), loads)
  issuer.clock.forward(1)
  await Promise.all(Array.from({ length: 20 }, () => issuer.tokens.verify(token)))
  assert.equal(issuer.shelf.loads(), loads + 1)
  issuer.clock.set(issuer.clock.now() - 3_600_000)
  await issuer.keyring.refresh()
  assert.equal(issuer.shelf.loads(), loads + 2, 'also when the clock was set back')
})

test('an unknown key id makes the ring be read again at most once in five seconds', async () => {
  const issuer = await newIssuer()
  const [header, payload] = parts(await newToken(issuer))
  const foreign = await signedByUs(issuer, { ...decoded(header), kid: 'x'.repeat(43) }, decoded(payload))
  const loads = issuer.shelf.loads()
  await Promise.all(Array.from({ length: 20 }, () => refusal(issuer, foreign)))
  assert.equal(issuer.shelf.loads(), loads + 1)
  issuer.clock.forward(4_999)
  assert.equal(await refusal(issuer, foreign), 'token_invalid')
  assert.equal(issuer.shelf.loads(), loads + 1)
  issuer.clock.forward(1)
  assert.equal(await refusal(issuer, foreign), 'token_invalid')
  assert.equal(issuer.shelf.loads(), loads + 2)
})

test('while the store is away the keys go on working, and it is asked again after five seconds', async () => {
  const issuer = await newIssuer()
  const token = await newToken(issuer)
  issuer.shelf.fail(true)
  issuer.clock.forward(60_000)
  const loads = issuer.shelf.loads()
  assert.equal(await refusal(issuer, token), null)
  assert.equal(await refusal(issuer, await newToken(issuer)), null)
  assert.equal(issuer.shelf.loads(), loads + 1)
  assert.deepEqual(issuer.log.lines.slice(1), ['error the signing keys could not be read again'])
  issuer.clock.forward(5_000)
  assert.equal(await refusal(issuer, token), null)
  assert.equal(issuer.shelf.loads(), loads + 2)
})

test('a ring that was spoilt while we run does not replace the one in memory', async () => {
  const issuer = await newIssuer()
  const token = await newToken(issuer)
  const [active] = issuer.shelf.keys()
  assert.ok(active)
  for (const keys of [
    [],
    [{ ...active, state: 'retired' as const, retiresAt: 0 }],
    [{ ...active, kid: 'x' }],
  ]) {
    issuer.shelf.replace(keys)
    issuer.clock.forward(60_000)
    assert.equal(await refusal(issuer, token), null)
  }
})

test('a start gives up when others keep changing the keys', async () => {
  const shelf = keyShelf()
  const options = ringOptions('ES256', shelf, testClock())
  const store = { ...shelf.store, swapKeys: async () => ({ kind: 'stale' as const }) }
  await assert.rejects(openKeyring({ ...options, store }), { code: 'store_unavailable' })
})
