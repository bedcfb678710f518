import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes } from 'node:crypto'

import { DomainError } from '../domain/errors.ts'
import { crypto } from '../domain/limits.ts'
import type { SealPurpose, Secrets } from '../domain/ports/crypto.ts'
import { fromBase64url } from './base64url.ts'
import { readDeviceToken, writeDeviceToken } from './device-token.ts'
import { hkdfExpand, hkdfExtract } from './hkdf.ts'
import type { MasterKeyFile } from './master-key.ts'
import { readRefreshToken, writeRefreshToken } from './refresh-token.ts'

const KEY_BYTES = 32
const ONE_TIME_TOKEN_BYTES = 32
const ONE_TIME_TOKEN_LENGTH = 43

/** Names the derivation, so that the same master key file gives unrelated keys to any other program. */
const SALT = Buffer.from('user-management master key, version 1')
/** A positive int32: both databases keep it as it is. */
const KEY_ID_BYTES = 4

/** Sealed form: version 1 · nonce 12 · cipher text · tag 16. The version names key and algorithm. */
const SEAL_VERSION = 1
const NONCE_AT = 1
const CIPHER_TEXT_AT = 13
const TAG_BYTES = 16

/**
 * Everything that comes from the master key, each purpose under a key of its own (HKDF-SHA256, RFC 5869), and
 * the random secrets. The first master key makes and seals; the older ones still open what they have made.
 * Throws `start_refused` for a master key of less than 32 bytes, and for two that can't be told apart.
 */
export function createSecrets(masterKey: Uint8Array, ...older: readonly Uint8Array[]): Secrets {
  const first = derived(masterKey)
  const all = [first, ...older.map(derived)]
  const refreshKeys = new Map(all.map(({ id, refreshKey }) => [id, refreshKey]))
  if (refreshKeys.size < all.length) {
    throw new DomainError('start_refused', {
      detail:
        'The master key file holds one key twice, or two that cannot be told apart: take one of them out.',
    })
  }
  const refreshKeyOf = (keyId: number): Uint8Array | null => refreshKeys.get(keyId) ?? null
  return {
    newOneTimeToken,
    hashOneTimeToken,
    hashId: (id) => hash('sha256', id, 'buffer'),
    refreshKeyId: first.id,
    refreshToken(parts) {
      const key = refreshKeyOf(parts.keyId)
      if (!key) throw new RangeError(`there is no refresh key ${parts.keyId}`)
      return writeRefreshToken(key, parts)
    },
    openRefreshToken: (token) => readRefreshToken(refreshKeyOf, token),
    seal: (purpose, id, plain) => seal(first.sealKeys[purpose], additionalData(purpose, id), plain),
    open(purpose, id, sealed) {
      const data = additionalData(purpose, id)
      for (const { sealKeys } of all) {
        const plain = open(sealKeys[purpose], data, sealed)
        if (plain !== null) return plain
      }
      return null
    },
    deviceToken: (parts) => writeDeviceToken(first.deviceKey, parts),
    openDeviceToken(token) {
      for (const { deviceKey } of all) {
        const parts = readDeviceToken(deviceKey, token)
        if (parts) return parts
      }
      return null
    },
    mac: (purpose, text) => createHmac('sha256', first.macKeys[purpose]).update(text).digest(),
  }
}

/** The secrets of a master key file. */
export function secretsOf({ keys: [first, ...older], prepared }: MasterKeyFile): Secrets {
  return createSecrets(first, ...(prepared ? [prepared] : []), ...older)
}

/** The keys that come from one master key. */
interface Derived {
  /** Tells it from other master keys, and nothing else of it. */
  readonly id: number
  readonly refreshKey: Uint8Array
  readonly sealKeys: Readonly<Record<SealPurpose, Uint8Array>>
  readonly macKeys: Readonly<Record<'idempotency' | 'counters', Uint8Array>>
  readonly deviceKey: Uint8Array
}

function derived(masterKey: Uint8Array): Derived {
  if (masterKey.length < crypto.masterKeyMinBytes) {
    throw new DomainError('start_refused', { detail: 'The master key must have at least 32 bytes.' })
  }
  const extracted = hkdfExtract(masterKey, SALT)
  const derive = (purpose: string, length = KEY_BYTES): Uint8Array =>
    hkdfExpand(extracted, Buffer.from(purpose), length)
  return {
    id: Buffer.from(derive('key id', KEY_ID_BYTES)).readUInt32BE() >>> 1,
    refreshKey: derive('refresh'),
    sealKeys: {
      outbox: derive('seal outbox'),
      inbox: derive('seal inbox'),
      keys: derive('seal keys'),
      cursor: derive('seal cursor'),
    },
    macKeys: { idempotency: derive('mac idempotency'), counters: derive('mac counters') },
    deviceKey: derive('device token'),
  }
}

function newOneTimeToken(): { token: string; hash: Uint8Array } {
  const bytes = randomBytes(ONE_TIME_TOKEN_BYTES)
  return { token: bytes.toString('base64url'), hash: hash('sha256', bytes, 'buffer') }
}

function hashOneTimeToken(token: string): Uint8Array | null {
  const bytes = token.length === ONE_TIME_TOKEN_LENGTH ? fromBase64url(token) : null
  return bytes && hash('sha256', bytes, 'buffer')
}

/** Purposes hold no line break, so no two pairs of purpose and id give the same bytes. */
function additionalData(purpose: SealPurpose, id: string): Buffer {
  return Buffer.from(`${purpose}\n${id}`)
}

/** AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D section 8.2.2: at most 2 ** 32 seals a key). */
function seal(key: Uint8Array, data: Buffer, plain: string): Uint8Array {
  const nonce = randomBytes(CIPHER_TEXT_AT - NONCE_AT)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(data)
  const cipherText = cipher.update(plain, 'utf8')
  const rest = cipher.final()
  return Buffer.concat([Buffer.of(SEAL_VERSION), nonce, cipherText, rest, cipher.getAuthTag()])
}

function open(key: Uint8Array, data: Buffer, sealed: Uint8Array): string | null {
  if (sealed.length < CIPHER_TEXT_AT + TAG_BYTES || sealed[0] !== SEAL_VERSION) return null
  const nonce = sealed.subarray(NONCE_AT, CIPHER_TEXT_AT)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(data).setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    const plain = decipher.update(sealed.subarray(CIPHER_TEXT_AT, -TAG_BYTES))
    return Buffer.concat([plain, decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}
