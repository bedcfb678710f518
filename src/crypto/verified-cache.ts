import { hash } from 'node:crypto'

import { lifetimes } from '../domain/limits.ts'
import type { AccessClaims } from '../domain/ports/crypto.ts'

/**
 * The claims of tokens that were verified, the least recently used dropped first. The key is the SHA-256 of
 * the whole token, so two tokens never share an entry (fast-jwt CVE-2026-35039), and no token is kept in
 * memory.
 */
export interface VerifiedCache {
  /** The claims, until the second in which the token expires; then it has to be verified again. */
  get(token: string, nowSeconds: number): AccessClaims | null
  put(token: string, claims: AccessClaims): void
  clear(): void
  size(): number
}

export function createVerifiedCache(maxEntries: number = lifetimes.verifiedTokenCacheEntries): VerifiedCache {
  // A Map iterates in the order of insertion: what is used is put in again, so the first entry is the oldest.
  const entries = new Map<string, AccessClaims>()

  return {
    get(token, nowSeconds) {
      const key = keyOf(token)
      const claims = entries.get(key)
      if (!claims) return null
      entries.delete(key)
      if (nowSeconds >= claims.expiresAtSeconds) return null
      entries.set(key, claims)
      return claims
    },
    put(token, claims) {
      const [oldest] = entries.keys()
      if (entries.size >= maxEntries && oldest !== undefined) entries.delete(oldest)
      entries.set(keyOf(token), claims)
    },
    clear: () => entries.clear(),
    size: () => entries.size,
  }
}

function keyOf(token: string): string {
  return hash('sha256', token, 'base64url')
}
