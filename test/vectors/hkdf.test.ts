/** RFC 5869 appendix A.1 to A.3, through the derivation that makes every key of ours. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { hkdf, hkdfExpand, hkdfExtract } from '../../src/crypto/hkdf.ts'

const bytes = (first: number, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => first + i))
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')

const vectors = [
  {
    key: Buffer.alloc(22, 0x0b),
    salt: bytes(0x00, 13),
    info: bytes(0xf0, 10),
    extracted: '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
    derived: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf' + '34007208d5b887185865',
  },
  {
    key: bytes(0x00, 80),
    salt: bytes(0x60, 80),
    info: bytes(0xb0, 80),
    extracted: '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244',
    derived:
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c' +
      '59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71' +
      'cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
  {
    key: Buffer.alloc(22, 0x0b),
    salt: Buffer.alloc(0),
    info: Buffer.alloc(0),
    extracted: '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
    derived: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d' + '9d201395faa4b61a96c8',
  },
] as const

for (const [index, { key, salt, info, extracted, derived }] of vectors.entries()) {
  test(`HKDF-SHA256 gives the published result A.${index + 1}`, () => {
    const length = derived.length / 2
    assert.equal(hex(hkdfExtract(key, salt)), extracted)
    assert.equal(hex(hkdfExpand(Buffer.from(extracted, 'hex'), info, length)), derived)
    assert.equal(hex(hkdf(key, { salt, info, length })), derived)
  })
}

test('more than 255 blocks are refused', () => {
  const how = { salt: Buffer.alloc(0), info: Buffer.alloc(0) }
  assert.equal(hkdf(Buffer.alloc(32), { ...how, length: 8160 }).length, 8160)
  assert.throws(() => hkdf(Buffer.alloc(32), { ...how, length: 8161 }), RangeError)
})
