/** What the driver and the servers say about the deployment, and which deployments are refused. */
import { MongoServerSelectionError, type Document, type TopologyDescription } from 'mongodb'
import { DomainError } from '../../domain/errors.ts'
import { mongodb as limits } from '../../domain/limits.ts'
import type { Clock, Log } from '../../domain/ports/runtime.ts'

const writable: ReadonlySet<string> = new Set(['RSPrimary', 'Mongos', 'Standalone', 'LoadBalancer'])

/** Whether no server is known that would take a write. */
export function isWithoutServer(description: TopologyDescription): boolean {
  return ![...description.servers.values()].some(({ type }) => writable.has(type))
}

/** Refuses a server that stands alone: it has neither transactions nor retryable writes. */
export function refuseStandalone(hello: Document): void {
  if (typeof hello['setName'] === 'string' || isRouter(hello)) return
  throw new DomainError('store_incompatible', {
    detail:
      'This mongod stands alone, and transactions need a replica set: start it with "--replSet rs0" ' +
      'and run once: mongosh --eval "rs.initiate()" (one member is enough to begin with).',
  })
}

/**
 * The refusal where every server of the URL has answered and none belongs to the replica set that it names:
 * the driver drops such servers, and would go on looking for others. Null for any other failure.
 */
export function refusedMembers(error: unknown): DomainError | null {
  if (!(error instanceof MongoServerSelectionError)) return null
  const found = error.reason
  if (!found || found.type !== 'ReplicaSetNoPrimary' || found.servers.size > 0) return null
  return new DomainError('store_incompatible', {
    detail:
      'No server of UM_DATABASE_URL belongs to the replica set that it names: correct ' +
      'replicaSet= in it, or where the mongod stands alone, start it with "--replSet rs0" and run once: ' +
      'mongosh --eval "rs.initiate()".',
  })
}

/** What an operator has to know about servers that answer and are of no use. */
export function hintOf(error: unknown): string {
  const servers = error instanceof MongoServerSelectionError ? error.reason?.servers : undefined
  const types = [...(servers?.values() ?? [])].map(({ type }) => type)
  return types.includes('RSGhost') ? 'run once: mongosh --eval "rs.initiate()"' : ''
}

/** Whether the answer is that of a `mongos`, the router of a sharded cluster. */
export function isRouter(hello: Document): boolean {
  return hello['msg'] === 'isdbgrid'
}

/** Refuses a clock that differs from ours by more than the limit and the time that asking took. */
export function refuseClock(hello: Document, clock: Clock, askedAt: number): void {
  const theirs = hello['localTime']
  if (!(theirs instanceof Date)) return
  const now = clock.now()
  const difference = theirs.getTime() < askedAt ? askedAt - theirs.getTime() : theirs.getTime() - now
  if (difference <= limits.clockDifferenceMs) return
  throw new DomainError('store_incompatible', {
    detail:
      `The clocks of this machine and of MongoDB differ by ${Math.round(difference / 1000)} seconds: ` +
      'set both by NTP, for instance with "timedatectl set-ntp true", then start again.',
  })
}

/** An arbiter holds no data: with one data member down, no write is acknowledged by a majority any more. */
export function warnOfArbiter(hello: Document, log: Log): void {
  const arbiters: unknown = hello['arbiters']
  if (!Array.isArray(arbiters) || arbiters.length === 0) return
  log.warn(
    { arbiters: arbiters.length },
    'the replica set has an arbiter, so that writes stop when one data member is down: ' +
      'replace it by a data member with rs.remove() and rs.add()',
  )
}

/** The first patch of each release that does not give away memory through zlib (CVE-2025-14847). */
const patched = [
  [6, 0, 27],
  [7, 0, 28],
  [8, 0, 17],
  [8, 2, 3],
] as const

/** Says how to come to a server that gives nothing away to strangers who reach its port. */
export function warnOfVersion(buildInfo: Document, log: Log): void {
  const [major = 0, minor = 0, patch = 0] = numbersOf(buildInfo['versionArray'])
  const version = [major, minor, patch].join('.')
  const first = patched.find((release) => release[0] === major && release[1] === minor)
  const isNewer = major > 8 || (major === 8 && minor > 2)
  if (first ? patch >= first[2] : isNewer) return
  log.warn(
    { version, patched: patched.map((release) => release.join('.')).join(' ') },
    `MONGODB ${version} GIVES PARTS OF ITS MEMORY TO ANYBODY WHO REACHES ITS PORT (CVE-2025-14847): ` +
      `install ${first ? first.join('.') : 'a patched release'} or newer; until then start it with ` +
      '"--networkMessageCompressors disabled" and let no stranger reach it',
  )
}

function numbersOf(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.map(Number) : []
}
