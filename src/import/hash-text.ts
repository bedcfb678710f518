/** Hashes in the canonical texts, from the parts in which other programs keep them. */

/** What scrypt computes a tag from, beside the password. */
export interface ScryptParts {
  readonly logCost: number
  readonly blockSize: number
  readonly lanes: number
  readonly salt: Buffer
  readonly tag: Buffer
  /** Whether the password is brought to the normal form KC first. */
  readonly isNormalized?: boolean
}

export function scryptText({ logCost, blockSize, lanes, salt, tag, isNormalized }: ScryptParts): string {
  const form = isNormalized ? ',nf=kc' : ''
  return `$scrypt$ln=${logCost},r=${blockSize},p=${lanes}${form}$${phcBase64(salt)}$${phcBase64(tag)}`
}

/** Base64 without padding. */
function phcBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}

/** What stands for a hash that can't be written: it is told as one of a form that is not known. */
export function unknownHash(algorithm: string): string {
  return `unknown:${algorithm}`
}
