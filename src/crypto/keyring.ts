import { DomainError } from '../domain/errors.ts'
import { crypto, lifetimes } from '../domain/limits.ts'
import type { Secrets } from '../domain/ports/crypto.ts'
import type { Clock, Ids, JsonObject, Log, Ms } from '../domain/ports/runtime.ts'
import type { StoredKey, Trail } from '../domain/ports/records.ts'
import type { Store } from '../domain/ports/store.ts'
import { mayVerify, missing, started, upheld, type Keys } from './key-states.ts'
import { openSigningKey, withMissing, type RingKey, type SigningAlgorithm } from './signing-key.ts'

export interface SigningKey extends RingKey {
  readonly privateKey: CryptoKey
}

/** The signing keys, in memory. Nothing but a `kid` that is in it names a key. */
export interface Keyring {
  /** The algorithm that signs. */
  readonly algorithm: string
  /** Reads the ring again where that is due; resolves at once where it is not. Never rejects. */
  refresh(): Promise<void> | undefined
  /** Reads the ring again now, since this process has changed it. Never rejects. */
  reload(): Promise<void>
  /** The key that signs now. */
  signingKey(): SigningKey
  /**
   * The key of this id that may still verify; null for any other. Reads the ring again for an unknown id, and
   * for the next key, whose use tells that it signs by now.
   */
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

type Stored = Awaited<ReturnType<Store['loadKeys']>>

/** The ring as it was last read, and how often a key has left it. */
interface Held {
  ring: Ring
  drops: number
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
  const { clock, log } = options
  const held: Held = { ring: await settle(options), drops: 0 }
  let readAt = clock.now()
  let unknownAt: Ms = -Infinity
  let reading: Promise<void> | undefined

  async function read(): Promise<void> {
    readAt = clock.now()
    try {
      await readAgain(held, options)
    } catch (cause) {
      // The keys in memory go on working; the next attempt comes soon.
      readAt += lifetimes.unknownKidReloadMs - lifetimes.signingKeyReloadMs
      log.error({}, 'the signing keys could not be read again', cause)
    }
  }

  const readOnce = (): Promise<void> => (reading ??= read().finally(() => (reading = undefined)))

  function find(kid: string): RingKey | null {
    const key = held.ring.keys.get(kid)
    return key && mayVerify(key, clock.now()) ? key : null
  }

  const refresh = (): Promise<void> | undefined =>
    elapsed(clock, readAt) >= lifetimes.signingKeyReloadMs ? readOnce() : undefined

  return {
    get algorithm() {
      return held.ring.active.algorithm
    },
    refresh,
    async reload() {
      // A read that is under way may have begun before the change.
      await reading
      await readOnce()
    },
    signingKey: () => held.ring.active,
    async verifyingKey(kid) {
      const known = held.ring.keys.get(kid)
      const settled = known && known.state !== 'next'
      if (settled || elapsed(clock, unknownAt) < lifetimes.unknownKidReloadMs) return find(kid)
      unknownAt = clock.now()
      await readOnce()
      return find(kid)
    },
    jwks() {
      const now = clock.now()
      return {
        keys: [...held.ring.keys.values()].filter((key) => mayVerify(key, now)).map((key) => key.published),
      }
    },
    drops: () => held.drops,
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
    const asWanted = started(stored.keys, options.algorithm, options.clock.now())
    const wanted = await changed(stored.keys, asWanted, options)
    if (ring && !wanted) return ring
    if (wanted) await swap(stored.version, wanted, options)
  }
  throw new DomainError('store_unavailable', { detail: 'Other nodes kept changing the signing keys.' })
}

/** Follows what others have changed, and does what has become due. */
async function readAgain(held: Held, options: KeyringOptions): Promise<void> {
  const stored = await options.store.loadKeys()
  await follow(held, stored, options)
  const wanted = await changed(stored.keys, upheld(stored.keys, options.clock.now()), options)
  if (!wanted) return
  // A lost race means that another node did it.
  await swap(stored.version, wanted, options)
  await follow(held, await options.store.loadKeys(), options)
}

async function follow(held: Held, stored: Stored, options: KeyringOptions): Promise<void> {
  const { ring } = held
  if (stored.version === ring.version) return
  const next = await openRing(stored, options, ring)
  if (!next) throw new DomainError('store_incompatible', { detail: 'The keyring has no active key.' })
  if (![...ring.keys.keys()].every((kid) => next.keys.has(kid))) held.drops++
  held.ring = next
}

/** What the keys are to become, with those that are missing; null where nothing changes. */
async function changed(keys: Keys, wanted: Keys, options: KeyringOptions): Promise<Keys | null> {
  const same = keys.length === wanted.length && keys.every((key, index) => key === wanted[index])
  if (same && missing(wanted).length === 0) return null
  const { algorithm, secrets, clock } = options
  return withMissing(wanted, algorithm, { secrets, now: clock.now() })
}

/** Opens every key, those known already excepted; null where none is active. */
async function openRing(stored: Stored, options: KeyringOptions, before?: Ring): Promise<Ring | null> {
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

async function swap(expectVersion: number, keys: Keys, options: KeyringOptions): Promise<void> {
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
