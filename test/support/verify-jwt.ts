import { createPublicKey, verify, type webcrypto } from 'node:crypto'

/** WebCrypto and jose have no part in this: a second opinion on every token (RFC 7515 section 5.2, RFC 7519). */
const algorithms: Readonly<Record<string, { kty: string; hash: string | null }>> = {
  ES256: { kty: 'EC', hash: 'sha256' },
  RS256: { kty: 'RSA', hash: 'sha256' },
  Ed25519: { kty: 'OKP', hash: null },
  EdDSA: { kty: 'OKP', hash: null },
}

export interface PublishedKey extends webcrypto.JsonWebKey {
  readonly kid?: string
}

/** The header and claims of a token that one of the keys signed; throws for any other. Times are not looked at. */
export function verifyJwt(
  token: string,
  keys: readonly PublishedKey[],
): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const parts = token.split('.')
  const [header, claims] = parts.slice(0, 2).map((part) => decode(part))
  const algorithm = algorithms[String(header?.['alg'])]
  const key = keys.find((candidate) => candidate.kid === header?.['kid'])
  if (parts.length !== 3 || !header || !claims || !key || !algorithm) throw new Error('no key')
  if (key.kty !== algorithm.kty) throw new Error('the key is of another kind')
  const signed = Buffer.from(`${parts[0]}.${parts[1]}`)
  const publicKey = createPublicKey({ key, format: 'jwk' })
  const how = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  const right = verify(algorithm.hash, signed, how, Buffer.from(parts[2] ?? '', 'base64url'))
  if (!right) throw new Error('the signature is wrong')
  return { header, claims }
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
}
