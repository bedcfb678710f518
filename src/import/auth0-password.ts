import type { JsonObject, JsonValue } from '../domain/ports/runtime.ts'
import { scryptText, unknownHash } from './hash-text.ts'
import { asText } from './read-values.ts'
import { isObject } from './source-row.ts'

/** Algorithms whose hash is a text of its own, with everything that it needs. */
const WRITTEN_OUT: readonly JsonValue[] = ['argon2', 'bcrypt', 'pbkdf2']

/** The text of a hash in the form of Auth0's bulk imports. */
export function customHash(custom: JsonObject): string {
  const { algorithm = null, hash, salt } = custom
  const written = isObject(hash) && WRITTEN_OUT.includes(algorithm) ? asText(hash.value) : null
  const text = algorithm === 'scrypt' ? scrypt(custom, bytesOf(salt), bytesOf(hash)) : written
  return text ?? unknownHash(asText(algorithm))
}

/** The numbers have the defaults of Node's scrypt. */
function scrypt(custom: JsonObject, salt: Buffer | null, tag: Buffer | null): string | null {
  const { cost = 16_384, blockSize = 8, parallelization = 1 } = custom
  const logCost = Math.log2(Number(cost))
  if (!Number.isInteger(logCost) || !salt || !tag) return null
  return scryptText({ logCost, blockSize: Number(blockSize), lanes: Number(parallelization), salt, tag })
}

function bytesOf(part: JsonValue | undefined): Buffer | null {
  if (!isObject(part) || typeof part.value !== 'string') return null
  const { value, encoding = 'utf8' } = part
  return isEncoding(encoding) ? Buffer.from(value, encoding) : null
}

function isEncoding(encoding: JsonValue): encoding is 'utf8' | 'hex' | 'base64' {
  return encoding === 'utf8' || encoding === 'hex' || encoding === 'base64'
}
