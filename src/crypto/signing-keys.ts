import { DomainError } from '../domain/errors.ts'
import { crypto } from '../domain/limits.ts'
import type { SigningKeyInfo, SigningKeys } from '../domain/ports/crypto.ts'
import type { StoredKey, Trail } from '../domain/ports/records.ts'
import type { Ms } from '../domain/ports/runtime.ts'
import type { Keyring, KeyringOptions } from './keyring.ts'
import { dropped, readyAt, rotated, type Keys } from './key-states.ts'
import { openSigningKey, withMissing } from './signing-key.ts'

/** The signing keys for operators, on the store; the ring of this process follows at once. */
export function createSigningKeys(options: KeyringOptions, ring: Pick<Keyring, 'reload'>): SigningKeys {
  const { store, clock } = options
  const change = async <Refusal>(
    decide: (keys: Keys) => Decision<Refusal>,
    trail: Trail,
  ): Promise<Decision<Refusal>> => {
    const outcome = await changeKeys(decide, trail, options)
    if ('keys' in outcome) await ring.reload()
    return outcome
  }
  return {
    list: async () => listed((await store.loadKeys()).keys),
    async rotate({ force }, trail) {
      const outcome = await change<Ms>((keys) => {
        const now = clock.now()
        const ready = readyAt(keys, now)
        return now < ready && !force ? { refusal: ready } : { keys: rotated(keys, now) }
      }, trail)
      return 'keys' in outcome
        ? { kind: 'rotated', keys: listed(outcome.keys) }
        : { kind: 'too_early', readyAt: outcome.refusal }
    },
    async drop({ kid }, trail) {
      const outcome = await change<null>((keys) => {
        const kept = dropped(keys, kid, clock.now())
        return kept ? { keys: kept } : { refusal: null }
      }, trail)
      return 'keys' in outcome ? { kind: 'dropped', keys: listed(outcome.keys) } : { kind: 'not_found' }
    },
  }
}

/** What the keys are to become, or why they stay. */
export type Decision<Refusal> = { readonly keys: Keys } | { readonly refusal: Refusal }

/** Reads, decides and swaps, again as often as another node comes between. */
export async function changeKeys<Refusal>(
  decide: (keys: Keys) => Decision<Refusal>,
  trail: Trail,
  { store, secrets, clock, log, algorithm }: Omit<KeyringOptions, 'ids'>,
): Promise<Decision<Refusal>> {
  for (let attempt = 0; attempt < crypto.keyringSwapAttempts; attempt++) {
    const stored = await store.loadKeys()
    // Whoever has another master key must not change anything.
    await Promise.all(stored.keys.map((key) => openSigningKey(key, secrets)))
    const decision = decide(stored.keys)
    if ('refusal' in decision) return decision
    const keys = await withMissing(decision.keys, algorithm, { secrets, now: clock.now() })
    const outcome = await store.swapKeys({ expectVersion: stored.version, keys }, trail)
    if (outcome.kind === 'stale') continue
    log.info({ detail: trail.audit.detail ?? '' }, 'the signing keys have changed')
    return { keys }
  }
  throw new DomainError('store_unavailable', { detail: 'Other nodes kept changing the signing keys.' })
}

const ORDER: readonly StoredKey['state'][] = ['active', 'next', 'retired']

/** The active one first, then the next one, then the retired ones, the last one to sign first. */
function listed(keys: Keys): readonly SigningKeyInfo[] {
  return keys
    .toSorted(
      (one, other) =>
        ORDER.indexOf(one.state) - ORDER.indexOf(other.state) ||
        (other.activatedAt ?? 0) - (one.activatedAt ?? 0),
    )
    .map(({ kid, algorithm, state, createdAt, activatedAt, retiresAt }) => {
      return { kid, algorithm, state, createdAt, activatedAt, retiresAt }
    })
}
