import { DomainError, isStoreAway } from '../domain/errors.ts'
import { http, lifetimes } from '../domain/limits.ts'
import { openKeyring, type Keyring, type KeyringOptions } from './keyring.ts'

/** A keyring that may still have to be read, since the store was away as the process started. */
export interface LateKeyring extends Keyring {
  /** Whether the keys have been read. Until then whatever needs one throws `store_unavailable`. */
  loaded(): boolean
  /** Ends the attempts to read them. */
  stop(): void
}

/**
 * Opens the ring; where the store is away, goes on trying and returns. Throws `store_incompatible` when the
 * master key can't open a key; `onIncompatible` is told where that turns out later.
 */
export async function openLateKeyring(
  options: KeyringOptions,
  onIncompatible: (error: DomainError) => void,
): Promise<LateKeyring> {
  let ring: Keyring | null = null
  let timer: NodeJS.Timeout | undefined

  const tryLater = (): void => {
    timer = setTimeout(() => void again(), lifetimes.keyringRetryMs)
    timer.unref()
  }
  const again = async (): Promise<void> => {
    try {
      ring = await openKeyring(options)
    } catch (error) {
      if (error instanceof DomainError && error.code === 'store_incompatible') onIncompatible(error)
      else tryLater()
    }
  }
  const loaded = (): Keyring => {
    if (ring) return ring
    throw new DomainError('store_unavailable', { retryAfterSeconds: http.retryAfterSeconds })
  }
  try {
    ring = await openKeyring(options)
  } catch (error) {
    if (!isStoreAway(error)) throw error
    tryLater()
  }
  return {
    get algorithm() {
      return ring?.algorithm ?? options.algorithm
    },
    refresh: () => ring?.refresh(),
    reload: async () => ring?.reload(),
    signingKey: () => loaded().signingKey(),
    verifyingKey: async (kid) => loaded().verifyingKey(kid),
    jwks: () => loaded().jwks(),
    drops: () => ring?.drops() ?? 0,
    loaded: () => ring !== null,
    stop: () => clearTimeout(timer),
  }
}
