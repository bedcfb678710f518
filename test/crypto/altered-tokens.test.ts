/** Tokens that are not, byte for byte, what we signed. The corpora are counted, so that none shrinks unseen. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { signingAlgorithms } from '../../src/crypto/signing-key.ts'
import { addSummary } from '../support/summary.ts'
import { decoded, type Issuer, newIssuer, newToken, part, parts, refusal, signedByUs } from './issuer.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')

async function assertAllRefused(issuer: Issuer, tokens: readonly string[]): Promise<void> {
  const codes = await Promise.all(tokens.map((token) => refusal(issuer, token)))
  const accepted = tokens.filter((_, index) => codes[index] !== 'token_invalid')
  assert.deepEqual(accepted, [])
}

function everyBitFlip(token: string): string[] {
  return [...token].flatMap((character, at) =>
    Array.from({ length: 8 }, (_, bit) => {
      const flipped = String.fromCharCode(character.charCodeAt(0) ^ (1 << bit))
      return token.slice(0, at) + flipped + token.slice(at + 1)
    }),
  )
}

/** The same bytes in other texts: nothing that a lenient decoder would tell from the original. */
function otherEncodings(token: string): string[] {
  const three = parts(token)
  const blanks = [
    '=',
    '==',
    '===',
    ' ',
    '\n',
    '\r\n',
    '\t',
    '\0',
    '\u00a0',
    '\ufeff',
    '%3D',
    '.',
    '-',
    '~',
    ',',
  ]
  const padded = blanks.flatMap((blank) =>
    three.flatMap((text, index) =>
      [blank + text, text + blank, text.slice(0, 8) + blank + text.slice(8)].map((changed) =>
        three.with(index, changed).join('.'),
      ),
    ),
  )
  const spareBits = three.flatMap((text, index) =>
    ALPHABET.map((last) => text.slice(0, -1) + last)
      .filter((changed) => changed !== text)
      .map((changed) => three.with(index, changed).join('.')),
  )
  const otherAlphabet = three.map((text, index) => {
    const standard = Buffer.from(text, 'base64url').toString('base64')
    return three.with(index, standard).join('.')
  })
  return [...padded, ...spareBits, ...otherAlphabet].filter((changed) => changed !== token)
}

function truncations(token: string): string[] {
  return Array.from({ length: token.length }, (_, length) => token.slice(0, length))
}

/** Other forms of the same statement, and parts that do not belong together. */
function rearrangements(token: string, second: string): string[] {
  const [header, payload, signature] = parts(token)
  const [, otherPayload, otherSignature] = parts(second)
  const [h, p, s] = [header, payload, signature]
  const spaced = part(JSON.stringify(decoded(header), null, 1))
  const reordered = part(Object.fromEntries(Object.entries(decoded(header)).toReversed()))
  const zeros = Buffer.alloc(Buffer.from(signature, 'base64url').length).toString('base64url')
  const json = JSON.stringify({ protected: h, payload: p, signature: s })
  return [
    `${h}.${p}`,
    `${h}.${p}.`,
    `${h}..${s}`,
    `.${p}.${s}`,
    '..',
    '.',
    `${h}.${p}.${s}.`,
    `${h}.${p}.${s}.${s}`,
    `.${h}.${p}.${s}`,
    `${h}.${p}.${s}.${p}.${s}`,
    `${p}.${h}.${s}`,
    `${h}.${otherPayload}.${s}`,
    `${h}.${p}.${otherSignature}`,
    `${h}.${p}.${s}${s}`,
    `${h}.${p}.${s.slice(0, -4)}`,
    `${h}.${p}.AA${s}`,
    `${h}.${p}.${zeros}`,
    `${h}.${p}.${'A'.repeat(86)}`,
    `${spaced}.${p}.${s}`,
    `${reordered}.${p}.${s}`,
    json,
    JSON.stringify({ payload: p, signatures: [{ protected: h, signature: s }] }),
    part(json),
    `Bearer ${token}`,
    `"${token}"`,
    `${token}, ${second}`,
    `${token}${token}`,
    encodeURIComponent(`${token}=`),
    token.toUpperCase(),
    token.toLowerCase(),
    [...token].toReversed().join(''),
    `\ufeff${token}`,
    token.normalize('NFKD').replace('e', 'e\u0301'),
  ]
}

/** (r, s) of an ECDSA signature as DER, which is not the form of a JWS (RFC 7518 section 3.4). */
function derSignature(token: string): string {
  const [header, payload, signature] = parts(token)
  const raw = Buffer.from(signature, 'base64url')
  const integer = (bytes: Buffer): Buffer => Buffer.concat([Buffer.of(2, bytes.length + 1, 0), bytes])
  const both = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))])
  const der = Buffer.concat([Buffer.of(0x30, both.length), both])
  return `${header}.${payload}.${der.toString('base64url')}`
}

for (const algorithm of signingAlgorithms) {
  test(`no single bit of a token signed with ${algorithm} can be turned over`, async () => {
    const issuer = await newIssuer(algorithm)
    const flips = everyBitFlip(await newToken(issuer))
    assert.ok(flips.length >= 3000)
    await assertAllRefused(issuer, flips)
    addSummary(`tokens (${algorithm}): ${flips.length} bit flips, all refused`)
  })

  test(`a token signed with ${algorithm} has one encoding and no shorter form (row 35)`, async () => {
    const issuer = await newIssuer(algorithm)
    const token = await newToken(issuer)
    const altered = [
      ...otherEncodings(token),
      ...truncations(token),
      ...rearrangements(token, await newToken(issuer)),
      ...(algorithm === 'ES256' ? [derSignature(token)] : []),
    ]
    assert.ok(altered.length >= 500, `only ${altered.length} altered tokens`)
    await assertAllRefused(issuer, altered)
    assert.equal(await refusal(issuer, token), null)
    await assertAllRefused(issuer, altered)
    addSummary(`tokens (${algorithm}): ${altered.length} other encodings, all refused`)
  })
}

test('a token may have 4,096 characters and not one more, however rightly it is signed (row 33)', async () => {
  const issuer = await newIssuer()
  const [header, payload] = parts(await newToken(issuer))
  const withScope = (length: number): Promise<string> =>
    signedByUs(issuer, decoded(header), { ...decoded(payload), scope: 'x'.repeat(length) })
  const tokens = await Promise.all(Array.from({ length: 80 }, (_, index) => withScope(2600 + index)))
  const lengths = tokens.map((token) => token.length)
  assert.ok(lengths.some((length) => length >= 4095 && length <= 4096))
  assert.ok(lengths.some((length) => length >= 4097 && length <= 4098))
  for (const token of tokens) {
    assert.equal(await refusal(issuer, token), token.length <= 4096 ? null : 'token_invalid')
  }
  await assertAllRefused(issuer, ['x'.repeat(1 << 20), '.'.repeat(1 << 20)])
})

test('texts that were never a token are refused', async () => {
  const issuer = await newIssuer()
  const texts = ['', ' ', 'null', 'undefined', '[object Object]', '\0', '\ud800', '🙂.🙂.🙂', '{}', 'a.b.c']
  const parsed = ['{}', '[]', 'null', '7', '"x"', '{"kid":null}', '{"alg":', '{"__proto__":{"kid":"x"}}']
  const heads = parsed.map((text) => `${part(text)}.${part('{}')}.${'A'.repeat(86)}`)
  await assertAllRefused(issuer, [...texts, ...heads])
})
