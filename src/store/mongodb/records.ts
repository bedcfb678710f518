/** Every collection as records in the form that both engines share; see `CopyingStore`. */
import type { Document } from 'mongodb'
import { mongodb as limits } from '../../domain/limits.ts'
import type { RecordKind, RecordPage } from '../../domain/ports/copying.ts'
import type { JsonObject } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import { ofUsers } from '../../domain/record-forms.ts'
import { bounded, type Collections, type DocumentId } from './connection.ts'
import { docs, id, idValue, integer, maybeDoc, maybeId, text, type Doc } from './documents.ts'
import { isDuplicateCode, itemErrors } from './failures.ts'
import { readRing, ringId } from './keys.ts'
import { contentOf, documentIdAt, documentIdOf, placeOf, recordOf, setupKind } from './record-documents.ts'

/** A collection in which records of a kind lie, and what of a document is one of them; null for none. */
interface Place {
  readonly collection: keyof Collections
  readonly part: (doc: Doc) => Doc | null
  /** Nothing else of the documents is read. */
  readonly projection?: Doc
  /** Whether there may be some whose user is gone, and which are nobody's therefore. */
  readonly orphans?: true
}

const whole = (doc: Doc): Doc => doc
/** The mail that a token carries, in the form of one that waits by itself. */
const carried = (doc: Doc): Doc | null => {
  const mail = maybeDoc(doc, 'mail')
  return mail && { ...mail, _id: mail['id'], userId: doc['userId'] }
}

type Walked = Exclude<RecordKind, 'signing_keys' | 'meta'>

/** Every kind but those of the one document that holds the signing keys. */
export const places: Readonly<Record<Walked, readonly Place[]>> = {
  users: [{ collection: 'users', part: whole }],
  identifiers: [{ collection: 'identifiers', part: whole }],
  sessions: [{ collection: 'sessions', part: whole }],
  one_time_tokens: [
    { collection: 'tokens', part: (doc) => (doc['kind'] === setupKind ? null : doc), orphans: true },
  ],
  setup_tokens: [{ collection: 'tokens', part: (doc) => (doc['kind'] === setupKind ? doc : null) }],
  outgoing_mails: [
    { collection: 'outbox', part: whole },
    { collection: 'tokens', part: carried, projection: { userId: 1, mail: 1 }, orphans: true },
  ],
  inbox_messages: [{ collection: 'inbox', part: whole }],
  audit_events: [{ collection: 'audit', part: whole }],
  // What has been given back whole is nothing.
  counters: [{ collection: 'counters', part: (doc) => (integer(doc, 'count') > 0 ? doc : null) }],
  deletions: [{ collection: 'deletions', part: whole }],
}

/** See `CopyingStore.readRecords`. The place: the number of the collection, and behind which document. */
export async function readRecords(
  collections: Collections,
  { kind, after, limit }: Parameters<Store['readRecords']>[0],
): Promise<RecordPage> {
  if (kind === 'signing_keys' || kind === 'meta')
    return { records: await ringRecords(collections, kind), next: null }
  const [number = '0', behind = ''] = (after ?? '0').split(/ (.*)/s)
  const at = Number(number)
  const place = places[kind][at]
  if (!place) throw new Error('This is no place of a walk.')
  const found = await collections[place.collection]
    .find(behind === '' ? {} : { _id: { $gt: documentIdAt(behind) } }, {
      ...bounded,
      ...(place.projection && { projection: place.projection }),
      batchSize: limit + 1,
    })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray()
  const parts = found.map(place.part).filter((part) => part !== null)
  const kept = place.orphans ? await withoutOrphans(collections, parts) : parts
  const last = found.length === limit ? found.at(-1) : undefined
  const following = at + 1 < places[kind].length ? `${at + 1}` : null
  return {
    records: kept.map((doc) => recordOf(kind, doc)),
    next: last ? `${at} ${placeOf(last)}` : following,
  }
}

async function withoutOrphans(collections: Collections, found: readonly Doc[]): Promise<readonly Doc[]> {
  const alive = await usersAmong(
    collections,
    found.flatMap((doc) => maybeId(doc, 'userId') ?? []),
  )
  return found.filter((doc) => {
    const userId = maybeId(doc, 'userId')
    return userId === null || alive.has(userId)
  })
}

/** Which of these users are there. */
async function usersAmong({ users }: Collections, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const named = [...new Set(ids)]
  if (named.length === 0) return new Set()
  const page = { ...bounded, projection: { _id: 1 }, batchSize: named.length + 1 }
  const found = await users.find({ _id: { $in: named.map(idValue) } }, page).toArray()
  return new Set(found.map((doc) => id(doc, '_id')))
}

/** Writes over what has the same key; several commands at once. */
export async function putRecords(
  collections: Collections,
  { kind, records }: Pick<Parameters<Store['writeRecords']>[0], 'kind' | 'records'>,
): Promise<void> {
  if (records.length === 0) return
  if (kind === 'signing_keys' || kind === 'meta') return putRing(collections, kind, records)
  const wanted = ofUsers.has(kind) ? await withUser(collections, records) : records
  const groups: (readonly JsonObject[])[] = []
  for (let from = 0; from < wanted.length; from += limits.documentsPerCopy) {
    groups.push(wanted.slice(from, from + limits.documentsPerCopy))
  }
  await Promise.all(groups.map((group) => putGroup(collections, kind, group)))
  if (kind === 'identifiers') await rememberKeys(collections, wanted)
}

async function withUser(
  collections: Collections,
  records: readonly JsonObject[],
): Promise<readonly JsonObject[]> {
  const named = records.flatMap(({ user_id: userId }) => (typeof userId === 'string' ? [userId] : []))
  const alive = await usersAmong(collections, named)
  return records.filter(({ user_id: userId }) => typeof userId !== 'string' || alive.has(userId))
}

/** Inserts, which is much cheaper, and replaces only what turns out to be there. */
async function putGroup(collections: Collections, kind: Walked, group: readonly JsonObject[]): Promise<void> {
  const [place] = places[kind]
  if (!place) return
  const collection = collections[place.collection]
  const documents = group.map((record) => ({ _id: documentIdOf(kind, record), ...contentOf(kind, record) }))
  let there: readonly (Document & { readonly _id: DocumentId })[]
  try {
    await collection.insertMany(documents, { ...bounded, ordered: false })
    return
  } catch (error) {
    const failed = itemErrors(error)
    if (!failed || ![...failed.values()].every(isDuplicateCode)) throw error
    there = documents.filter((_, at) => failed.has(at))
  }
  const updates = there.map(({ _id, ...content }) => {
    const filter = { _id, ...('userId' in content && kind === 'sessions' && { userId: content['userId'] }) }
    return { updateOne: { filter, update: overwrite(kind, content) } }
  })
  await collection.bulkWrite(updates, { ...bounded, ordered: false })
}

/** Of an identifier nothing may be left of what was there; of others a newer version's fields stay. */
function overwrite(kind: Walked, content: Document): Document {
  if (kind !== 'identifiers') return { $set: content }
  const gone = ['body', 'purgeAt'].filter((field) => !(field in content))
  return {
    $set: content,
    ...(gone.length > 0 && { $unset: Object.fromEntries(gone.map((each) => [each, 1])) }),
  }
}

/** A user's document names the idempotency key of its creation, since nothing is looked for by user there. */
async function rememberKeys({ users }: Collections, records: readonly JsonObject[]): Promise<void> {
  const updates = records.flatMap(({ key, user_id: userId }) =>
    typeof key === 'string' && key.startsWith('k:') && typeof userId === 'string'
      ? [{ updateOne: { filter: { _id: idValue(userId) }, update: { $set: { idempotencyKey: key } } } }]
      : [],
  )
  if (updates.length > 0) await users.bulkWrite(updates, { ...bounded, ordered: false })
}

async function ringRecords(
  collections: Collections,
  kind: 'signing_keys' | 'meta',
): Promise<readonly JsonObject[]> {
  const ring = await readRing(collections)
  if (!ring) return []
  if (kind === 'meta') return [{ key: 'keyring_version', value: integer(ring, 'version') }]
  return docs(ring, 'keys').map((key) => recordOf('signing_keys', key))
}

/** The keyring is one document: keys are put beside those that are there, the version over the one before. */
async function putRing(
  collections: Collections,
  kind: 'signing_keys' | 'meta',
  records: readonly JsonObject[],
): Promise<void> {
  const ring = await readRing(collections)
  const version = kind === 'meta' ? Number(records[0]?.['value']) : ring ? integer(ring, 'version') : 0
  const known = new Map((ring ? docs(ring, 'keys') : []).map((key) => [text(key, 'kid'), key]))
  if (kind === 'signing_keys') {
    for (const key of records.map((record) => contentOf('signing_keys', record))) {
      known.set(text(key, 'kid'), key)
    }
  }
  const keys = [...known.keys()].toSorted().map((kid) => known.get(kid))
  await collections.keys.updateOne({ _id: ringId }, { $set: { version, keys } }, { ...bounded, upsert: true })
}
