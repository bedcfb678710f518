import { timingSafeEqual } from 'node:crypto'

import type { RefreshTokenParts } from '../domain/ports/crypto.ts'
import { fromBase64url } from './base64url.ts'
import { hkdf } from './hkdf.ts'
import { readUuid, writeUuid } from './uuid-bytes.ts'

/** Makes a leaked token findable by secret scanners. */
const PREFIX = 'umr_'

/**
 * key id 4 · user id 16 · session id 16 · generation 4 · secret 32: 72 bytes, so that base64url has
 * no spare bits.
 */
const USER_AT = 4
const SESSION_AT = 20
const GENERATION_AT = 36
const SECRET_AT = 40
const TOKEN_BYTES = 72
const TOKEN_LENGTH = PREFIX.length + (TOKEN_BYTES / 3) * 4

const LABEL = Buffer.from('um refresh token')

/**
 * The refresh token of a session and generation. Its secret is HKDF-SHA256 of the refresh key with the
 * session id as salt and everything else that the token says as info, so nothing of it needs to be stored.
 */
export function writeRefreshToken(key: Uint8Array, parts: RefreshTokenParts): string {
  if (!Number.isInteger(parts.generation)) throw new RangeError('a generation is an integer')
  const bytes = Buffer.alloc(TOKEN_BYTES)
  bytes.writeUInt32BE(parts.keyId, 0)
  writeUuid(bytes, parts.userId, USER_AT)
  writeUuid(bytes, parts.sessionId, SESSION_AT)
  bytes.writeUInt32BE(parts.generation, GENERATION_AT)
  bytes.set(secretFor(key, bytes), SECRET_AT)
  return PREFIX + bytes.toString('base64url')
}

/**
 * Takes a token of ours apart; null unless every bit of it is as `writeRefreshToken` wrote it with that key.
 */
export function readRefreshToken(
  keyOf: (keyId: number) => Uint8Array | null,
  token: string,
): RefreshTokenParts | null {
  if (token.length !== TOKEN_LENGTH || !token.startsWith(PREFIX)) return null
  const bytes = fromBase64url(token.slice(PREFIX.length))
  const keyId = bytes?.readUInt32BE(0) ?? 0
  const key = keyOf(keyId)
  if (!bytes || !key || !timingSafeEqual(secretFor(key, bytes), bytes.subarray(SECRET_AT))) return null
  return {
    keyId,
    userId: readUuid(bytes, USER_AT),
    sessionId: readUuid(bytes, SESSION_AT),
    generation: bytes.readUInt32BE(GENERATION_AT),
  }
}

function secretFor(key: Uint8Array, bytes: Buffer): Uint8Array {
  const salt = bytes.subarray(SESSION_AT, GENERATION_AT)
  const info = Buffer.concat([LABEL, bytes.subarray(0, SESSION_AT), bytes.subarray(GENERATION_AT, SECRET_AT)])
  return hkdf(key, { salt, info, length: TOKEN_BYTES - SECRET_AT })
}
