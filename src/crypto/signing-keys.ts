import type { SigningKeys } from '../domain/ports/crypto.ts'
import type { KeyringOptions, Keyring } from './keyring.ts'

/** The signing keys for operators, on the store; the ring of this process follows at once. */
export function createSigningKeys({ store }: KeyringOptions, _ring: Keyring): SigningKeys {
  return {
    list: async () => (await store.loadKeys()).keys,
    rotate: async () => ({ kind: 'too_early', readyAt: 0 }),
    drop: async () => ({ kind: 'not_found' }),
  }
}
