import { crypto } from '../domain/limits.ts'
import type { Argon2Task } from './argon2-worker.ts'

/** The cost of new hashes: the argon2id row of OWASP ASVS 5.0 appendix C with m = 19 MiB (security P6). */
export const currentCost = { memoryKib: 19_456, passes: 2, lanes: 1, saltBytes: 16, tagBytes: 32 } as const

const bounds = crypto.phc

const COST = 'm=([1-9]\\d{0,9}),t=([1-9]\\d{0,9}),p=([1-9]\\d{0,2})'
const BASE64 = '[A-Za-z0-9+/]'
const FORM = new RegExp(
  `^\\$argon2id\\$v=19\\$${COST}(?:,keyid=(${BASE64}{11}))?\\$(${BASE64}+)\\$(${BASE64}+)$`,
)

/** A stored hash, taken apart: everything that computes its tag again, and the tag. */
export interface StoredHash extends Omit<Argon2Task, 'password' | 'tagBytes' | 'secret'> {
  readonly tag: Uint8Array
  /** Which pepper went into it; null for none. */
  readonly keyId: string | null
}

/** The PHC string of an argon2id hash, version 19 (P-H-C string format; base64 without padding). */
export function writePhc(stored: StoredHash): string {
  const cost = `m=${stored.memoryKib},t=${stored.passes},p=${stored.lanes}`
  const keyId = stored.keyId === null ? '' : `,keyid=${stored.keyId}`
  return `$argon2id$v=19$${cost}${keyId}$${base64(stored.salt)}$${base64(stored.tag)}`
}

/**
 * Reads what `writePhc` writes, and the same form from elsewhere; `keyid` names the pepper. Null for another
 * algorithm or version, for a cost outside the bounds (m 8 KiB a lane to 256 MiB, t 1 to 10, p 1 to 8), and
 * for base64 that is not canonical.
 */
export function readPhc(text: string): StoredHash | null {
  const [, m, t, p, keyId, saltText, tagText] = (text.length <= bounds.maxLength && FORM.exec(text)) || []
  const salt = fromBase64(saltText)
  const tag = fromBase64(tagText)
  if (!salt || !tag) return null
  const stored = {
    memoryKib: Number(m),
    passes: Number(t),
    lanes: Number(p),
    salt,
    tag,
    keyId: keyId ?? null,
  }
  const sizes = { ...stored, saltBytes: salt.length, tagBytes: tag.length }
  const within = (['memoryKib', 'passes', 'lanes', 'saltBytes', 'tagBytes'] as const).every((name) => {
    const [least, most] = bounds[name]
    return sizes[name] >= least && sizes[name] <= most
  })
  // RFC 9106 section 3.1: at least 8 KiB a lane.
  return within && stored.memoryKib >= 8 * stored.lanes ? stored : null
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

function fromBase64(text: string | undefined): Uint8Array | null {
  if (text === undefined) return null
  const bytes = Buffer.from(text, 'base64')
  return base64(bytes) === text ? bytes : null
}
