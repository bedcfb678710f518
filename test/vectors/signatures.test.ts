/**
 * Published signatures: RFC 7515 appendix A.2 (RS256) and A.3 (ES256), RFC 7520 section 4.1 (RS256), RFC 8037 appendix
 * A.4 (Ed25519). Each goes through jose the way access-tokens.ts uses it (a CryptoKey that can't be extracted, one
 * allowed algorithm), and through the independent verifier.
 */
import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'

import { calculateJwkThumbprint, compactVerify, type CryptoKey, importJWK, type JWK, jwtVerify } from 'jose'

import { readCompactToken } from '../../src/crypto/compact-token.ts'
import { verifyJwt } from '../support/verify-jwt.ts'

interface Vector {
  readonly name: string
  readonly algorithm: string
  readonly jwk: JWK & { kty: string }
  readonly token: string
  readonly payload: string
  readonly isJwt: boolean
}

const JOE = '{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
const JOE_PART =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'

const vectors: readonly Vector[] = [
  {
    name: 'RFC 7515 A.2',
    algorithm: 'RS256',
    jwk: {
      kty: 'RSA',
      n:
        'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR' +
        'T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB' +
        'dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia' +
        'GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    },
    token:
      `eyJhbGciOiJSUzI1NiJ9.${JOE_PART}.` +
      'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9' +
      'uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB' +
      '_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq' +
      'Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
    payload: JOE,
    isJwt: true,
  },
  {
    name: 'RFC 7515 A.3',
    algorithm: 'ES256',
    jwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    token:
      `eyJhbGciOiJFUzI1NiJ9.${JOE_PART}.` +
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
    payload: JOE,
    isJwt: true,
  },
  {
    name: 'RFC 7520 4.1',
    algorithm: 'RS256',
    jwk: {
      kty: 'RSA',
      kid: 'bilbo.baggins@hobbiton.example',
      n:
        'n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRB' +
        'SFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD' +
        '1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_' +
        'qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw',
      e: 'AQAB',
    },
    token:
      'eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.' +
      'SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUg' +
      'cm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0' +
      'IGJlIHN3ZXB0IG9mZiB0by4.' +
      'MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi8' +
      '4wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocS' +
      'adnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJu' +
      'shZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg',
    payload:
      'It\u2019s a dangerous business, Frodo, going out your door. You step onto the road, and if you ' +
      "don't keep your feet, there\u2019s no knowing where you might be swept off to.",
    isJwt: false,
  },
  {
    name: 'RFC 8037 A.4',
    algorithm: 'EdDSA',
    jwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    token:
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.' +
      'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
    payload: 'Example of Ed25519 signing',
    isJwt: false,
  },
]

/** The same token with the lowest bit of this byte of its signature turned over. */
function withOtherSignature(token: string, at: number): string {
  const [header, payload, signature] = token.split('.')
  const bytes = Buffer.from(signature ?? '', 'base64url')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return `${header}.${payload}.${bytes.toString('base64url')}`
}

async function ourKey(jwk: Vector['jwk'], algorithm: string): Promise<CryptoKey> {
  const key = await importJWK({ ...jwk }, algorithm, { extractable: false })
  assert.ok(!(key instanceof Uint8Array))
  assert.equal(key.extractable, false)
  return key
}

for (const { name, algorithm, jwk, token, payload, isJwt } of vectors) {
  test(`${name}: jose accepts the published ${algorithm} signature, and no other`, async () => {
    const key = await ourKey(jwk, algorithm)
    const checked = await compactVerify(token, key, { algorithms: [algorithm] })
    assert.equal(Buffer.from(checked.payload).toString(), payload)
    for (const at of [0, 31, 32, 63]) {
      await assert.rejects(compactVerify(withOtherSignature(token, at), key, { algorithms: [algorithm] }))
    }
    await assert.rejects(compactVerify(token, key, { algorithms: ['PS256'] }))
  })

  test(`${name}: the independent verifier accepts the published signature, and no other`, () => {
    const [header, part, signature] = token.split('.')
    const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const
    const hash = algorithm === 'EdDSA' ? null : 'sha256'
    const signed = Buffer.from(`${header}.${part}`)
    assert.ok(verify(hash, signed, key, Buffer.from(signature ?? '', 'base64url')))
    if (!isJwt) return
    assert.equal(verifyJwt(token, [jwk]).claims['iss'], 'joe')
    assert.throws(() => verifyJwt(withOtherSignature(token, 0), [jwk]), /signature/)
  })

  test(`${name}: the check in front of jose refuses the token, since it has no kid of ours`, () => {
    assert.equal(readCompactToken(token), null)
  })
}

test('the times of a published JWT are judged by the given clock', async () => {
  const { jwk, token, algorithm } = vectors[1] ?? assert.fail()
  const key = await ourKey(jwk, algorithm)
  const at = (seconds: number): Parameters<typeof jwtVerify>[2] => ({
    algorithms: [algorithm],
    issuer: 'joe',
    currentDate: new Date(seconds * 1000),
    clockTolerance: 5,
  })
  assert.equal((await jwtVerify(token, key, at(1_300_819_384))).payload.exp, 1_300_819_380)
  await assert.rejects(jwtVerify(token, key, at(1_300_819_385)), { code: 'ERR_JWT_EXPIRED' })
})

test('a thumbprint is the one of RFC 7638 section 3.1 and of RFC 8037 A.3', async () => {
  const rsa = {
    kty: 'RSA',
    n:
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZ' +
      'CiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZ' +
      'gnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniI' +
      'qbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    e: 'AQAB',
  }
  assert.equal(await calculateJwkThumbprint(rsa), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  const { jwk } = vectors[3] ?? assert.fail()
  assert.equal(await calculateJwkThumbprint(jwk), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})
