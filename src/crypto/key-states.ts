/** What becomes of the signing keys at each event. Pure, and the one place that decides it. */
import { http, lifetimes } from '../domain/limits.ts'
import type { StoredKey } from '../domain/ports/records.ts'
import type { Ms } from '../domain/ports/runtime.ts'

export type Keys = readonly StoredKey[]
type State = StoredKey['state']

/**
 * How long a retired key goes on verifying: another node may sign with it until it reads the ring again, and
 * what it signed then lives its whole life, skew included (security: section 5.4).
 */
const RETIRED_MS =
  lifetimes.signingKeyReloadMs + (lifetimes.accessTokenSeconds + lifetimes.clockSkewSeconds) * 1000

/**
 * How long a key is published before it signs: another node may hand out a key set without it until it reads
 * the ring again, and a service keeps that one for as long as it may be cached.
 */
const PUBLISHED_MS = lifetimes.signingKeyReloadMs + http.staticMaxAgeSeconds * 1000

/** Whether what this key signed is still accepted. */
export function mayVerify(key: Pick<StoredKey, 'state' | 'retiresAt'>, now: Ms): boolean {
  return key.state !== 'retired' || (key.retiresAt !== null && now < key.retiresAt)
}

/** From when on every service can know the next key. */
export function readyAt(keys: Keys, now: Ms): Ms {
  return (keys.find(inState('next'))?.createdAt ?? now) + PUBLISHED_MS
}

/** A start: another algorithm than that of the active key retires it, and makes new keys at once. */
export function started(keys: Keys, algorithm: string, now: Ms): Keys {
  return (
    withoutExpired(keys, now)
      // A `next` key has signed nothing, so one of another algorithm can go at once.
      .filter((key) => key.state !== 'next' || key.algorithm === algorithm)
      .map((key) => (key.state === 'active' && key.algorithm !== algorithm ? retired(key, now) : key))
  )
}

/** The ring was read again: keys that have run out leave, and an active one that is old enough is rotated. */
export function upheld(keys: Keys, now: Ms): Keys {
  const kept = withoutExpired(keys, now)
  const active = kept.find(inState('active'))
  const signsSince = active && (active.activatedAt ?? active.createdAt)
  const due = signsSince !== undefined && now - signsSince >= lifetimes.signingKeyRotationMs
  return due && now >= readyAt(kept, now) ? rotated(kept, now) : kept
}

/** A rotation: the next key signs, the active one only verifies. */
export function rotated(keys: Keys, now: Ms): Keys {
  return withoutExpired(keys, now).map((key) => {
    if (key.state === 'active') return retired(key, now)
    return key.state === 'next' ? activated(key, now) : key
  })
}

/** A compromise: the key is gone; where it was the active one, the next one signs. Null for an unknown id. */
export function dropped(keys: Keys, kid: string, now: Ms): Keys | null {
  const gone = keys.find((key) => key.kid === kid)
  if (!gone) return null
  const kept = keys.filter((key) => key !== gone)
  if (gone.state !== 'active') return kept
  return kept.map((key) => (key.state === 'next' ? activated(key, now) : key))
}

/** The states for which a key has to be made, so that one signs and one is ready to. */
export function missing(keys: Keys): readonly State[] {
  return (['active', 'next'] as const).filter((state) => !keys.some(inState(state)))
}

function withoutExpired(keys: Keys, now: Ms): Keys {
  return keys.filter((key) => mayVerify(key, now))
}

function retired(key: StoredKey, now: Ms): StoredKey {
  return { ...key, state: 'retired', retiresAt: now + RETIRED_MS }
}

function activated(key: StoredKey, now: Ms): StoredKey {
  return { ...key, state: 'active', activatedAt: now }
}

function inState(state: State): (key: StoredKey) => boolean {
  return (key) => key.state === state
}
