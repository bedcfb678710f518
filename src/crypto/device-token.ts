import { createHmac, timingSafeEqual } from 'node:crypto'

import type { DeviceTokenParts } from '../domain/ports/crypto.ts'
import { fromBase64url } from './base64url.ts'
import { readUuid, writeUuid } from './uuid-bytes.ts'

/** Makes a leaked token findable by secret scanners. */
const PREFIX = 'umd_'

/**
 * user id 16 · device id 16 · issued at 6 · device epoch 4 · HMAC-SHA256 32 · zero 1: 75 bytes, so that
 * base64url has no spare bits.
 */
const DEVICE_AT = 16
const ISSUED_AT = 32
const EPOCH_AT = 38
const MAC_AT = 42
const ZERO_AT = 74
const TOKEN_BYTES = 75
const TOKEN_LENGTH = PREFIX.length + (TOKEN_BYTES / 3) * 4

/** The token of a device that has signed in: says which one it is, and proves no more than that. */
export function writeDeviceToken(key: Uint8Array, parts: DeviceTokenParts): string {
  const bytes = Buffer.alloc(TOKEN_BYTES)
  writeUuid(bytes, parts.userId, 0)
  writeUuid(bytes, parts.deviceId, DEVICE_AT)
  bytes.writeUIntBE(parts.issuedAt, ISSUED_AT, EPOCH_AT - ISSUED_AT)
  bytes.writeUInt32BE(parts.deviceEpoch, EPOCH_AT)
  bytes.set(macOf(key, bytes), MAC_AT)
  return PREFIX + bytes.toString('base64url')
}

/** Null unless every bit is as `writeDeviceToken` wrote it with this key. */
export function readDeviceToken(key: Uint8Array, token: string): DeviceTokenParts | null {
  if (token.length !== TOKEN_LENGTH || !token.startsWith(PREFIX)) return null
  const bytes = fromBase64url(token.slice(PREFIX.length))
  if (!bytes || bytes[ZERO_AT] !== 0) return null
  if (!timingSafeEqual(macOf(key, bytes), bytes.subarray(MAC_AT, ZERO_AT))) return null
  return {
    userId: readUuid(bytes, 0),
    deviceId: readUuid(bytes, DEVICE_AT),
    issuedAt: bytes.readUIntBE(ISSUED_AT, EPOCH_AT - ISSUED_AT),
    deviceEpoch: bytes.readUInt32BE(EPOCH_AT),
  }
}

function macOf(key: Uint8Array, bytes: Buffer): Uint8Array {
  return createHmac('sha256', key).update(bytes.subarray(0, MAC_AT)).digest()
}
