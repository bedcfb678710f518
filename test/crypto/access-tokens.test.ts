import assert from 'node:assert/strict'
import { mock, test } from 'node:test'

import { createAccessTokens } from '../../src/crypto/access-tokens.ts'
import { signingAlgorithms } from '../../src/crypto/signing-key.ts'
import { createVerifiedCache } from '../../src/crypto/verified-cache.ts'
import { verifyJwt } from '../support/verify-jwt.ts'
import {
  AUDIENCE,
  decoded,
  grant,
  ISSUER,
  type Issuer,
  newIssuer,
  newToken,
  parts,
  refusal,
  signedByUs,
  START_MS,
} from './issuer.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const START = START_MS / 1000

/** Header and claims of a good token, to be changed. */
async function goodOne(issuer: Issuer): Promise<[Record<string, unknown>, Record<string, unknown>]> {
  const [header, payload] = parts(await newToken(issuer))
  return [decoded(header), decoded(payload)]
}

for (const algorithm of signingAlgorithms) {
  test(`a token signed with ${algorithm} says what RFC 9068 asks for, and nothing about the person`, async () => {
    const issuer = await newIssuer(algorithm)
    const { token, expiresInSeconds } = await issuer.tokens.issue(grant)
    const { header, claims } = verifyJwt(token, (await issuer.tokens.jwks()).keys)
    const { kid } = issuer.keyring.signingKey()
    assert.deepEqual(header, { alg: algorithm, typ: 'at+jwt', kid })
    assert.match(String(claims['jti']), UUID)
    assert.deepEqual(claims, {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: grant.userId,
      client_id: 'first-party',
      exp: START + 600,
      iat: START,
      jti: claims['jti'],
      sid: grant.sessionId,
      auth_time: START - 91,
      roles: ['user'],
      scope: 'users:read',
    })
    assert.equal(expiresInSeconds, 600)
    assert.equal(issuer.tokens.algorithm, algorithm)
  })

  test(`a token signed with ${algorithm} is accepted and gives its claims`, async () => {
    const issuer = await newIssuer(algorithm)
    assert.deepEqual(await issuer.tokens.verify(await newToken(issuer)), {
      userId: grant.userId,
      sessionId: grant.sessionId,
      authTimeSeconds: START - 91,
      issuedAtSeconds: START,
      expiresAtSeconds: START + 600,
    })
  })
}

test('two tokens for the same session and second differ', async () => {
  const issuer = await newIssuer()
  assert.notEqual(await newToken(issuer), await newToken(issuer))
})

for (const [when, seconds, expected] of [
  ['in its last second', 599, null],
  ['within the skew after its end', 604, null],
  ['when the skew is over', 605, 'token_expired'],
  ['long after', 86_400, 'token_expired'],
  ['within the skew before its birth', -5, null],
  ['earlier than the skew before its birth', -6, 'token_invalid'],
] as const) {
  test(`a token presented ${when} gives ${expected ?? 'its claims'}, cached or not`, async () => {
    const issuer = await newIssuer()
    const token = await newToken(issuer)
    const seen = await newToken(issuer)
    await issuer.tokens.verify(seen)
    issuer.clock.forward(seconds * 1000 + (seconds > 0 ? 999 : 0))
    assert.equal(await refusal(issuer, token), expected)
    assert.equal(await refusal(issuer, seen), expected)
  })
}

test('an expired token with a wrong signature is invalid and not expired', async () => {
  const issuer = await newIssuer()
  const [header, payload] = parts(await newToken(issuer))
  const [, , signature] = parts(await newToken(issuer))
  issuer.clock.forward(3_600_000)
  assert.equal(await refusal(issuer, `${header}.${payload}.${signature}`), 'token_invalid')
})

test('a token for another audience or from another issuer is invalid (row 34)', async () => {
  const issuer = await newIssuer()
  const { keyring, clock } = issuer
  const token = await newToken(issuer)
  const elsewhere = createAccessTokens({ keyring, clock, issuer: ISSUER, audience: ISSUER })
  assert.equal(await refusal({ tokens: elsewhere }, token), 'token_invalid')
  const other = createAccessTokens({ keyring, clock, issuer: `${ISSUER}/`, audience: AUDIENCE })
  assert.equal(await refusal({ tokens: other }, token), 'token_invalid')
})

test('a rightly signed token that lacks any of the claims is invalid', async () => {
  const issuer = await newIssuer()
  const [header, claims] = await goodOne(issuer)
  assert.equal(await refusal(issuer, await signedByUs(issuer, header, claims)), null)
  for (const name of Object.keys(claims)) {
    const { [name]: _, ...rest } = claims
    assert.equal(await refusal(issuer, await signedByUs(issuer, header, rest)), 'token_invalid', name)
  }
})

test('a rightly signed token whose claims have another type or form is invalid', async () => {
  const issuer = await newIssuer()
  const [header, claims] = await goodOne(issuer)
  const wrong: readonly (readonly [string, unknown])[] = [
    ['sub', grant.userId.toUpperCase()],
    ['sub', `${grant.userId} `],
    ['sub', null],
    ['sub', [grant.userId]],
    ['sid', 'x'],
    ['sid', 7],
    ['sid', { $ne: '' }],
    ['exp', String(START + 600)],
    ['exp', null],
    ['exp', START + 600.5],
    ['exp', 1e300],
    ['iat', `${START}`],
    ['iat', START + 3600],
    ['iat', START - 0.5],
    ['auth_time', true],
    ['auth_time', START - 0.5],
    ['client_id', 'another'],
    ['jti', 7],
    ['roles', 'admin'],
    ['scope', ['users:read']],
    ['aud', [ISSUER]],
    ['aud', ''],
    ['iss', [ISSUER]],
    ['nbf', START + 3600],
    ['nbf', 'tomorrow'],
  ]
  for (const [name, value] of wrong) {
    const token = await signedByUs(issuer, header, { ...claims, [name]: value })
    assert.equal(await refusal(issuer, token), 'token_invalid', `${name}: ${JSON.stringify(value)}`)
  }
})

test('no kind of token but an access token is accepted, however rightly it is signed', async () => {
  const issuer = await newIssuer()
  const [header, claims] = await goodOne(issuer)
  for (const typ of ['JWT', 'jwt', 'id+jwt', 'logout+jwt', 'secevent+jwt', 'dpop+jwt', 'at', '', null, 7]) {
    assert.equal(await refusal(issuer, await signedByUs(issuer, { ...header, typ }, claims)), 'token_invalid')
  }
  const { typ: _, ...untyped } = header
  assert.equal(await refusal(issuer, await signedByUs(issuer, untyped, claims)), 'token_invalid')
})

test('a header that demands an extension is refused (row 30)', async () => {
  const issuer = await newIssuer()
  const [header, claims] = await goodOne(issuer)
  const demands = [['exp'], ['b64'], ['x'], [], 'x', null, ['b64', 'x'], ['http://example.com/x']]
  for (const crit of demands) {
    for (const more of [{}, { x: 1, exp: 1, 'http://example.com/x': 1 }, { b64: false }, { b64: true }]) {
      const token = await signedByUs(issuer, { ...header, crit, ...more }, claims)
      assert.equal(await refusal(issuer, token), 'token_invalid', JSON.stringify([crit, more]))
    }
  }
})

test('a known token is not verified again, and costs no signature', async () => {
  const issuer = await newIssuer()
  const token = await newToken(issuer)
  const verify = mock.method(crypto.subtle, 'verify')
  try {
    const first = await issuer.tokens.verify(token)
    assert.deepEqual(await issuer.tokens.verify(token), first)
    assert.equal(verify.mock.callCount(), 1)
    await issuer.tokens.verify(await newToken(issuer))
    assert.equal(verify.mock.callCount(), 2)
    issuer.clock.forward(600_000)
    await issuer.tokens.verify(token)
    assert.equal(verify.mock.callCount(), 3, 'from its expiry on it is judged anew')
  } finally {
    verify.mock.restore()
  }
})

test('a refused token is not remembered as accepted', async () => {
  const issuer = await newIssuer()
  const [header, payload] = parts(await newToken(issuer))
  const [, , signature] = parts(await newToken(issuer))
  const forged = `${header}.${payload}.${signature}`
  for (let attempt = 0; attempt < 3; attempt++) assert.equal(await refusal(issuer, forged), 'token_invalid')
})

test('when a key is dropped, the tokens it signed are refused, known or not', async () => {
  const issuer = await newIssuer()
  const known = await newToken(issuer)
  await issuer.tokens.verify(known)
  const [active, next] = issuer.shelf.keys()
  assert.ok(active && next)
  issuer.shelf.replace([{ ...next, state: 'active' }])
  issuer.clock.forward(60_000)
  assert.equal(await refusal(issuer, known), 'token_invalid')
  assert.equal(await refusal(issuer, await newToken(issuer)), null)
})

test('a key that is dropped while a signature is checked leaves no token behind in the cache', async () => {
  const issuer = await newIssuer()
  const token = await newToken(issuer)
  const [, next] = issuer.shelf.keys()
  assert.ok(next)
  const verify = mock.method(crypto.subtle, 'verify', async () => {
    verify.mock.restore()
    issuer.shelf.replace([{ ...next, state: 'active' }])
    issuer.clock.forward(60_000)
    await issuer.keyring.refresh()
    return true
  })
  await refusal(issuer, token)
  assert.equal(await refusal(issuer, token), 'token_invalid')
})

test('the cache holds as many tokens as it may and drops the one that was used the longest ago', () => {
  const cache = createVerifiedCache(2)
  const claims = {
    userId: grant.userId,
    sessionId: grant.sessionId,
    authTimeSeconds: 1,
    issuedAtSeconds: 1,
    expiresAtSeconds: 10,
  }
  cache.put('a', claims)
  cache.put('b', claims)
  assert.ok(cache.get('a', 5))
  cache.put('c', claims)
  assert.equal(cache.size(), 2)
  assert.equal(cache.get('b', 5), null)
  assert.ok(cache.get('a', 9))
  assert.equal(cache.get('a', 10), null)
  assert.equal(cache.get('a', 5), null, 'an expired entry is gone')
  cache.clear()
  assert.equal(cache.size(), 0)
})
