import { DomainError } from '../domain/errors.ts'
import { crypto, lifetimes } from '../domain/limits.ts'
import type { Secrets } from '../domain/ports/crypto.ts'
import type { Clock, Ids, JsonObject, Log, Ms } from '../domain/ports/runtime.ts'
import type { StoredKey, Trail } from '../domain/ports/records.ts'
import type { Store } from '../domain/ports/store.ts'
import { newSigningKey, openSigningKey, type RingKey, type SigningAlgorithm } from './signing-key.ts'

/**
 * How long a retired key goes on verifying: another node may sign with it until it reads the ring again, and
 * what it signed then lives its whole life, skew included (security: section 5.4).
 */
const RETIRED_MS =
  lifetimes.signingKeyReloadMs + (lifetimes.accessTokenSeconds + lifetimes.clockSkewSeconds) * 1000

export interface SigningKey extends RingKey {
  readonly privateKey: CryptoKey
}

/** The signing keys, in memory. Nothing but a `kid` that is in it names a key. */
export interface Keyring {
  /** The algorithm that signs. */
  readonly algorithm: string
  /** Reads the ring again where that is due; resolves at once where it is not. Never rejects. */
  refresh(): Promise<void> | undefined
  /** The key that signs now. */
  signingKey(): SigningKey
  /** The key of this id that may still verify; null for any other. Reads the ring again for an unknown id. */
  verifyingKey(kid: string): Promise<RingKey | null>
  /** The public keys: next, active, and retired ones that may still verify. */
  jwks(): { readonly keys: readonly JsonObject[] }
  /** Moves when a key leaves the ring: what was verified under it must be forgotten. */
  drops(): number
}

export interface KeyringOptions {
  readonly store: Pick<Store, 'loadKeys' | 'swapKeys'>
  readonly secrets: Secrets
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  /** The algorithm of the active key; a change retires the old one. */
  readonly algorithm: SigningAlgorithm
}

interface Ring {
  readonly version: number
  readonly keys: ReadonlyMap<string, RingKey>
  readonly active: SigningKey
}

/**
 * Opens the ring, and makes or changes its keys where needed. Throws `store_incompatible` when the master key
 * can't open a key.
 */
export async function openKeyring(options: KeyringOptions): Promise<Keyring> {
  const { store, clock, log } = options
  let ring = await settle(options)
  let readAt = clock.now()
  let unknownAt: Ms = -Infinity
  let reading: Promise<void> | undefined
  let drops = 0

  async function read(): Promise<void> {
    readAt = clock.now()
    try {
      const stored = await store.loadKeys()
      if (stored.version !== ring.version) {
        const next = await openRing(stored, options, ring)
        if (!next) throw new DomainError('store_incompatible', { detail: 'The keyring has no active key.' })
        if (![...ring.keys.keys()].every((kid) => next.keys.has(kid))) drops++
        ring = next
      }
      await removeExpired(stored, options)
    } catch (cause) {
      // The keys in memory go on working; the next attempt comes soon.
      readAt += lifetimes.unknownKidReloadMs - lifetimes.signingKeyReloadMs
      log.error({}, 'the signing keys could not be read again', cause)
    }
  }

  const readOnce = (): Promise<void> => (reading ??= read().finally(() => (reading = undefined)))

  function find(kid: string): RingKey | null {
    const key = ring.keys.get(kid)
    return key && mayVerify(key, clock.now()) ? key : null
  }

  const refresh = (): Promise<void> | undefined =>
    elapsed(clock, readAt) >= lifetimes.signingKeyReloadMs ? readOnce() : undefined

  return {
    get algorithm() {
      return ring.active.algorithm
    },
    refresh,
    signingKey: () => ring.active,
    async verifyingKey(kid) {
      if (ring.keys.has(kid) || elapsed(clock, unknownAt) < lifetimes.unknownKidReloadMs) return find(kid)
      unknownAt = clock.now()
      await readOnce()
      return find(kid)
    },
    jwks() {
      void refresh()
      const now = clock.now()
      return {
        keys: [...ring.keys.values()].filter((key) => mayVerify(key, now)).map((key) => key.published),
      }
    },
    drops: () => drops,
  }
}

/**
 * Reads the ring at the start and brings it into the wanted form; whoever loses a race takes what the winner
 * made.
 */
async function settle(options: KeyringOptions): Promise<Ring> {
  for (let attempt = 0; attempt < crypto.keyringSwapAttempts; attempt++) {
    const stored = await options.store.loadKeys()
    // Opened first: a node with another master key must not change anything.
    const ring = await openRing(stored, options)
    const wanted = await wantedKeys(stored.keys, options)
    if (ring && !wanted) return ring
    if (wanted) await swap(stored.version, wanted, options)
  }
  throw new DomainError('store_unavailable', { detail: 'Other nodes kept changing the signing keys.' })
}

/** The keys as they should be, or null where they are so already. */
async function wantedKeys(
  keys: readonly StoredKey[],
  options: KeyringOptions,
): Promise<readonly StoredKey[] | null> {
  const { algorithm, clock, secrets } = options
  const now = clock.now()
  const kept = keys
    .filter((key) => key.state !== 'retired' || mayVerify(key, now))
    // A `next` key has signed nothing, so one of another algorithm can go at once.
    .filter((key) => key.state !== 'next' || key.algorithm === algorithm)
    .map((key) => (key.state === 'active' && key.algorithm !== algorithm ? retired(key, now) : key))
  const missing = (['active', 'next'] as const).filter((state) => !kept.some((key) => key.state === state))
  if (missing.length === 0 && kept.length === keys.length) return null
  const made = await Promise.all(missing.map((state) => newSigningKey(algorithm, state, { secrets, now })))
  return [...kept, ...made]
}

function retired(key: StoredKey, now: Ms): StoredKey {
  return { ...key, state: 'retired', retiresAt: now + RETIRED_MS }
}

function mayVerify(key: Pick<StoredKey, 'state' | 'retiresAt'>, now: Ms): boolean {
  return key.state !== 'retired' || (key.retiresAt !== null && now < key.retiresAt)
}

/** Opens every key, those known already excepted; null where none is active. */
async function openRing(
  stored: Awaited<ReturnType<Store['loadKeys']>>,
  options: KeyringOptions,
  before?: Ring,
): Promise<Ring | null> {
  const opened = await Promise.all(
    stored.keys.map(async (key) => {
      const known = before?.keys.get(key.kid)
      const same = known?.state === key.state && known.retiresAt === key.retiresAt
      return same ? known : await openSigningKey(key, options.secrets)
    }),
  )
  const active = opened.find((key): key is SigningKey => key.state === 'active' && key.privateKey !== null)
  return active
    ? { version: stored.version, keys: new Map(opened.map((key) => [key.kid, key])), active }
    : null
}

/** Retired keys whose last token has expired leave the store; a lost race means that another node did it. */
async function removeExpired(
  stored: Awaited<ReturnType<Store['loadKeys']>>,
  options: KeyringOptions,
): Promise<void> {
  const now = options.clock.now()
  const kept = stored.keys.filter((key) => mayVerify(key, now))
  if (kept.length < stored.keys.length) await swap(stored.version, kept, options)
}

async function swap(
  expectVersion: number,
  keys: readonly StoredKey[],
  options: KeyringOptions,
): Promise<void> {
  const { store, clock, ids, log } = options
  const count = (state: StoredKey['state']): number => keys.filter((key) => key.state === state).length
  const detail = `active ${count('active')}, next ${count('next')}, retired ${count('retired')}`
  const trail: Trail = {
    audit: {
      id: ids.next(),
      at: clock.now(),
      action: 'signing-keys',
      actorId: null,
      userId: null,
      requestId: 'keyring',
      detail,
    },
  }
  const outcome = await store.swapKeys({ expectVersion, keys }, trail)
  if (outcome.kind === 'swapped') log.info({ detail }, 'the signing keys have changed')
}

/** Also a clock that was set back makes the ring due again. */
function elapsed(clock: Clock, since: Ms): Ms {
  return Math.abs(clock.now() - since)
}
