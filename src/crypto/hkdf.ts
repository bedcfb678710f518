import { createHmac } from 'node:crypto'

const HASH_BYTES = 32
const MAX_BLOCKS = 255

/**
 * HKDF with SHA-256 (RFC 5869 sections 2.2 and 2.3): `length` bytes, at most 8,160. Extract and expand can be
 * called apart, so that a key that is used often is extracted once.
 */
export function hkdf(
  key: Uint8Array,
  how: { readonly salt: Uint8Array; readonly info: Uint8Array; readonly length: number },
): Uint8Array {
  return hkdfExpand(hkdfExtract(key, how.salt), how.info, how.length)
}

/** RFC 5869 section 2.2. */
export function hkdfExtract(key: Uint8Array, salt: Uint8Array): Uint8Array {
  return createHmac('sha256', salt).update(key).digest()
}

/** RFC 5869 section 2.3. */
export function hkdfExpand(extracted: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = []
  if (length > MAX_BLOCKS * HASH_BYTES) throw new RangeError(`HKDF-SHA256 gives at most ${MAX_BLOCKS} blocks`)
  for (let block = new Uint8Array(0), n = 1; blocks.length * HASH_BYTES < length; n++) {
    block = createHmac('sha256', extracted).update(block).update(info).update(Uint8Array.of(n)).digest()
    blocks.push(block)
  }
  return Buffer.concat(blocks).subarray(0, length)
}
