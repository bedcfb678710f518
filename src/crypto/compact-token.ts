import { fromBase64url } from './base64url.ts'

/** SHA-256 in base64url: the form of every `kid` of ours (RFC 7638). */
const KID = /^[A-Za-z0-9_-]{43}$/

/** What has to be known of a token before its signature is checked. */
export interface CompactToken {
  readonly kid: string
  readonly signatureBytes: number
}

/**
 * Looks at a JWS in compact form (RFC 7515 section 7.1) before jose does, since jose's decoder takes padding,
 * white space and spare bits. Null for anything but three parts in canonical base64url, and for a header with
 * other members than ours: `crit`, `jku`, `jwk`, `x5c` lead nowhere (RFC 8725 section 3.10).
 */
export function readCompactToken(token: string): CompactToken | null {
  const [header, payload, signature, ...more] = token.split('.', 4).map(fromBase64url)
  if (!header || !payload || !signature || more.length > 0) return null
  const kid = kidOf(header)
  return kid === null ? null : { kid, signatureBytes: signature.length }
}

/** `alg` and `typ` are judged by jose, with the key that the `kid` names. */
function kidOf(header: Buffer): string | null {
  try {
    const value: unknown = JSON.parse(header.toString('utf8'))
    if (typeof value !== 'object' || value === null || !('kid' in value)) return null
    const ours = Object.keys(value).toSorted().join() === 'alg,kid,typ'
    return ours && typeof value.kid === 'string' && KID.test(value.kid) ? value.kid : null
  } catch {
    return null
  }
}
