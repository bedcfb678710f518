import { createPrivateKey, createPublicKey, KeyObject } from 'node:crypto'

import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { generateKeyPair } from 'jose/key/generate/keypair'

import { DomainError } from '../domain/errors.ts'
import type { Secrets } from '../domain/ports/crypto.ts'
import type { JsonObject, Ms } from '../domain/ports/runtime.ts'
import type { StoredKey } from '../domain/ports/records.ts'
import { missing, type Keys } from './key-states.ts'

/**
 * What `UM_SIGNING_ALGORITHM` may be; only asymmetric ones (RFC 8725 section 3.2). `EdDSA` is deprecated by
 * RFC 9864.
 */
export const signingAlgorithms = ['ES256', 'RS256', 'Ed25519'] as const
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

const RSA_BITS = 2048

/** How each algorithm is called in WebCrypto, and what its public JWK must look like (RFC 7518, RFC 8037). */
const webCrypto = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  Ed25519: { name: 'Ed25519' },
} as const
const publicForm = {
  ES256: { kty: 'EC', crv: 'P-256' },
  RS256: { kty: 'RSA', crv: undefined },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
} as const

/** A key of the ring, ready for use; the CryptoKeys are not extractable. */
export interface RingKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly state: StoredKey['state']
  readonly retiresAt: Ms | null
  /** As in the JWKS: the public members with `kid`, `alg` and `use`. */
  readonly published: JsonObject
  readonly publicKey: CryptoKey
  /** Only the active key can sign. */
  readonly privateKey: CryptoKey | null
  /** The length that a signature must have. */
  readonly signatureBytes: number
}

/** Makes a key pair; the private key leaves this function only sealed. */
async function newSigningKey(
  algorithm: SigningAlgorithm,
  state: StoredKey['state'],
  deps: { readonly secrets: Secrets; readonly now: Ms },
): Promise<StoredKey> {
  const pair = await generateKeyPair(algorithm, { modulusLength: RSA_BITS, extractable: true })
  const privateKey = KeyObject.from(pair.privateKey)
  const publicJwk = publicMembers(privateKey)
  const kid = await thumbprint(publicJwk)
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const sealedPrivate = deps.secrets.seal('keys', kid, pem)
  const activatedAt = state === 'active' ? deps.now : null
  return {
    kid,
    algorithm,
    state,
    publicJwk,
    sealedPrivate,
    createdAt: deps.now,
    activatedAt,
    retiresAt: null,
  }
}

/**
 * The keys with those that are missing: of the active key's algorithm, or where there is none, of the given
 * one.
 */
export async function withMissing(
  keys: Keys,
  algorithm: SigningAlgorithm,
  deps: { readonly secrets: Secrets; readonly now: Ms },
): Promise<Keys> {
  const active = keys.find((key) => key.state === 'active')
  const same = signingAlgorithms.find((name) => name === active?.algorithm) ?? algorithm
  const made = await Promise.all(missing(keys).map((state) => newSigningKey(same, state, deps)))
  return [...keys, ...made]
}

/**
 * Opens a stored key. Its public half is computed from the sealed private one: whoever can write to the
 * database still can't put in a key of their own. Throws `store_incompatible` when the seal or the key is not
 * ours.
 */
export async function openSigningKey(stored: StoredKey, secrets: Secrets): Promise<RingKey> {
  const { kid, state, retiresAt } = stored
  const algorithm = signingAlgorithms.find((name) => name === stored.algorithm)
  const pem = secrets.open('keys', kid, stored.sealedPrivate)
  if (pem === null || algorithm === undefined) throw unusable()
  const privateKey = createPrivateKey(pem)
  const jwk = publicMembers(privateKey)
  const { kty, crv } = publicForm[algorithm]
  if (jwk['kty'] !== kty || jwk['crv'] !== crv || (await thumbprint(jwk)) !== kid) throw unusable()
  return {
    kid,
    algorithm,
    state,
    retiresAt,
    published: { ...jwk, kid, alg: algorithm, use: 'sig' },
    publicKey: createPublicKey(privateKey).toCryptoKey(webCrypto[algorithm], false, ['verify']),
    privateKey: state === 'active' ? privateKey.toCryptoKey(webCrypto[algorithm], false, ['sign']) : null,
    signatureBytes: algorithm === 'RS256' ? RSA_BITS / 8 : 64,
  }
}

/** The same key, sealed with the master key that seals now. Throws `store_incompatible`. */
export function resealSigningKey(stored: StoredKey, secrets: Secrets): StoredKey {
  const pem = secrets.open('keys', stored.kid, stored.sealedPrivate)
  if (pem === null) throw unusable()
  return { ...stored, sealedPrivate: secrets.seal('keys', stored.kid, pem) }
}

function publicMembers(privateKey: KeyObject): Record<string, string> {
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  return Object.fromEntries(Object.entries(jwk).map(([member, value]) => [member, String(value)]))
}

/** RFC 7638, SHA-256: 43 characters of base64url. */
function thumbprint(publicJwk: Record<string, string>): Promise<string> {
  return calculateJwkThumbprint(publicJwk)
}

function unusable(): DomainError {
  return new DomainError('store_incompatible', {
    detail:
      'The master key file is not the one that this database was made with: ' +
      'put the right file back, or point UM_MASTER_KEY_FILE at it.',
  })
}
