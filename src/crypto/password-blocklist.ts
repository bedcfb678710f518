import { hash } from 'node:crypto'

import { HASH_BYTES, SORTED_HASHES } from './common-passwords.ts'

let sorted: Buffer | undefined

/**
 * Whether the password is on the blocklist, as it is or in lower case (security: section 5.3). Compared in
 * NFC; entries of fewer than 8 code points are not on it, since the policy refuses those anyway.
 */
export function isCommonPassword(password: string): boolean {
  const exact = password.normalize('NFC')
  const lower = exact.toLowerCase().normalize('NFC')
  return isListed(exact) || (lower !== exact && isListed(lower))
}

/** A binary search among the sorted hashes, which are decoded at the first question. */
function isListed(text: string): boolean {
  sorted ??= Buffer.from(SORTED_HASHES, 'base64')
  const wanted = hash('sha256', text, 'buffer').readUIntBE(0, HASH_BYTES)
  let low = 0
  let high = sorted.length / HASH_BYTES
  while (low < high) {
    const middle = (low + high) >>> 1
    const found = sorted.readUIntBE(middle * HASH_BYTES, HASH_BYTES)
    if (found === wanted) return true
    if (found < wanted) low = middle + 1
    else high = middle
  }
  return false
}
