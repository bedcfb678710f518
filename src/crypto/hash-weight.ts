import type { HashMethod, Pbkdf2Method } from './hash-worker.ts'
import { currentCost } from './phc.ts'

/** How much of each is the work of one hash of ours, as measured: 9 ms. */
const ONE_HASH = {
  argon2Kib: currentCost.memoryKib * currentCost.passes,
  bcryptRounds: 125,
  scryptBytes: 3.5 * 1024 * 1024,
  pbkdf2Iterations: { sha1: 44_000, sha256: 44_000, sha512: 17_000 },
} as const

const DIGEST_BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const

/**
 * The work of a hash, in hashes of ours: so that the queue knows what waits, and a few slow ones don't make
 * it take all for slow. At least 1, since handing out a cheap one is work, too.
 */
export function hashWeight(method: HashMethod): number {
  return Math.max(1, relativeWork(method))
}

function relativeWork(method: HashMethod): number {
  switch (method.kind) {
    case 'bcrypt':
      return 2 ** method.cost / ONE_HASH.bcryptRounds
    case 'scrypt':
      return (128 * 2 ** method.logCost * method.blockSize * method.lanes) / ONE_HASH.scryptBytes
    case 'pbkdf2':
      return (method.iterations * pbkdf2Blocks(method)) / ONE_HASH.pbkdf2Iterations[method.digest]
    case 'argon2id':
    case 'argon2i':
    case 'argon2d':
      return (method.memoryKib * method.passes) / ONE_HASH.argon2Kib
  }
}

/** A tag that is longer than the digest costs all iterations again for each further block. */
export function pbkdf2Blocks({ digest, tagBytes }: Pick<Pbkdf2Method, 'digest' | 'tagBytes'>): number {
  return Math.ceil(tagBytes / DIGEST_BYTES[digest])
}
