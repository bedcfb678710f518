import { randomBytes } from 'node:crypto'

import { crypto } from '../domain/limits.ts'
import type { MasterKey } from '../domain/ports/crypto.ts'
import type { Trail } from '../domain/ports/records.ts'
import type { Keys } from './key-states.ts'
import type { KeyringOptions } from './keyring.ts'
import { loadMasterKey, replaceMasterKey, type MasterKeyFile } from './master-key.ts'
import { createSecrets, secretsOf } from './secrets.ts'
import { resealSigningKey } from './signing-key.ts'
import { changeKeys } from './signing-keys.ts'

export interface MasterKeyOptions extends Omit<KeyringOptions, 'ids' | 'secrets'> {
  readonly file: string
  /** Whether no other process can be at work on the same store. */
  readonly alone: boolean
}

/**
 * The master key file and what is sealed in the store. The file always holds every key that something stored
 * was sealed with: the new key is written into it before anything is sealed with it, and no key is taken out.
 * So a rotation may be cut off anywhere; the next call brings it to its end.
 */
export function createMasterKey(options: MasterKeyOptions): MasterKey {
  const { file, store, alone } = options
  const read = (): MasterKeyFile => loadMasterKey({ file, create: false })
  const newKey = (): Uint8Array => randomBytes(crypto.masterKeyMinBytes)
  return {
    async prepare() {
      const { keys, prepared } = read()
      if (prepared) return { kind: 'pending' }
      replaceMasterKey(file, { keys, prepared: newKey() })
      return { kind: 'prepared' }
    },
    async rotate(trail) {
      const { keys, prepared } = read()
      const { keys: stored } = await store.loadKeys()
      if (!prepared && !areSealedWith(keys[0], stored)) {
        await reseal({ keys, prepared }, trail, options)
        return { kind: 'completed' }
      }
      const next = prepared ?? (alone ? newKey() : null)
      if (!next) return { kind: 'unprepared' }
      const rotated: MasterKeyFile = { keys: [next, ...keys], prepared: null }
      replaceMasterKey(file, rotated)
      await reseal(rotated, trail, options)
      return { kind: 'rotated' }
    },
  }
}

/** Seals what an older key has sealed with the first one. Other nodes need not read it again. */
async function reseal(file: MasterKeyFile, trail: Trail, options: MasterKeyOptions): Promise<void> {
  const secrets = secretsOf(file)
  await changeKeys<never>((keys) => ({ keys: keys.map((key) => resealSigningKey(key, secrets)) }), trail, {
    ...options,
    secrets,
  })
}

function areSealedWith(masterKey: Uint8Array, stored: Keys): boolean {
  const secrets = createSecrets(masterKey)
  return stored.every(({ kid, sealedPrivate }) => secrets.open('keys', kid, sealedPrivate) !== null)
}
