import { hash } from 'node:crypto'
import { loadPepperKeys } from './master-key.ts'

/** A secret that goes into password hashes and is not in the database. */
export interface Pepper {
  readonly secret: Uint8Array
  /** What a hash records of it: 8 bytes of a SHA-256, in base64 without padding. */
  readonly keyId: string
}

/**
 * Reads a pepper file, which has the form of a master key file: the first line goes into new hashes, the
 * others still verify those that they are in. Throws `start_refused`.
 */
export function loadPeppers(file: string): readonly Pepper[] {
  return loadPepperKeys(file).map((secret) => ({ secret, keyId: keyIdOf(secret) }))
}

function keyIdOf(secret: Uint8Array): string {
  const text = `user-management pepper ${Buffer.from(secret).toString('hex')}`
  return hash('sha256', text, 'buffer').subarray(0, 8).toString('base64').slice(0, -1)
}
