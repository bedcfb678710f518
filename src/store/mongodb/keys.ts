/** The keyring is one document, so that it is read and replaced whole. */
import type { StoredKey, Trail } from '../../domain/ports/records.ts'
import type { Stale } from '../../domain/ports/store.ts'
import { bounded, type Collections } from './connection.ts'
import { bytes, docs, integer, jsonObject, maybeMs, ms, oneOf, text, time, type Doc } from './documents.ts'
import type { Workshop } from './sessions.ts'
import { record } from './trail.ts'
import { drop, keep } from './transactions.ts'

type Swapped = { readonly kind: 'swapped' } | Stale

export const ringId = 'keyring'

/** See `Store.loadKeys`. */
export async function loadKeys({
  keys,
}: Collections): Promise<{ readonly version: number; readonly keys: readonly StoredKey[] }> {
  const doc = await readRing({ keys })
  return doc
    ? { version: integer(doc, 'version'), keys: docs(doc, 'keys').map(key) }
    : { version: 0, keys: [] }
}

/** The document of the keyring; null before the first key. */
export async function readRing({ keys }: Pick<Collections, 'keys'>): Promise<Doc | null> {
  return keys.findOne({ _id: ringId }, bounded)
}

/** See `Store.swapKeys`. */
export async function swapKeys(
  { collections, transact }: Workshop,
  swap: { readonly expectVersion: number; readonly keys: readonly StoredKey[] },
  trail: Trail,
): Promise<Swapped> {
  return transact<Swapped>('keys', async (tx) => {
    const doc = await collections.keys.findOne({ _id: ringId }, tx)
    if ((doc ? integer(doc, 'version') : 0) !== swap.expectVersion) return drop({ kind: 'stale' })
    const stored = swap.keys.toSorted((one, other) => (one.kid < other.kid ? -1 : 1)).map(storedKey)
    const change = { $set: { version: swap.expectVersion + 1, keys: stored } }
    await collections.keys.updateOne({ _id: ringId }, change, { ...tx, upsert: true })
    await record(collections, { trail, alive: null }, tx)
    return keep({ kind: 'swapped' })
  })
}

function storedKey(one: StoredKey): Doc {
  return {
    kid: one.kid,
    algorithm: one.algorithm,
    state: one.state,
    publicJwk: JSON.stringify(one.publicJwk),
    sealedPrivate: one.sealedPrivate,
    createdAt: time(one.createdAt),
    activatedAt: one.activatedAt === null ? null : time(one.activatedAt),
    retiresAt: one.retiresAt === null ? null : time(one.retiresAt),
  }
}

function key(doc: Doc): StoredKey {
  return {
    kid: text(doc, 'kid'),
    algorithm: text(doc, 'algorithm'),
    state: oneOf(doc, 'state', ['next', 'active', 'retired']),
    publicJwk: jsonObject(doc, 'publicJwk'),
    sealedPrivate: bytes(doc, 'sealedPrivate'),
    createdAt: ms(doc, 'createdAt'),
    activatedAt: maybeMs(doc, 'activatedAt'),
    retiresAt: maybeMs(doc, 'retiresAt'),
  }
}
