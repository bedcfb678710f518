/**
 * The arithmetic behind `docs/explain/scale.md`, for any number of users. A plan: every figure follows from an
 * assumption that is named here with its unit and where it comes from.
 */
import { currentCost } from '../src/crypto/phc.ts'
import { http, lifetimes } from '../src/domain/limits.ts'
import { meanBytes, type CollectionName } from './scale-sizes.ts'

const DAY_SECONDS = 86_400
const DAY_MS = DAY_SECONDS * 1000
const MILLION = 1_000_000
const GIB = 2 ** 30
/** Measured here and now, over a thousand sample users. */
const bsonBytes = meanBytes(1000)

/** `measured`: on our own machine; `limit`: a constant of this version; the other two are for the reader to judge. */
type Kind = 'measured' | 'estimated' | 'assumed' | 'limit'

interface Assumption {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly kind: Kind
  readonly source: string
}

const KEYCLOAK = 'what Keycloak aims at for 30 million users (keycloak#44266)'

export const assumptions = {
  logins: assume('logins at the peak', 250 / 30, 'a second per million users', 'assumed', KEYCLOAK),
  refreshes: assume('refreshes at the peak', 3000 / 30, 'a second per million users', 'assumed', KEYCLOAK),
  dailyShare: assume('users who come on a day', 0.2, 'of all users', 'assumed', 'a large consumer service'),
  growthYears: assume('time in which all of them registered', 3, 'years', 'assumed', 'steady growth'),
  sessionsPerUser: assume('sessions stored', 1.5, 'a user', 'assumed', 'a telephone, and half a computer'),
  sessionDays: assume(
    'life of a session',
    lifetimes.sessionAbsoluteMs / DAY_MS,
    'days',
    'limit',
    '`limits.ts`',
  ),
  auditPerLogin: assume('audit events', 1.2, 'a login', 'assumed', 'a refresh writes none'),
  auditDays: assume('life of an audit event', lifetimes.auditMs / DAY_MS, 'days', 'limit', '`limits.ts`'),
  apiCalls: assume('calls of your own services', 200, 'a user and day', 'assumed', 'a busy app'),
  peakFactor: assume(
    'peak of those calls',
    5,
    'times the average',
    'assumed',
    'one evening in one time zone',
  ),
  accessSeconds: assume('life of an access token', lifetimes.accessTokenSeconds, 's', 'limit', '`limits.ts`'),
  revokingShare: assume('daily users who revoke something', 0.01, 'of them', 'assumed', 'mostly signing out'),
  resourceServers: assume('servers that verify tokens', 1000, 'processes', 'assumed', 'a large company'),
  slack: assume('room on a disk', 0.3, 'of the data', 'estimated', 'holes, compaction, the operation log'),
  memoryGib: assume('memory of a data node', 128, 'GiB', 'assumed', 'a common size'),
  cacheShare: assume('its cache', 0.5, 'of the memory but 1 GiB', 'limit', "WiredTiger's default"),
  shardWritesLow: assume(
    'majority writes, careful',
    8000,
    'a second and shard',
    'estimated',
    '16 cores, NVMe',
  ),
  shardWritesHigh: assume(
    'majority writes, hopeful',
    12_000,
    'a second and shard',
    'estimated',
    '16 cores, NVMe',
  ),
  utilisation: assume(
    'cores in use at the peak',
    0.6,
    'of all',
    'assumed',
    'the rest is for queues and failures',
  ),
  abuse: assume(
    'hashes under attack',
    2,
    'times the logins',
    'assumed',
    'the rest is refused before its hash',
  ),
  refreshMs: assume(
    'CPU of a refresh, in our process',
    1000 / 1500,
    'ms',
    'measured',
    'the least code that does it',
  ),
  loginMs: assume('CPU of a login, but for its hash', 6 * 0.2, 'ms', 'measured', '6 commands of 0.2 ms'),
  mongodWriteMs: assume('CPU of a majority write, in `mongod`', 0.5, 'ms', 'measured', 'each alone'),
  dataNodeCores: assume('cores of a data node', 16, 'cores', 'assumed', 'a common size'),
  revocationBytes: assume('an entry of a revocation feed', 24, 'B', 'estimated', 'an id and a time'),
} as const satisfies Record<string, Assumption>

/** CPU of one argon2id hash, in ms; the first is what this version does. */
export const hashes = [
  { memoryMib: currentCost.memoryKib / 1024, passes: currentCost.passes, by: '`@node-rs/argon2`', cpuMs: 9 },
  { memoryMib: 19, passes: 2, by: '`node:crypto`', cpuMs: 20.7 },
  { memoryMib: 46, passes: 1, by: '`node:crypto`', cpuMs: 50 },
  { memoryMib: 64, passes: 3, by: '`node:crypto`', cpuMs: 168 },
] as const

/** CPU of one signature and one verification, in µs. */
export const signatures = [
  { algorithm: 'ES256', signUs: 20, verifyUs: 50 },
  { algorithm: 'Ed25519', signUs: 31, verifyUs: 74 },
  { algorithm: 'RS256', signUs: 236, verifyUs: 18 },
] as const

/** How many sample users the server was filled with. */
export const usersOnServer = 400_000

/**
 * What a real server (MongoDB 6.0.5, snappy) made of them, free space in its files not counted, by the names of
 * the indexes. `node scripts/scale-sizes.ts` measures it again.
 */
export const onServer: Readonly<
  Record<
    CollectionName,
    { readonly diskBytes: number; readonly entryBytes: Readonly<Record<string, number>> }
  >
> = {
  users: {
    diskBytes: 196.6,
    entryBytes: {
      _id_: 38.5,
      shard: 36.3,
      created: 47.6,
      roles: 21.8,
      lastSignIn: 47.8,
      status: 0,
      unverified: 0,
    },
  },
  identifiers: { diskBytes: 32.6, entryBytes: { _id_: 38.6, shard: 37.4, purge: 0 } },
  sessions: { diskBytes: 105.4, entryBytes: { _id_: 38.5, shard: 36.6, purge: 27.9 } },
  audit: { diskBytes: 96.1, entryBytes: { _id_: 38.5, shard: 36.4, purge: 28, user: 58.1, actor: 58 } },
}

/** Indexes of audit events whose new entries fall anywhere and not at the end. */
const RANDOM_ORDER = ['shard', 'user', 'actor']

function assume(what: string, value: number, unit: string, kind: Kind, source: string): Assumption {
  return { what, value, unit, kind, source }
}

/** Documents of each collection a user; audit events are counted by time and not here. */
const PER_USER: readonly (readonly [CollectionName, number])[] = [
  ['users', 1],
  ['identifiers', 2],
  ['sessions', assumptions.sessionsPerUser.value],
]

/** What one user takes: a line for each collection, and their sum. */
export function userBytes() {
  const lines = PER_USER.map(([collection, documents]) => {
    const { diskBytes, entryBytes } = onServer[collection]
    const bson = bsonBytes[collection]
    return {
      collection,
      documents,
      bson,
      disk: diskBytes,
      bsonPerUser: bson * documents,
      diskPerUser: diskBytes * documents,
      indexPerUser: sum(Object.values(entryBytes)) * documents,
    }
  })
  const total = {
    bson: sum(lines.map((line) => line.bsonPerUser)),
    disk: sum(lines.map((line) => line.diskPerUser)),
    index: sum(lines.map((line) => line.indexPerUser)),
  }
  return { lines, total }
}

/** What one audit event takes on a disk, its index entries included; and of those, what lies in random order. */
export function auditBytes() {
  const { diskBytes, entryBytes } = onServer.audit
  const random = Object.entries(entryBytes).filter(([name]) => RANDOM_ORDER.includes(name))
  return {
    bson: bsonBytes.audit,
    disk: diskBytes + sum(Object.values(entryBytes)),
    random: sum(random.map(([, each]) => each)),
  }
}

/** Everything that follows for so many users. Rates are a second, sizes in bytes and of one full replica. */
export function plan(users: number) {
  const load = loadOf(users)
  const storage = storageOf(users)
  const byWrites = [assumptions.shardWritesHigh.value, assumptions.shardWritesLow.value].map((each) =>
    Math.ceil(load.writes / each),
  )
  const byMemory = Math.ceil(storage.workingSet / storage.cache)
  const shards = Math.max(byMemory, ...byWrites)
  return { users, load, storage, shards: { byMemory, byWrites, chosen: shards, nodes: shards * 3 } }
}

function loadOf(users: number) {
  const { value: sessionDays } = assumptions.sessionDays
  const logins = (users / MILLION) * assumptions.logins.value
  const refreshes = (users / MILLION) * assumptions.refreshes.value
  const averageLogins = (users * assumptions.sessionsPerUser.value) / (sessionDays * DAY_SECONDS)
  const registrations = users / (assumptions.growthYears.value * 365 * DAY_SECONDS)
  return {
    logins,
    refreshes,
    averageLogins,
    registrations,
    dailyUsers: users * assumptions.dailyShare.value,
    /** A login reads claim and user, and writes user, session and event; a refresh reads and writes once. */
    reads: logins * 2 + refreshes,
    writes: logins * 3 + refreshes,
    auditEventsPerDay: averageLogins * assumptions.auditPerLogin.value * DAY_SECONDS,
  }
}

function storageOf(users: number) {
  const { total } = userBytes()
  const documents = users * total.bson
  const documentsOnDisk = users * total.disk
  const indexBytes = users * total.index
  return {
    documents,
    documentsOnDisk,
    indexes: indexBytes,
    replica: (documentsOnDisk + indexBytes) * (1 + assumptions.slack.value),
    workingSet: indexBytes + documents * assumptions.dailyShare.value,
    cache: (assumptions.memoryGib.value - 1) * assumptions.cacheShare.value * GIB,
  }
}

/** Cores for hashing at the peak, and under attack. */
export function hashingCores(
  users: number,
  cpuMs: number,
): { readonly peak: number; readonly attack: number } {
  const busy = (loadOf(users).logins * cpuMs) / 1000 / assumptions.utilisation.value
  return { peak: Math.ceil(busy), attack: Math.ceil(busy * assumptions.abuse.value) }
}

/** Cores for everything else that a process of ours does; one process uses about one. */
export function requestCores(users: number): number {
  const { logins, refreshes } = loadOf(users)
  const busy = (refreshes * assumptions.refreshMs.value + logins * assumptions.loginMs.value) / 1000
  return Math.ceil(busy / assumptions.utilisation.value)
}

/** Signing here; verifying in the services that get the tokens. */
export function tokens(users: number) {
  const { logins, refreshes, dailyUsers, reads, writes } = loadOf(users)
  const issued = logins + refreshes
  const calls = (dailyUsers * assumptions.apiCalls.value) / DAY_SECONDS
  const callsAtPeak = calls * assumptions.peakFactor.value
  return {
    issued,
    calls,
    callsAtPeak,
    signCores: (us: number) => (issued * us) / MILLION,
    verifyCores: (us: number) => (callsAtPeak * us) / MILLION,
    jwksRequests: assumptions.resourceServers.value / http.staticMaxAgeSeconds,
    /** Asking us on each call instead: two reads each, against all that the database does. */
    introspectionFactor: (callsAtPeak * 2) / (reads + writes),
  }
}

/** How late another service learns of a revocation, and what a feed of them would take. */
export function revocation(users: number) {
  const perSecond = (loadOf(users).dailyUsers * assumptions.revokingShare.value) / DAY_SECONDS
  const entries = perSecond * assumptions.accessSeconds.value
  return {
    stalenessSeconds: assumptions.accessSeconds.value + lifetimes.clockSkewSeconds,
    perSecond,
    entries,
    bytes: entries * assumptions.revocationBytes.value,
  }
}

/** What is written only to be deleted: audit events of so many days. */
export function audit(users: number, days: number) {
  const { auditEventsPerDay } = loadOf(users)
  const { disk, random } = auditBytes()
  const events = auditEventsPerDay * days
  return { events, disk: events * disk, randomIndexes: events * random }
}

/** Every session ends some day, and so does every event: a row written is a row deleted. */
export function deletesPerSecond(users: number): { readonly sessions: number; readonly events: number } {
  const { averageLogins, auditEventsPerDay } = loadOf(users)
  return { sessions: averageLogins, events: auditEventsPerDay / DAY_SECONDS }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0)
}
