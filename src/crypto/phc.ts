import { crypto } from '../domain/limits.ts'
import type { Argon2Method, HashMethod } from './hash-worker.ts'

/** The cost of new hashes: the argon2id row of OWASP ASVS 5.0 appendix C with m = 19 MiB (security P6). */
export const currentCost = { memoryKib: 19_456, passes: 2, lanes: 1, saltBytes: 16, tagBytes: 32 } as const

const bounds = crypto.phc

const KINDS = ['argon2id', 'argon2i', 'argon2d'] as const
const COST = 'm=([1-9]\\d{0,9}),t=([1-9]\\d{0,9}),p=([1-9]\\d{0,2})'
const BASE64 = '[A-Za-z0-9+/]'
const FORM = new RegExp(
  `^\\$(${KINDS.join('|')})\\$v=19\\$${COST}(?:,keyid=(${BASE64}{11}))?\\$(${BASE64}+)\\$(${BASE64}+)$`,
)

/** A stored hash, taken apart: how its tag is computed again, and the tag. */
export interface StoredHash<Method extends HashMethod = HashMethod> {
  readonly method: Method
  readonly tag: Uint8Array
  /** Which pepper went into it; null for none. */
  readonly keyId: string | null
}

/** The PHC string of an argon2 hash, version 19 (P-H-C string format; base64 without padding). */
export function writePhc({ method, tag, keyId }: StoredHash<Argon2Method>): string {
  const cost = `m=${method.memoryKib},t=${method.passes},p=${method.lanes}`
  const pepper = keyId === null ? '' : `,keyid=${keyId}`
  return `$${method.kind}$v=19$${cost}${pepper}$${writeBase64(method.salt)}$${writeBase64(tag)}`
}

/**
 * Reads what `writePhc` writes, and the same form from elsewhere; `keyid` names the pepper, which argon2id
 * alone may have. Null for another algorithm or version, for a cost outside the bounds (m 8 KiB a lane to 256
 * MiB, t 1 to 10, p 1 to 8, m times t to 1 GiB), and for base64 that is not canonical.
 */
export function readPhc(text: string): StoredHash<Argon2Method> | null {
  const [, name, m, t, p, keyId, saltText, tagText] =
    (text.length <= crypto.storedHashMaxLength && FORM.exec(text)) || []
  const kind = KINDS.find((each) => each === name)
  const salt = readBase64(saltText)
  const tag = readBase64(tagText)
  if (!kind || !salt || !tag || (keyId !== undefined && kind !== 'argon2id')) return null
  const cost = { memoryKib: Number(m), passes: Number(t), lanes: Number(p), tagBytes: tag.length }
  const sizes = { ...cost, saltBytes: salt.length }
  const within = (['memoryKib', 'passes', 'lanes', 'saltBytes', 'tagBytes'] as const).every((size) => {
    const [least, most] = bounds[size]
    return sizes[size] >= least && sizes[size] <= most
  })
  // RFC 9106 section 3.1: at least 8 KiB a lane.
  if (!within || cost.memoryKib < 8 * cost.lanes) return null
  if (cost.memoryKib * cost.passes > bounds.workMaxKib) return null
  return { method: { kind, salt, ...cost }, tag, keyId: keyId ?? null }
}

/** Base64 without padding. */
export function writeBase64(bytes: Uint8Array): string {
  return bytes.toBase64({ omitPadding: true })
}

/** Null for what `writeBase64` would have written differently. */
export function readBase64(text: string | undefined): Uint8Array | null {
  return canonicalBytes(text, writeBase64)
}

/** The same for base64 with padding. */
export function readPaddedBase64(text: string | undefined): Uint8Array | null {
  return canonicalBytes(text, (bytes) => bytes.toBase64())
}

function canonicalBytes(text: string | undefined, write: (bytes: Uint8Array) => string): Uint8Array | null {
  if (text === undefined) return null
  const bytes = Buffer.from(text, 'base64')
  return write(bytes) === text ? bytes : null
}
