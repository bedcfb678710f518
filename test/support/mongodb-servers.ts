/** Real MongoDB servers for the tests: on free ports with temporary folders, gone with the process. */
import { execFileSync } from 'node:child_process'
import { MongoMemoryReplSet, MongoMemoryServer } from 'mongodb-memory-server-core'
import { mongodbSource } from './settings-of-the-run.ts'

export interface Servers {
  /** Without a database in its path. */
  readonly url: string
  stop(): Promise<void>
}

const SMALL_CACHE_GB = 0.25

/** Fail points on; nothing is purged behind a test's back, whose clock runs ahead of the server's. */
const argsWith = (cacheGb: number): string[] => [
  `--wiredTigerCacheSizeGB=${cacheGb}`,
  '--setParameter=enableTestCommands=1',
  '--setParameter=ttlMonitorEnabled=false',
  '--oplogSize=64',
]

export interface ReplicaSetOptions {
  readonly members: number
  /** The port of the first member; a free one unless given. */
  readonly port?: number
  /** Small unless given. */
  readonly cacheGb?: number
  /** Turns access control on, with this user that may do everything; nobody has to sign in unless given. */
  readonly root?: { readonly name: string; readonly password: string }
}

/** A replica set named `rs0`, whose members elect another primary within 2 to 4 seconds. */
export async function startReplicaSet(options: ReplicaSetOptions): Promise<Servers> {
  const { members, port, cacheGb = SMALL_CACHE_GB, root } = options
  const set = await MongoMemoryReplSet.create({
    binary: binary(),
    ...(port !== undefined && { instanceOpts: [{ port }] }),
    replSet: {
      count: members,
      name: 'rs0',
      storageEngine: 'wiredTiger',
      args: argsWith(cacheGb),
      ...(root && { auth: { enable: true, customRootName: root.name, customRootPwd: root.password } }),
      configSettings: { electionTimeoutMillis: 2000 },
    },
  })
  return { url: set.getUri(), stop: async () => void (await set.stop({ doCleanup: true, force: true })) }
}

/** A `mongod` that belongs to no replica set, or to one that nobody has initiated (`uninitiated`). */
export async function startStandalone(
  options: { readonly port?: number; readonly uninitiated?: true } = {},
): Promise<Servers & { readonly port: number }> {
  const { port, uninitiated } = options
  const instance = {
    storageEngine: 'wiredTiger' as const,
    args: argsWith(SMALL_CACHE_GB),
    ...(port !== undefined && { port }),
    ...(uninitiated && { replSet: 'rs0' }),
  }
  const server = await MongoMemoryServer.create({ binary: binary(), instance })
  const taken = server.instanceInfo?.port ?? 0
  return {
    url: `mongodb://127.0.0.1:${taken}/`,
    port: taken,
    stop: async () => void (await server.stop({ doCleanup: true, force: true })),
  }
}

/** The server that the settings of the run name; null where the tests start their own. */
export function givenServers(): Servers | null {
  const source = mongodbSource()
  return source && 'url' in source ? { url: source.url, stop: async () => {} } : null
}

/** The `mongod` of this run. */
function binary(): { systemBinary: string; version: string } {
  const source = mongodbSource()
  if (!source || !('binary' in source)) throw new Error('There is no mongod here: set MONGOMS_SYSTEM_BINARY.')
  return binaryOf(source.binary)
}

/** With its own version, about which the library would warn otherwise. */
function binaryOf(systemBinary: string): { systemBinary: string; version: string } {
  const text = execFileSync(systemBinary, ['--version'], { encoding: 'utf8' })
  return { systemBinary, version: /v(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? '6.0.5' }
}
