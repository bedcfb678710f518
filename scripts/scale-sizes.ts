/**
 * Documents as the MongoDB adapter stores them, of people who do not exist, and what they weigh. They are the
 * same on every machine: whatever looks random is a hash of the number of the user.
 *
 * `node scripts/scale-sizes.ts mongodb://…` fills a database of its own with them and prints what a real
 * server makes of them; the figures that `scale-arithmetic.ts` calls "server" come from there.
 */
import { hash } from 'node:crypto'
import { Binary, BSON, MongoClient, type Document } from 'mongodb'
import { currentCost, writePhc } from '../src/crypto/phc.ts'
import { readEmail, usernameKey } from '../src/domain/keys.ts'
import { lifetimes } from '../src/domain/limits.ts'
import { plans, type CollectionPlan } from '../src/store/mongodb/schema.ts'

/** The collections whose size follows the number of users. */
export const collections = ['users', 'identifiers', 'sessions', 'audit'] as const
export type CollectionName = (typeof collections)[number]

/** What the adapter says of a collection: indexes and validator. */
export function planOf(collection: CollectionName): CollectionPlan {
  const plan = plans.find(({ name }) => name === collection)
  if (!plan) throw new Error(`The adapter has no collection ${collection}.`)
  return plan
}

/** Names of the indexes: `_id_`, then the adapter's in their order. */
function indexNames(collection: CollectionName): readonly string[] {
  return ['_id_', ...planOf(collection).indexes.map(({ name }) => name ?? 'without a name')]
}

const GIVEN = ['ada', 'grace', 'alan', 'edsger', 'barbara', 'ken', 'margaret', 'donald', 'frances', 'tony']
const FAMILY = [
  'lovelace',
  'hopper',
  'turing',
  'ng',
  'liskov',
  'thompson',
  'hamilton',
  'knuth',
  'allen',
  'li',
]
const DOMAINS = ['example.com', 'mail.example.org', 'students.university.example', 'post.example.net']
const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'ExampleApp/7.2.0 (Android 16; Pixel 9)',
]
/** A biography is made of these: nobody's is like another's, or a server would compress it to nothing. */
const WORDS =
  'old machines new gardens a very large cat music maps long walks tea chess rain stars trains bread books'.split(
    ' ',
  )
const BIO_LENGTH = 80
/** So far away that no TTL index takes them away while they are measured. */
const FIRST_AT_MS = Date.UTC(2126, 0, 1)
/** A user each half minute, about a million in a year: ids ascend as they do in life. */
const EVERY_MS = 30_000

/** What one user is in the database: `sessions` and `audit` hold one document each, whatever the load model says. */
export function sampleDocuments(number: number): Readonly<Record<CollectionName, readonly Document[]>> {
  const random = (what: string): Buffer => hash('sha256', `${what} ${number}`, 'buffer')
  const pick = <Item>(items: readonly Item[], what: string): Item => {
    const item = items[random(what).readUInt32BE() % items.length]
    if (item === undefined) throw new Error('There is nothing to pick from.')
    return item
  }
  const createdAt = FIRST_AT_MS + number * EVERY_MS
  const signedInAt = new Date(createdAt + 1000)
  const id = (what: string): Binary => uuidv7(createdAt, random(what))
  const [given, family] = [pick(GIVEN, 'given'), pick(FAMILY, 'family')]
  const username = `${given}.${family}${number}`.slice(0, 32)
  const email = `${given}.${family}${number}@${pick(DOMAINS, 'domain')}`
  const userId = id('user')
  const words = [...random('bio')].map((byte) => WORDS[byte % WORDS.length])
  const bio = number % 2 === 0 ? { bio: words.join(' ').slice(0, BIO_LENGTH) } : {}
  const user = {
    _id: userId,
    username,
    email,
    emailVerified: true,
    pendingEmail: null,
    passwordHash: writePhc({
      method: {
        ...currentCost,
        kind: 'argon2id',
        salt: random('salt').subarray(0, currentCost.saltBytes),
      },
      keyId: null,
      tag: random('tag').subarray(0, currentCost.tagBytes),
    }),
    roles: ['user'],
    status: 'active',
    locale: 'en',
    profile: JSON.stringify({ display_name: `${given} ${family}`, ...bio }),
    updatedAt: signedInAt,
    lastSignInAt: signedInAt,
    version: 2,
    epoch: 1,
    deviceEpoch: 1,
    createdAt: new Date(createdAt),
    sessionsOpened: 2,
  }
  const keys = [readEmail(email)?.key, usernameKey(username)]
  const session = {
    _id: id('session'),
    userId,
    epoch: 1,
    generation: 40,
    refreshKeyId: 1,
    rotatedAt: signedInAt,
    repeats: 0,
    authTime: signedInAt,
    deviceName: null,
    userAgent: pick(AGENTS, 'agent'),
    createdAt: signedInAt,
    lastUsedAt: signedInAt,
    expiresAt: new Date(createdAt + lifetimes.sessionAbsoluteMs),
    purgeAt: new Date(createdAt + lifetimes.sessionAbsoluteMs + lifetimes.purgeDelayMs),
  }
  const event = {
    _id: id('event'),
    at: signedInAt,
    action: 'login',
    actorId: userId,
    userId,
    requestId: uuidText(id('request')),
    detail: null,
    purgeAt: new Date(createdAt + lifetimes.auditMs),
  }
  return {
    users: [user],
    identifiers: keys.map((key) => ({ _id: key, userId })),
    sessions: [session],
    audit: [event],
  }
}

function uuidv7(at: number, random: Buffer): Binary {
  const bytes = Buffer.from(random.subarray(0, 16))
  bytes.writeUIntBE(at, 0, 6)
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6)
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8)
  return new Binary(bytes, Binary.SUBTYPE_UUID)
}

function uuidText(id: Binary): string {
  return id.toUUID().toHexString()
}

/** The mean size of a document of each collection in BSON, over so many sample users. */
export function meanBytes(samples: number): Readonly<Record<CollectionName, number>> {
  const users = Array.from({ length: samples }, (_, number) => sampleDocuments(number))
  const mean = (collection: CollectionName): number => {
    const sizes = users.flatMap((each) => each[collection]).map((each) => BSON.calculateObjectSize(each))
    return sizes.reduce((sum, each) => sum + each, 0) / sizes.length
  }
  return {
    users: mean('users'),
    identifiers: mean('identifiers'),
    sessions: mean('sessions'),
    audit: mean('audit'),
  }
}

/** Fills a database and prints, for each collection, bytes a document on disk and bytes an entry of each index. */
async function measure(url: string, users: number): Promise<void> {
  const client = new MongoClient(url)
  const db = client.db('user_management_sizes')
  await db.dropDatabase()
  for (const name of collections) {
    const { indexes, validator } = planOf(name)
    await db.createCollection(name, { validator: { $jsonSchema: validator } })
    await db.collection(name).createIndexes([...indexes])
  }
  for (let from = 0; from < users; from += 1000) {
    const batch = Array.from({ length: Math.min(1000, users - from) }, (_, index) =>
      sampleDocuments(from + index),
    )
    for (const name of collections) {
      await db.collection(name).insertMany(
        batch.flatMap((each) => each[name]),
        { writeConcern: { w: 1 } },
      )
    }
  }
  await client.db('admin').command({ fsync: 1 })
  for (const name of collections) {
    const stats = await db.command({ collStats: name, indexDetails: true })
    const perDocument = (size: number, reusable: number): string =>
      `${((size - reusable) / stats['count']).toFixed(1)} (and ${(reusable / stats['count']).toFixed(1)} free)`
    const entries = indexNames(name).map((index) => {
      const reusable = stats['indexDetails'][index]['block-manager']['file bytes available for reuse']
      return `  ${index} ${perDocument(stats['indexSizes'][index], reusable)}\n`
    })
    const disk = perDocument(stats['storageSize'], stats['freeStorageSize'])
    process.stdout.write(`${name}: ${stats['avgObjSize']} B in BSON, on disk ${disk}\n${entries.join('')}`)
  }
  await db.dropDatabase()
  await client.close()
}

if (import.meta.main) {
  const [url = 'mongodb://127.0.0.1:27017', users = '1000000'] = process.argv.slice(2)
  await measure(url, Number(users))
}
