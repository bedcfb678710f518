import { randomUUID } from 'node:crypto'

// Not from 'jose' itself: loading all of it costs the start another 10 ms.
import type { JWTPayload } from 'jose'
import { JWTExpired } from 'jose/errors'
import { SignJWT } from 'jose/jwt/sign'
import { jwtVerify } from 'jose/jwt/verify'

import { DomainError } from '../domain/errors.ts'
import { http, lifetimes } from '../domain/limits.ts'
import type { AccessClaims, AccessTokens, NewAccessToken } from '../domain/ports/crypto.ts'
import type { Clock } from '../domain/ports/runtime.ts'
import { readCompactToken } from './compact-token.ts'
import type { Keyring } from './keyring.ts'
import type { RingKey } from './signing-key.ts'
import { createVerifiedCache } from './verified-cache.ts'

/** RFC 9068 section 2.1. */
const TYPE = 'at+jwt'
const CLIENT_ID = 'first-party'
const REQUIRED_CLAIMS = [
  'iss',
  'aud',
  'sub',
  'client_id',
  'exp',
  'iat',
  'jti',
  'sid',
  'auth_time',
  'roles',
  'scope',
]
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export interface AccessTokenOptions {
  readonly keyring: Keyring
  readonly clock: Clock
  /** `iss`: the public URL. */
  readonly issuer: string
  readonly audience: string
}

/**
 * Access tokens as JWTs (RFC 9068), signed and verified by jose with the keys of our ring and no others.
 * `verify` throws `token_expired` for a token that was right once, and `token_invalid` for everything else.
 */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { keyring, clock } = options
  const cache = createVerifiedCache()
  let cachedUnder = keyring.drops()

  function forgetDropped(): void {
    if (cachedUnder === keyring.drops()) return
    cachedUnder = keyring.drops()
    cache.clear()
  }

  async function verify(token: string): Promise<AccessClaims> {
    if (token.length > http.accessTokenMaxBytes) throw invalid()
    const due = keyring.refresh()
    if (due) await due
    forgetDropped()
    const known = cache.get(token, seconds(clock.now()))
    if (known) return inForce(known, clock)
    const key = await findKey(token, keyring)
    const under = keyring.drops()
    const claims = inForce(readClaims(await checkToken(token, key, options)), clock)
    // A key that was dropped in the meantime must not leave anything behind.
    forgetDropped()
    if (under === cachedUnder) cache.put(token, claims)
    return claims
  }

  return {
    issue: (claims) => issue(claims, options),
    verify,
    async jwks() {
      await keyring.refresh()
      return keyring.jwks()
    },
    get algorithm() {
      return keyring.algorithm
    },
  }
}

async function issue(
  claims: NewAccessToken,
  options: AccessTokenOptions,
): Promise<{ token: string; expiresInSeconds: number }> {
  const { keyring, clock, issuer, audience } = options
  await keyring.refresh()
  const key = keyring.signingKey()
  const issuedAt = seconds(clock.now())
  const payload = {
    iss: issuer,
    aud: audience,
    sub: claims.userId,
    client_id: CLIENT_ID,
    exp: issuedAt + lifetimes.accessTokenSeconds,
    iat: issuedAt,
    jti: randomUUID(),
    sid: claims.sessionId,
    auth_time: seconds(claims.authTime),
    roles: [...claims.roles],
    scope: claims.scope,
  }
  const header = { alg: key.algorithm, typ: TYPE, kid: key.kid }
  const token = await new SignJWT(payload).setProtectedHeader(header).sign(key.privateKey)
  return { token, expiresInSeconds: lifetimes.accessTokenSeconds }
}

async function findKey(token: string, keyring: Keyring): Promise<RingKey> {
  const compact = readCompactToken(token)
  const key = compact && (await keyring.verifyingKey(compact.kid))
  if (!key || compact.signatureBytes !== key.signatureBytes) throw invalid()
  return key
}

async function checkToken(token: string, key: RingKey, options: AccessTokenOptions): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key.publicKey, {
      algorithms: [key.algorithm],
      typ: TYPE,
      issuer: options.issuer,
      audience: options.audience,
      requiredClaims: REQUIRED_CLAIMS,
      currentDate: new Date(options.clock.now()),
      clockTolerance: lifetimes.clockSkewSeconds,
    })
    return payload
  } catch (cause) {
    // jose checks times last, after the signature and every other claim.
    throw cause instanceof JWTExpired ? new DomainError('token_expired', { cause }) : invalid(cause)
  }
}

/** The claims that jose does not know. */
function readClaims(payload: JWTPayload): AccessClaims {
  const { sub, sid, auth_time: authTime, iat, exp, client_id: clientId, jti, roles, scope } = payload
  const rest = clientId === CLIENT_ID && typeof jti === 'string' && Array.isArray(roles)
  if (!rest || typeof scope !== 'string' || !isUuid(sub) || !isUuid(sid)) throw invalid()
  if (!isTime(authTime) || !isTime(iat) || !isTime(exp)) throw invalid()
  return {
    userId: sub,
    sessionId: sid,
    authTimeSeconds: authTime,
    issuedAtSeconds: iat,
    expiresAtSeconds: exp,
  }
}

/** jose enforces `exp` only; a token from the future is no better than one from the past. */
function inForce(claims: AccessClaims, clock: Clock): AccessClaims {
  if (claims.issuedAtSeconds > seconds(clock.now()) + lifetimes.clockSkewSeconds) throw invalid()
  return claims
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

function invalid(cause?: unknown): DomainError {
  return new DomainError('token_invalid', { cause })
}
