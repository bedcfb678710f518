/** `docs/explain/scale.md`: every figure in it is computed by `scale-arithmetic.ts`. */
import { http, lifetimes, mongodb } from '../src/domain/limits.ts'
import {
  assumptions,
  audit,
  auditBytes,
  deletesPerSecond,
  hashes,
  hashingCores,
  onServer,
  plan,
  requestCores,
  revocation,
  signatures,
  tokens,
  userBytes,
  usersOnServer,
} from './scale-arithmetic.ts'

const SMALL = 100_000_000
const LARGE = 1_000_000_000
const RETENTIONS_DAYS = [assumptions.auditDays.value, 90, 30]

/** The page in Markdown. */
export function scaleDocument(): string {
  const parts = [
    opening(),
    result(),
    sizes(),
    load(),
    machines(),
    hashing(),
    verification(),
    housekeeping(),
    breaks(),
    given(),
    unknown(),
  ]
  return `${parts.join('\n\n')}\n`
}

function opening(): string {
  return `# 100 million users, 1 billion users

<!-- Made by scripts/generate-scale.ts with \`npm run generate\`; never edit it. -->

**This is a plan, not a claim**: arithmetic on assumptions that are all named below. Nobody has run this server with so many users. What
the test suite really runs on is the SQLite file, and MongoDB 6.0.5 as a replica set of one node and of three nodes, all on one
machine of two cores. It has **never run on a sharded cluster**, since no \`mongos\` was at hand; that every command carries its
shard key is checked on replica sets. The last lines of \`npm test\` say what your own run covered.

A figure is *measured* (on our machine), *estimated* (judged), *assumed* (put in yours) or a *limit* of this version. How to begin
with MongoDB at all is in [Grow to MongoDB](../guide/grow-to-mongodb.md).`
}

/** A line of a table with a column for each of the two sizes. */
function line(what: string, read: (users: number) => string): readonly string[] {
  return [what, read(SMALL), read(LARGE)]
}

function result(): string {
  const storageOf = (users: number): number =>
    plan(users).storage.documentsOnDisk + plan(users).storage.indexes
  const { auditDays } = assumptions
  const rows = [
    line('shards of three nodes', (users) => number(plan(users).shards.chosen)),
    line('documents and indexes, on the disks of one replica', (users) => bytes(storageOf(users))),
    line(`audit events of ${auditDays.value} days`, (users) => bytes(audit(users, auditDays.value).disk)),
    line('cores for password hashes', (users) => number(hashingCores(users, hashes[0].cpuMs).peak)),
    line('cores for everything else in our processes', (users) => number(requestCores(users))),
  ]
  return `## The result

${table(['', '100 million', '1 billion'], rows)}

The users themselves are the smaller part: hashes ask for as many cores as all the rest, and audit events for more bytes.`
}

function sizes(): string {
  const { lines, total } = userBytes()
  const rows = lines.map((each) => [
    `\`${each.collection}\``,
    number(each.documents),
    number(each.bson),
    number(each.disk),
    Object.entries(onServer[each.collection].entryBytes)
      .map(([name, entry]) => `\`${name}\` ${number(entry)}`)
      .join(', '),
    `${number(each.diskPerUser)} + ${number(each.indexPerUser)}`,
  ])
  const sums = [
    'a user',
    '',
    number(total.bson),
    number(total.disk),
    '',
    `${number(total.disk)} + ${number(total.index)}`,
  ]
  return `## Bytes

BSON sizes are measured by the driver's own library on each run of \`npm run generate\`, on a thousand made-up users. Bytes on disk and
bytes of an index entry were measured once, on a server with ${number(usersOnServer)} of these users (\`node scripts/scale-sizes.ts\` repeats it). In bytes:

${table(['collection', 'documents a user', 'BSON', 'on disk', 'an entry of each index', 'a user: on disk + indexes'], [...rows, sums])}

An index with 0 is partial: \`status\` has entries of accounts that are disabled or pending, \`unverified\` of those that never confirmed,
\`purge\` of idempotency keys. \`lastSignIn\` was filled in the order of time; each sign-in moves its entry, which leaves holes.

One-time tokens, mails and idempotency keys come and go within days and are left out. The user agent is a quarter of a session.`
}

function load(): string {
  const rate = (what: string, read: (rates: ReturnType<typeof plan>['load']) => number): readonly string[] =>
    line(what, (users) => number(read(plan(users).load)))
  const rows = [
    rate('logins at the peak', (rates) => rates.logins),
    rate('logins on average', (rates) => rates.averageLogins),
    rate('refreshes at the peak', (rates) => rates.refreshes),
    rate('registrations', (rates) => rates.registrations),
    rate('documents read: 2 a login, 1 a refresh', (rates) => rates.reads),
    rate('documents written: 3 a login, 1 a refresh', (rates) => rates.writes),
  ]
  const { logins, averageLogins, refreshes, writes } = plan(SMALL).load
  return `## Load, a second

${table(['', '100 million', '1 billion'], rows)}

The average follows from the sessions: as many begin as end (up to twice as many where most end idle, after ${lifetimes.sessionIdleMs / 86_400_000} days). The peak is
${number(logins / averageLogins)} times that, a bad hour after an outage and not an ordinary evening. ${percent(refreshes / writes)} of the writes are refreshes. Other requests to this
server cost two reads by key each and are not in the table; your own services need none (below).`
}

function machines(): string {
  const stored = (what: string, read: (storage: ReturnType<typeof plan>['storage']) => number) =>
    line(what, (users) => bytes(read(plan(users).storage)))
  const share = percent(assumptions.dailyShare.value)
  const rows = [
    stored('documents, in BSON', (storage) => storage.documents),
    stored('documents, on a disk', (storage) => storage.documentsOnDisk),
    stored('indexes', (storage) => storage.indexes),
    stored('disks of one replica, with room', (storage) => storage.replica),
    stored(`working set: indexes and ${share} of the documents`, (storage) => storage.workingSet),
    line(`shards by memory (${bytes(plan(SMALL).storage.cache)} of cache each)`, (users) =>
      number(plan(users).shards.byMemory),
    ),
    line('shards by writes, hopeful and careful', (users) =>
      plan(users).shards.byWrites.map(number).join(' · '),
    ),
    line('**shards** · data nodes', (users) => {
      const { chosen, nodes } = plan(users).shards
      return `**${number(chosen)}** · ${number(nodes)}`
    }),
  ]
  return `## Disks, memory, shards

${table(['audit events not included', '100 million', '1 billion'], rows)}

Beside the data nodes stand three configuration servers and a few \`mongos\`. Whoever comes on a day is found on nearly every page: a
document that is not in the cache costs one read from the disk, which is bearable; an index that is not in the cache costs many,
which is not. Below about ${number(assumptions.shardWritesLow.value)} writes a second, one replica set is simpler than any cluster.`
}

function hashing(): string {
  const rows = hashes.map(({ memoryMib, passes, by, cpuMs }) => {
    const cores = [SMALL, LARGE].map((users) => hashingCores(users, cpuMs))
    return [
      `${memoryMib} MiB, t=${passes}, ${by}`,
      `${cpuMs} ms`,
      ...cores.map(({ peak, attack }) => `${number(peak)} (${number(attack)})`),
    ]
  })
  const [cheap, dear] = [hashes[1], hashes[3]]
  return `## Cores for password hashes

In brackets: under attack, with ${assumptions.abuse.value} times the logins. The first line is what this version does; CPU is measured.

${table(['argon2id, p=1', 'CPU a hash', '100 million', '1 billion'], rows)}

The parameters move the fleet ${number(dear.cpuMs / cheap.cpuMs)}-fold, more than any decision about the database. A process runs one hash a core and refuses what would
wait more than a few seconds (503), so memory stays at ${hashes[0].memoryMib} MiB a core. Registrations and resets add less than one in a hundred.`
}

function verification(): string {
  const [small, large] = [tokens(SMALL), tokens(LARGE)]
  const rows = signatures.map(({ algorithm, signUs, verifyUs }) => [
    algorithm,
    `${signUs} · ${verifyUs} µs`,
    ...[small, large].map(
      (each) => `${number(each.signCores(signUs))} · ${number(each.verifyCores(verifyUs))}`,
    ),
  ])
  const { stalenessSeconds, perSecond, entries, bytes: feedBytes } = revocation(LARGE)
  return `## Tokens: signed here, verified elsewhere

Your services verify access tokens with the public keys (\`/.well-known/jwks.json\`) and ask us nothing. At 1 billion users they get
${number(large.calls)} calls a second on average and ${number(large.callsAtPeak)} at the peak. Cores for signing here · for verifying there, measured a token:

${table(['', 'sign · verify', '100 million', '1 billion'], rows)}

- **Keys**: ${number(assumptions.resourceServers.value)} processes that keep them ${http.staticMaxAgeSeconds} s, as our answer allows, make ${decimal(large.jwksRequests)} requests a second. A new key is
  published long before it signs.
- **Asking us instead** (introspection) would be ${number(large.introspectionFactor)} times all that the database does.
- **Revocation**: this server reads user and session on every request, so for itself a sign-out holds at once, on every node. A service
  that only verifies learns of it when the token ends: at most ${number(stalenessSeconds)} s (life ${assumptions.accessSeconds.value} s, skew ${lifetimes.clockSkewSeconds} s). Where that is too long, let it ask
  \`GET /users/profile\` before the few calls that matter. A feed of revoked sessions (not in this version) would carry ${number(perSecond)} a
  second at 1 billion users and keep ${number(entries)} entries, ${bytes(feedBytes)} in each service.`
}

function housekeeping(): string {
  const rows = RETENTIONS_DAYS.map((days) => [
    `${days} days${days === assumptions.auditDays.value ? ' (this version)' : ''}`,
    ...[SMALL, LARGE].map((users) => {
      const { events, disk, randomIndexes } = audit(users, days)
      return `${number(events / 1e6)} million · ${bytes(disk)} · ${bytes(randomIndexes)}`
    }),
  ])
  const [small, large] = [deletesPerSecond(SMALL), deletesPerSecond(LARGE)]
  const { bson, disk } = auditBytes()
  return `## What is written to be deleted

Sessions end by a TTL index: ${number(small.sessions)} a second at 100 million users, ${number(large.sessions)} at 1 billion, ${number(large.sessions / plan(LARGE).shards.chosen)} on each shard. No answer depends on it: whatever reads
a session compares the time itself. Audit events end the same way, ${number(small.events)} and ${number(large.events)} a second. An event is ${number(bson)} B in BSON and ${number(disk)} B on
a disk with its index entries. Events · disk of one replica · of that, indexes in random order:

${table(['kept for', '100 million', '1 billion'], rows)}

Three indexes of an event lie in random order. Once they are larger than the cache, each new event reads three pages from the disk:
${number(plan(SMALL).load.logins * 3)} and ${number(plan(LARGE).load.logins * 3)} a second at the peak. The ${assumptions.auditDays.value} days are a constant of this version, and there is no export of events
yet: both have to change before 100 million users.`
}

function breaks(): string {
  const [small, large] = [plan(SMALL), plan(LARGE)]
  const herd = large.load.refreshes * assumptions.accessSeconds.value
  const halved = ({ load: { writes, refreshes } }: typeof small): number =>
    Math.ceil((writes - refreshes / 2) / assumptions.shardWritesLow.value)
  const careful = ({ shards }: typeof small): number => shards.byWrites[1] ?? 0
  const processes = requestCores(LARGE)
  return `## What breaks first, and what to do

1. **Uniqueness, if it were an index.** A sharded collection can't keep both an address and a username unique. Here each is the \`_id\` of
   a claim of its own, so there is nothing to do; never add a unique index to \`users\`.
2. **Hashing cores**, the day somebody tries stolen passwords: the queue in front of them answers 503. Refuse before the hash, by network and
   by account; then add processes.
3. **Writes of refreshes.** Access tokens of twice the life halve them: ${number(halved(small))} and ${number(halved(large))} shards by writes instead of ${number(careful(small))} and ${number(careful(large))}, and other services
   learn of a revocation twice as late. Then add shards; the shard keys are there from the first day.
4. **Audit events**, first their indexes, then their bytes: keep fewer days, and export the rest.
5. **One hot document**, such as a counter that all customers of one carrier share: count in each process, and add up once a second.
6. **Indexes larger than the cache.** Watch pages read into it, and application threads that evict. More memory, then more shards.
7. **Everybody at once after an outage** that was longer than a token's life: ${number(herd / 1e6)} million sessions at 1 billion users want a refresh in
   the same minute. 503 with \`Retry-After\` sheds them; lives that differ by a tenth would spread them, which this version lacks.
8. **Connections.** ${number(processes)} processes with up to ${mongodb.maxPoolSize} each are ${number(processes * mongodb.maxPoolSize)}; restart a few at a time.

Several regions are several deployments first, each with its own issuer and users: no transaction then crosses an ocean.`
}

function given(): string {
  const rows = Object.values(assumptions).map(({ what, value, unit, kind, source }) => [
    what,
    `${decimal(value)} ${unit}`,
    kind,
    source,
  ])
  return `## Everything that was put in

${table(['what', 'value', 'kind', 'from'], rows)}`
}

function unknown(): string {
  const { dataNodeCores, utilisation, mongodWriteMs } = assumptions
  const ceiling = (dataNodeCores.value * utilisation.value * 1000) / mongodWriteMs.value
  return `## What nobody knows until it is tried

- **Majority writes a second of one shard** decide the size of the cluster and are an estimate. On our two cores a write costs \`mongod\`
  ${decimal(mongodWriteMs.value)} ms of CPU when it comes alone; ${dataNodeCores.value} cores in the same use would do ${number(ceiling)} a second, before any replication.
- **Logins on a cluster**: user, session and event of a login are one transaction, and lie on up to three shards. Two phases cost more.
- **Real users** compress less well than made-up ones: without any compression the documents of one are ${number(userBytes().total.bson)} B.
- Power loss, delays between regions, a disk that is slow but not dead, chunks moving under load, a restore of this size.`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

/** At most three digits that mean something, with commas. */
function number(value: number): string {
  const digits = value >= 100 ? 3 : 2
  return Number(value.toPrecision(value < 1 ? 1 : Math.max(digits, 3))).toLocaleString('en-US', {
    maximumFractionDigits: value < 10 ? 1 : 0,
  })
}

function decimal(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 })
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function bytes(value: number): string {
  const unit = UNITS.find(({ size }) => value >= size) ?? { size: 1, name: 'B' }
  return `${Number((value / unit.size).toPrecision(3)).toLocaleString('en-US')} ${unit.name}`
}

const UNITS = [
  { size: 1e15, name: 'PB' },
  { size: 1e12, name: 'TB' },
  { size: 1e9, name: 'GB' },
  { size: 1e6, name: 'MB' },
  { size: 1e3, name: 'kB' },
]
