import type { StoredKey, Trail } from '../../domain/ports/records.ts'
import type { Stale } from '../../domain/ports/store.ts'
import { atOnce, type Database } from './connection.ts'
import { readFact, writeFact } from './meta.ts'
import { bytes, integer, jsonObject, maybeInteger, oneOf, text, type Row } from './rows.ts'
import { record } from './trail.ts'

export const sql = {
  all: `SELECT kid, algorithm, state, public_jwk, sealed_private, created_at, activated_at, retires_at
    FROM signing_keys ORDER BY kid`,
  clear: 'DELETE FROM signing_keys',
  insert: `INSERT INTO signing_keys
      (kid, algorithm, state, public_jwk, sealed_private, created_at, activated_at, retires_at)
    VALUES (:kid, :algorithm, :state, :publicJwk, :sealedPrivate, :createdAt, :activatedAt, :retiresAt)`,
} as const

export interface Keyring {
  readonly version: number
  readonly keys: readonly StoredKey[]
}

/** See `Store.loadKeys`. */
export function loadKeys(db: Database): Keyring {
  return atOnce(db, () => ({ version: keyringVersion(db), keys: db.all(sql.all).map(key) }))
}

/** See `Store.swapKeys`. */
export function swapKeys(
  db: Database,
  swap: { readonly expectVersion: number; readonly keys: readonly StoredKey[] },
  trail: Trail,
): { readonly kind: 'swapped' } | Stale {
  if (keyringVersion(db) !== swap.expectVersion) return { kind: 'stale' }
  writeFact(db, 'keyring_version', swap.expectVersion + 1)
  db.run(sql.clear)
  for (const one of swap.keys) {
    db.run(sql.insert, {
      kid: one.kid,
      algorithm: one.algorithm,
      state: one.state,
      publicJwk: JSON.stringify(one.publicJwk),
      sealedPrivate: one.sealedPrivate,
      createdAt: one.createdAt,
      activatedAt: one.activatedAt,
      retiresAt: one.retiresAt,
    })
  }
  record(db, trail)
  return { kind: 'swapped' }
}

function keyringVersion(db: Database): number {
  return readFact(db, 'keyring_version') ?? 0
}

function key(row: Row): StoredKey {
  return {
    kid: text(row, 'kid'),
    algorithm: text(row, 'algorithm'),
    state: oneOf(row, 'state', ['next', 'active', 'retired']),
    publicJwk: jsonObject(row, 'public_jwk'),
    sealedPrivate: bytes(row, 'sealed_private'),
    createdAt: integer(row, 'created_at'),
    activatedAt: maybeInteger(row, 'activated_at'),
    retiresAt: maybeInteger(row, 'retires_at'),
  }
}
