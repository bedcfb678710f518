/** Real MongoDB servers for the tests: replica sets on free ports with temporary folders, gone with the process. */
import { execFileSync } from 'node:child_process'
import { MongoMemoryReplSet } from 'mongodb-memory-server-core'
import { mongodbSource } from './settings-of-the-run.ts'

export interface ReplicaSet {
  /** With the name of the set and without a database. */
  readonly url: string
  readonly servers: MongoMemoryReplSet | null
  stop(): Promise<void>
}

/** Small caches; fail points on; nothing is purged behind a test's back, whose clock runs ahead of the server's. */
const args = [
  '--wiredTigerCacheSizeGB=0.25',
  '--setParameter=enableTestCommands=1',
  '--setParameter=ttlMonitorEnabled=false',
  '--oplogSize=64',
]

/** Where `UM_TEST_MONGODB_URL` is set, that server, whatever its members. */
export async function startReplicaSet(members: number): Promise<ReplicaSet> {
  const source = mongodbSource()
  if (!source) throw new Error('There is no MongoDB here: set MONGOMS_SYSTEM_BINARY.')
  if ('url' in source) return { url: source.url, servers: null, stop: async () => {} }
  const servers = await MongoMemoryReplSet.create({
    binary: binaryOf(source.binary),
    replSet: {
      count: members,
      name: 'rs0',
      storageEngine: 'wiredTiger',
      args,
      configSettings: { electionTimeoutMillis: 2000 },
    },
  })
  return {
    url: servers.getUri().replace(/\/\?/, '/?'),
    servers,
    stop: async () => void (await servers.stop({ doCleanup: true, force: true })),
  }
}

/** With its own version, about which the library would warn otherwise. */
export function binaryOf(systemBinary: string): { systemBinary: string; version: string } {
  const text = execFileSync(systemBinary, ['--version'], { encoding: 'utf8' })
  return { systemBinary, version: /v(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? '6.0.5' }
}
