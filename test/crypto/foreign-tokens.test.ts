/** Tokens of somebody who knows our public keys and everything about the form of our tokens. */
import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import net from 'node:net'
import { mock, test } from 'node:test'

import { calculateJwkThumbprint } from 'jose'

import { signingAlgorithms } from '../../src/crypto/signing-key.ts'
import { decoded, type Issuer, newIssuer, newToken, part, parts, refusal, signedBy } from './issuer.ts'

/**
 * The `alg` values of the IANA registry "JSON Web Signature and Encryption Algorithms" (RFC 7518, RFC 8037, RFC 8812,
 * RFC 9864 and the ML-DSA entries), and spellings that some library once took for one of them.
 */
const ALGORITHM_NAMES = [
  'HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 none ES256K EdDSA Ed25519 Ed448',
  'ML-DSA-44 ML-DSA-65 ML-DSA-87 RSA1_5 RSA-OAEP RSA-OAEP-256 RSA-OAEP-384 RSA-OAEP-512 A128KW A192KW A256KW',
  'dir ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW A128GCMKW A192GCMKW A256GCMKW PBES2-HS256+A128KW',
  'PBES2-HS384+A192KW PBES2-HS512+A256KW A128CBC-HS256 A192CBC-HS384 A256CBC-HS512 A128GCM A192GCM A256GCM',
  'HS1 RS1 A128CBC A192CBC A256CBC A128CTR A192CTR A256CTR HS256/64 ESP256 ESB256 None NONE nOnE hs256 es256',
]
  .flatMap((line) => line.split(' '))
  .concat('', ' HS256', 'HS256 ', 'HS256\0', 'HMAC')
const HMAC_HASHES = ['sha256', 'sha384', 'sha512']

/** Every text and every bytes of a public key that somebody may have put into an HMAC. */
function formsOf(publicKey: KeyObject): readonly (string | Buffer)[] {
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const jwk = publicKey.export({ format: 'jwk' })
  const members = [jwk.x, jwk.y, jwk.n].filter((member) => member !== undefined)
  const raw = members.flatMap((member) => [member, Buffer.from(member, 'base64url')])
  const texts = [
    pem,
    pem.trim(),
    pem.replaceAll('\n', '\r\n'),
    ` ${pem}`,
    `\ufeff${pem}`,
    JSON.stringify(jwk),
    '',
  ]
  return [...texts, publicKey.export({ type: 'spki', format: 'der' }), ...raw]
}

async function ourToken(issuer: Issuer): Promise<{
  header: Record<string, unknown>
  claims: Record<string, unknown>
  signature: string
}> {
  const [header, payload, signature] = parts(await newToken(issuer))
  return { header: decoded(header), claims: decoded(payload), signature }
}

for (const algorithm of signingAlgorithms) {
  test(`our public ${algorithm} key is no HMAC key, whatever the algorithm is called (row 28)`, async () => {
    const issuer = await newIssuer(algorithm)
    const { header, claims, signature } = await ourToken(issuer)
    const [published] = (await issuer.tokens.jwks()).keys
    assert.ok(published)
    const publicKey = createPublicKey({ key: published, format: 'jwk' })
    const forms = formsOf(publicKey)
    let tried = 0
    for (const alg of ALGORITHM_NAMES) {
      const text = `${part({ ...header, alg })}.${part(claims)}`
      const macs = forms.flatMap((key) =>
        HMAC_HASHES.map((hash) => createHmac(hash, key).update(text).digest()),
      )
      // The length that the true algorithm asks for, so that the check in front does not save us.
      const length = Buffer.from(signature, 'base64url').length
      const stretched = macs.map((mac) => Buffer.concat(Array(8).fill(mac)).subarray(0, length))
      const signatures = [...macs, ...stretched].map((mac) => mac.toString('base64url'))
      for (const forged of ['', ...signatures]) {
        assert.equal(await refusal(issuer, `${text}.${forged}`), 'token_invalid', `${alg} ${forged}`)
        tried++
      }
    }
    assert.ok(tried > 3000, `only ${tried} tokens`)
  })
}

test('no algorithm name but that of the key is accepted with a right signature of another key kind', async () => {
  const issuers = await Promise.all(signingAlgorithms.map((algorithm) => newIssuer(algorithm)))
  const tokens = await Promise.all(issuers.map((issuer) => newToken(issuer)))
  for (const issuer of issuers) {
    for (const token of tokens) {
      const own = token === tokens[issuers.indexOf(issuer)]
      assert.equal(await refusal(issuer, token), own ? null : 'token_invalid')
    }
  }
})

test('a token that names no algorithm or none is refused with any signature (row 27)', async () => {
  const issuer = await newIssuer()
  const { header, claims, signature } = await ourToken(issuer)
  const { alg: _, ...unnamed } = header
  for (const head of [unnamed, ...['none', null, 0, [], ['ES256'], {}].map((alg) => ({ ...header, alg }))]) {
    for (const last of ['', signature, 'A'.repeat(86)]) {
      assert.equal(await refusal(issuer, `${part(head)}.${part(claims)}.${last}`), 'token_invalid')
    }
  }
})

test('a key that a token brings along or points at is never used, and nothing is fetched', async () => {
  const issuer = await newIssuer()
  const { header, claims } = await ourToken(issuer)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })
  const kid = await calculateJwkThumbprint({ ...jwk, kty: 'EC' })
  const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const baits: readonly object[] = [
    {},
    { jwk },
    { jwk: { ...jwk, kid: header['kid'] } },
    { x5c: [der] },
    { jku: 'http://127.0.0.1:9/jwks.json' },
    { jku: 'file:///etc/hostname' },
    { x5u: 'http://127.0.0.1:9/cert.pem' },
    { jku: 'http://127.0.0.1:9/', jwk, x5c: [der], x5t: kid, 'x5t#S256': kid },
  ]
  const connect = mock.method(net.Socket.prototype, 'connect', () => assert.fail('it connects'))
  const fetched = mock.method(globalThis, 'fetch', () => assert.fail('it fetches'))
  try {
    for (const bait of baits) {
      for (const head of [header, { ...header, kid }, { alg: 'ES256', typ: 'at+jwt' }]) {
        const token = signedBy(privateKey, { ...head, ...bait }, claims)
        assert.equal(await refusal(issuer, token), 'token_invalid', JSON.stringify(bait))
      }
    }
    assert.equal(connect.mock.callCount() + fetched.mock.callCount(), 0)
  } finally {
    connect.mock.restore()
    fetched.mock.restore()
  }
})

test('a kid is a name in our map and nothing else (row 29)', async () => {
  const issuer = await newIssuer()
  const { header, claims } = await ourToken(issuer)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ours = String(header['kid'])
  const names = [
    '../../dev/null',
    'file:///dev/null',
    "' OR '1'='1",
    "x' UNION SELECT 'key",
    '$where',
    '__proto__',
  ]
  const blanks = ['constructor', 'toString', '', ' ', '\0', `${ours} `, `${ours}\n`, 'k'.repeat(2000)]
  const noTexts: readonly unknown[] = [null, 0, true, [], [ours], { $ne: null }, { toString: 'x' }]
  const loads = issuer.shelf.loads()
  for (const kid of [...names, ...blanks, ...noTexts]) {
    const token = signedBy(privateKey, { ...header, kid }, claims)
    assert.equal(await refusal(issuer, token), 'token_invalid', JSON.stringify(kid))
  }
  const twice = `{"alg":"ES256","typ":"at+jwt","kid":"mine","kid":"${ours}"}`
  assert.equal(await refusal(issuer, signedBy(privateKey, twice, claims)), 'token_invalid')
  const huge = signedBy(privateKey, { ...header, kid: 'k'.repeat(1 << 20) }, claims)
  assert.equal(await refusal(issuer, huge), 'token_invalid')
  assert.equal(issuer.shelf.loads(), loads, 'the store is not asked for an id that can not be one')
})

test('a token signed with the next key is accepted as soon as that key is published', async () => {
  const issuer = await newIssuer()
  const { header, claims } = await ourToken(issuer)
  const [, next] = (await issuer.tokens.jwks()).keys
  assert.ok(next)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const forged = signedBy(privateKey, { ...header, kid: next['kid'] }, claims)
  assert.equal(await refusal(issuer, forged), 'token_invalid')
})
