/**
 * The data checked against itself, read only, a stretch at a time: users, then claims, then every collection
 * of the registry, then the indexes and the count of admins. What changes meanwhile may be named though
 * nothing is wrong.
 */
import { lists } from '../../domain/limits.ts'
import type { Finding } from '../../domain/ports/administration.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import type { User } from '../../domain/user.ts'
import { adminsId, countedAdmins, readAdminCount } from './admins.ts'
import { bounded, type Collections, type DocumentId } from './connection.ts'
import { id, idText, idValue, maybeId, text, type Doc } from './documents.ts'
import { codeOf } from './failures.ts'
import { bears, claimsOf, holdersOf } from './identifiers.ts'
import { exportedRow, registry, type Holding, type Place } from './registry.ts'
import { plans } from './schema.ts'
import type { Workshop } from './sessions.ts'
import { drop } from './transactions.ts'
import { userOf } from './user-documents.ts'

const NAMESPACE_NOT_FOUND = 26

type Verified = Awaited<ReturnType<Store['verify']>>
type Name = keyof Collections

/** Where a check goes on: in which collection, behind which document. */
interface Cursor {
  readonly name: Name
  readonly after: string | null
}

/** Users and claims come first; the rest in the order of the registry. */
const order: readonly Name[] = [
  ...new Set<Name>([
    'users',
    'identifiers',
    ...registry.flatMap(({ places }) => places.map(({ collection }) => collection)),
  ]),
]

/** See `Store.verify`. */
export async function verify(
  workshop: Workshop,
  { cursor }: { readonly cursor: string | null },
): Promise<Verified> {
  const { collections } = workshop
  const { name, after } = read(cursor)
  const filter = after === null ? {} : { _id: { $gt: keyOf(after) } }
  const found = await collections[name]
    .find(filter, { ...bounded, batchSize: lists.verifyStep })
    .sort({ _id: 1 })
    .limit(lists.verifyStep)
    .toArray()
  const findings = await check(collections, name, found)
  const last = found.at(-1)
  const rest = last && found.length === lists.verifyStep ? { name, after: nameOf(last) } : following(name)
  if (rest === null) findings.push(...(await checkWhole(workshop)))
  return { checked: found.length, findings, cursor: rest && JSON.stringify(rest) }
}

function read(cursor: string | null): Cursor {
  if (cursor === null) return { name: 'users', after: null }
  const { name, after }: Partial<Record<keyof Cursor, unknown>> = JSON.parse(cursor)
  const known = order.find((one) => one === name)
  if (!known || (after !== null && typeof after !== 'string'))
    throw new Error('This is no cursor of a check.')
  return { name: known, after }
}

function following(name: Name): Cursor | null {
  const next = order[order.indexOf(name) + 1]
  return next ? { name: next, after: null } : null
}

/** The name of a document as text: an id as such, a key as it is, a hash in hexadecimal. */
function nameOf(doc: Doc): string {
  const key = doc['_id']
  if (!(key instanceof Uint8Array)) return text(doc, '_id')
  return key.length === ID_BYTES ? idText(key) : Buffer.from(key).toString('hex')
}

const ID_BYTES = 16
const HASH = /^[0-9a-f]{64}$/
const ID = /^[0-9a-f]{8}-/

/** The other way round; the keys of claims hold a colon, which neither of the others does. */
function keyOf(name: string): DocumentId {
  if (HASH.test(name)) return Buffer.from(name, 'hex')
  return ID.test(name) ? idValue(name) : name
}

async function check(collections: Collections, name: Name, found: readonly Doc[]): Promise<Finding[]> {
  if (name === 'users') return checkUsers(collections, found)
  if (name === 'identifiers') return checkClaims(collections, found)
  return checkRows(collections, name, found)
}

/** Each user holds each of its claims. */
async function checkUsers(collections: Collections, found: readonly Doc[]): Promise<Finding[]> {
  const findings: Finding[] = []
  const users: { readonly user: User; readonly claims: readonly string[] }[] = []
  for (const doc of found) {
    const claimant = readable(() => {
      const user = userOf(doc)
      return { user, claims: claimsOf(user) }
    })
    if (claimant) users.push(claimant)
    else findings.push({ kind: 'value_unreadable', where: 'users', id: nameOf(doc) })
  }
  const holders = await holdersOf(
    collections,
    users.flatMap(({ claims }) => claims),
  )
  for (const { user, claims } of users) {
    if (claims.some((key) => holders.get(key) !== user.id)) {
      findings.push({ kind: 'user_without_claim', where: 'users', id: user.id })
    }
  }
  return findings
}

/** Each claim is that of a user who bears it; what an idempotency key remembers has a user at least. */
async function checkClaims(collections: Collections, found: readonly Doc[]): Promise<Finding[]> {
  const owners = await ownersOf(collections, found, ['userId'])
  return found.flatMap((doc): Finding[] => {
    const at = { where: 'identifiers', id: nameOf(doc) }
    if (!isReadable(doc, 'identifiers')) return [{ kind: 'value_unreadable', ...at }]
    const owner = owners.get(id(doc, 'userId'))
    const user = owner && readable(() => userOf(owner))
    const finds = at.id.startsWith('k:') || !user || bears(user, at.id)
    return owner && finds ? [] : [{ kind: 'claim_without_user', ...at }]
  })
}

/** Whatever else names a user names one that is there, unless it is kept when users go. */
async function checkRows(collections: Collections, name: Name, found: readonly Doc[]): Promise<Finding[]> {
  const fields = holdingsOf(name).flatMap(({ holding }) => (holding.stays ? [] : holding.userFields))
  const owners = await ownersOf(collections, found, fields)
  return found.flatMap((doc): Finding[] => {
    const at = { where: name, id: nameOf(doc) }
    const named = readable(() => fields.map((field) => maybeId(doc, field)))
    if (!named || !isReadable(doc, name)) return [{ kind: 'value_unreadable', ...at }]
    const isLost = named.some((userId) => userId !== null && !owners.has(userId))
    return isLost ? [{ kind: 'row_without_user', ...at }] : []
  })
}

function holdingsOf(name: Name): readonly { readonly holding: Holding; readonly place: Place }[] {
  return registry.flatMap((holding) =>
    holding.places.filter(({ collection }) => collection === name).map((place) => ({ holding, place })),
  )
}

/** Whether every field of it that an export shows is what it should be, and every user id an id. */
function isReadable(doc: Doc, name: Name): boolean {
  const read = readable(() => {
    for (const { holding, place } of holdingsOf(name)) {
      exportedRow(doc, holding, place.within)
      for (const field of holding.userFields) maybeId(doc, field)
    }
    return true
  })
  return read === true
}

/** The documents of the users that these fields name, as they are. */
async function ownersOf(
  { users }: Collections,
  found: readonly Doc[],
  fields: readonly string[],
): Promise<ReadonlyMap<Id, Doc>> {
  const named = found.flatMap((doc) => fields.flatMap((field) => readable(() => maybeId(doc, field)) ?? []))
  if (named.length === 0) return new Map()
  const filter = { _id: { $in: [...new Set(named)].map(idValue) } }
  const owners = await users.find(filter, { ...bounded, batchSize: lists.verifyStep }).toArray()
  return new Map(owners.map((doc) => [id(doc, '_id'), doc]))
}

/** What is no matter of single documents. The count of admins is read along an index. */
async function checkWhole(workshop: Workshop): Promise<Finding[]> {
  const missing = await checkIndexes(workshop.collections)
  const isCountable = !missing.some(({ where, id: index }) => where === 'users' && index === 'roles')
  return isCountable ? [...missing, ...(await checkAdmins(workshop))] : missing
}

/** Every index that a start would have made: a restore that broke off has put none of them back. */
async function checkIndexes(collections: Collections): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { name, indexes } of plans) {
    const there = await namesOfIndexes(collections[name])
    for (const { name: index = '' } of indexes) {
      if (!there.has(index)) findings.push({ kind: 'index_missing', where: name, id: index })
    }
  }
  return findings
}

async function namesOfIndexes(collection: Collections[Name]): Promise<ReadonlySet<string>> {
  try {
    const found = await collection.listIndexes(bounded).toArray()
    return new Set(found.map((index) => text(index, 'name')))
  } catch (error) {
    if (codeOf(error) !== NAMESPACE_NOT_FOUND) throw error
    return new Set()
  }
}

/** The count that guards the last admin, against the admins themselves, as one moment has them. */
async function checkAdmins({ collections, transact }: Workshop): Promise<Finding[]> {
  return transact<Finding[]>('verify', async (tx) => {
    const there = await collections.users.countDocuments(countedAdmins, { ...tx, hint: { roles: 1 } })
    const right = there === (await readAdminCount(collections, tx))
    return drop(right ? [] : [{ kind: 'admin_count_wrong', where: 'meta', id: adminsId }])
  })
}

function readable<Value>(parse: () => Value): Value | null {
  try {
    return parse()
  } catch {
    return null
  }
}
