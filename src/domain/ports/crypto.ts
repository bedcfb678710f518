import type { StoredKey, Trail } from './records.ts'
import type { Id, JsonObject, Ms } from './runtime.ts'

/** Password hashing, in its own threads behind a bounded queue. */
export interface Passwords {
  /**
   * Hashes a prepared password to a PHC string (argon2id, m=19456, t=2, p=1).
   * Throws `overloaded` when the queue is full. `gone` drops it while it still waits.
   */
  hash(password: string, gone?: AbortSignal): Promise<string>
  /**
   * Compares a password, as it was presented, with a stored hash: an argon2id one in its prepared form, one
   * of another kind as it is, since that is what the former system has hashed. Null costs exactly one hash
   * too and is false, so that a stranger costs what a user costs (ASVS 6.3.8); only a hash of another kind
   * costs what that kind does. Throws `overloaded` when the queue is full.
   */
  verify(password: string, stored: string | null, gone?: AbortSignal): Promise<boolean>
  /** Throws `overloaded` while the queue is full: before a caller has cost anything else. */
  requireRoom(): void
  /** Whether a stored hash is of another kind or cost than new ones are, or has another pepper or none. */
  isOutdated(stored: string): boolean
  /**
   * The text to store for a hash that another program has made, whatever its spelling of that (see
   * docs/reference/password-hashes.md). Null for anything that could not be verified here: another algorithm,
   * a cost out of bounds, a pepper that is not ours, or no hash at all. Computes nothing.
   */
  importable(text: string): string | null
  /** Whether the password, as given or in lower case, is on the lists of passwords to refuse. */
  isCommon(password: string): boolean
}

/** What an access token says (RFC 9068); times in seconds. */
export interface AccessClaims {
  readonly userId: Id
  readonly sessionId: Id
  readonly authTimeSeconds: number
  readonly issuedAtSeconds: number
  readonly expiresAtSeconds: number
}

/** What is signed into an access token; issuer, audience, times and `jti` are added. */
export interface NewAccessToken {
  readonly userId: Id
  readonly sessionId: Id
  readonly authTime: Ms
  readonly roles: readonly string[]
  /** The user's permissions, space separated. */
  readonly scope: string
}

/** Minting and verifying of access tokens. */
export interface AccessTokens {
  /** Signs an access token (JWT, `typ: at+jwt`) with the active key; it lives `expiresInSeconds`. */
  issue(claims: NewAccessToken): Promise<{ token: string; expiresInSeconds: number }>
  /**
   * Checks form, key, signature, type, issuer, audience and times. Throws `token_invalid` or
   * `token_expired`.
   */
  verify(token: string): Promise<AccessClaims>
  /**
   * The public keys for `/.well-known/jwks.json`: next, active and retired ones that may still verify. Never
   * older than the time after which the ring is read again, unless the store is away.
   */
  jwks(): Promise<{ readonly keys: readonly JsonObject[] }>
  /** The algorithm that signs, for discovery documents. */
  readonly algorithm: string
}

/** A signing key as an operator may see it: nothing of it is secret. */
export type SigningKeyInfo = Omit<StoredKey, 'publicJwk' | 'sealedPrivate'>

/** The signing keys, as an operator deals with them. Other nodes follow within a minute. */
export interface SigningKeys {
  /** As stored, the active one first. */
  list(): Promise<readonly SigningKeyInfo[]>
  /**
   * The next key signs from now on, the active one only verifies, and a new next one is published. Before
   * the next key has been published long enough for every service to know it, it is `too_early`, unless
   * `force` is set.
   */
  rotate(
    how: { readonly force: boolean },
    trail: Trail,
  ): Promise<
    | { readonly kind: 'rotated'; readonly keys: readonly SigningKeyInfo[] }
    | { readonly kind: 'too_early'; readonly readyAt: Ms }
  >
  /**
   * Takes a compromised key out at once: what it signed is refused from now on. Where it was the active one
   * the next one signs.
   */
  drop(
    key: { readonly kid: string },
    trail: Trail,
  ): Promise<
    { readonly kind: 'dropped'; readonly keys: readonly SigningKeyInfo[] } | { readonly kind: 'not_found' }
  >
}

/** The file of the master key, from which all other secrets come, as an operator deals with it. */
export interface MasterKey {
  /**
   * Adds a key that opens and does not seal yet: for several nodes, each of which gets the file and is
   * started again before `rotate`. `pending`: there is one already. Throws `start_refused` where the file
   * can't be replaced.
   */
  prepare(): Promise<{ readonly kind: 'prepared' | 'pending' }>
  /**
   * The prepared key seals from now on (or a new one, where one process alone has the store), and the signing
   * keys are sealed with it. The older keys go on opening. `completed`: a rotation that was cut off has been
   * brought to its end, and nothing else was done. `unprepared`: other nodes may not know the key yet. Throws
   * `start_refused` as above, `store_incompatible` for another master key.
   */
  rotate(trail: Trail): Promise<{ readonly kind: 'rotated' | 'completed' | 'unprepared' }>
}

/** What a refresh token carries beside its secret. */
export interface RefreshTokenParts {
  readonly keyId: number
  readonly userId: Id
  readonly sessionId: Id
  readonly generation: number
}

/** What a device token carries beside its MAC. */
export interface DeviceTokenParts {
  readonly userId: Id
  readonly deviceId: Id
  readonly issuedAt: Ms
  /** The user's device epoch: signing out everywhere makes every device a stranger. */
  readonly deviceEpoch: number
}

/** What is sealed; each purpose has a key of its own. */
export type SealPurpose = 'outbox' | 'inbox' | 'keys' | 'cursor'

/** Random and derived secrets; everything here comes from the master key or the system's random source. */
export interface Secrets {
  /** A 256-bit random one-time token (base64url, 43 characters) and the SHA-256 under which it is stored. */
  newOneTimeToken(): { token: string; hash: Uint8Array }
  /** The stored form of a presented token; null for a text that can't be one. */
  hashOneTimeToken(token: string): Uint8Array | null
  /** SHA-256 of an id in its canonical text: what is left of a deleted user in the deletion ledger. */
  hashId(id: Id): Uint8Array
  /** The key id with which new sessions derive their refresh secrets. */
  readonly refreshKeyId: number
  /** The one refresh token of this session and generation: asking twice gives the same text. */
  refreshToken(parts: RefreshTokenParts): string
  /**
   * Recomputes the secret and compares it in constant time before any read; null for anything but our own
   * token.
   */
  openRefreshToken(token: string): RefreshTokenParts | null
  /** AES-256-GCM with a key of its own per purpose; `id` is additional data. */
  seal(purpose: SealPurpose, id: string, plain: string): Uint8Array
  /** The plain text, or null when it was sealed with another key, id or purpose, or was altered. */
  open(purpose: SealPurpose, id: string, sealed: Uint8Array): string | null
  /** HMAC-SHA256 with a key of its own per purpose. */
  mac(purpose: 'idempotency' | 'counters', text: string): Uint8Array
  /** A token by which a device is known again; nothing of it is stored. */
  deviceToken(parts: DeviceTokenParts): string
  /** Compares in constant time, before any read; null for anything but our own token. */
  openDeviceToken(token: string): DeviceTokenParts | null
}
