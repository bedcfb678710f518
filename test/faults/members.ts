/** Three `mongod` of our own that can be killed, frozen and continued, and who of them is the primary. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { MongoClient, type Document } from 'mongodb'
import { MongoMemoryServer } from 'mongodb-memory-server-core'
import { momentIn } from '../support/ledger.ts'
import { fixedPort, temporaryFolder, until } from '../support/process.ts'

const REPLICA_SET = 'rs0'
const COUNT = 3
const ELECTION_TIMEOUT_MS = 2000
const ASK_MS = 500
/** A fail point is switched off once nothing hangs in it any more. */
const COMMAND_MS = 10_000

/** Small caches; fail points on; nothing is purged behind the checks. */
const args = [
  '--wiredTigerCacheSizeGB=0.25',
  '--setParameter=enableTestCommands=1',
  '--setParameter=ttlMonitorEnabled=false',
  '--oplogSize=64',
]

export interface Member {
  readonly name: string
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
  /** Starts it again after a kill, on the same port with the same files. */
  restart(): Promise<void>
  /** Asks this member and no other. */
  command(command: Document): Promise<Document>
  /** Null where it does not answer soon, as a frozen one. */
  hello(): Promise<Document | null>
}

export interface Members {
  readonly all: readonly Member[]
  /** With this database in its path. */
  url(database: string): string
  /** The member that says so with the highest term; fails where none does in time. */
  primary(other?: Member): Promise<Member>
  /** Calls back with each newly elected primary, until the end. */
  onElection(elected: () => void): void
  /** Kills every member and closes every client. */
  end(): Promise<void>
}

interface Started {
  readonly pid: number
  readonly host: string
}

const alive = new Set<number>()

/** Also when the run is cut off: a frozen process takes no other signal. */
process.on('exit', () => {
  for (const pid of alive) kill(pid, 'SIGKILL')
})

/** One that is gone already is no failure. */
function kill(pid: number, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Starts the set and waits for its first primary. */
export async function startMembers(systemBinary: string, heartbeatSeconds: number): Promise<Members> {
  const folder = temporaryFolder()
  const clients: MongoClient[] = []
  let ended = false
  const all = await Promise.all(
    Array.from({ length: COUNT }, async (_, index) => {
      const dbPath = join(folder, `member-${index}`)
      mkdirSync(dbPath)
      return startMember({ systemBinary, dbPath, port: await fixedPort(), clients })
    }),
  )
  const members: Members = {
    all,
    url: (database) =>
      `mongodb://${all.map(({ name }) => name).join(',')}/${database}?replicaSet=${REPLICA_SET}`,
    onElection: (elected) => void watchTerm(all, { elected, ended: () => ended }),
    primary: (other) => until(() => primaryOf(all.filter((member) => member !== other)), 'a primary'),
    end: async () => {
      ended = true
      for (const pid of alive) kill(pid, 'SIGKILL')
      await Promise.all(clients.map((client) => client.close()))
    },
  }
  const [first] = all
  // Whoever is elected asks all members how far they are, and waits so long for a frozen one.
  const settings = { electionTimeoutMillis: ELECTION_TIMEOUT_MS, heartbeatTimeoutSecs: heartbeatSeconds }
  const config = { _id: REPLICA_SET, members: all.map(({ name }, _id) => ({ _id, host: name })), settings }
  await first?.command({ replSetInitiate: config })
  await members.primary()
  return members
}

async function startMember(place: {
  readonly systemBinary: string
  readonly dbPath: string
  readonly port: number
  readonly clients: MongoClient[]
}): Promise<Member> {
  let running = await launch(place)
  const quick = clientOf(running.host, ASK_MS)
  const patient = clientOf(running.host, COMMAND_MS)
  place.clients.push(quick, patient)
  return {
    name: running.host,
    signal: (signal) => {
      kill(running.pid, signal)
      if (signal === 'SIGKILL') alive.delete(running.pid)
    },
    restart: async () => {
      running = await launch(place)
    },
    command: (command) => patient.db('admin').command(command),
    hello: async () => {
      try {
        return await quick.db('admin').command({ hello: 1 })
      } catch {
        return null
      }
    },
  }
}

function clientOf(host: string, answerMs: number): MongoClient {
  return new MongoClient(`mongodb://${host}/?directConnection=true`, {
    serverSelectionTimeoutMS: ASK_MS,
    connectTimeoutMS: ASK_MS,
    socketTimeoutMS: answerMs,
    heartbeatFrequencyMS: ASK_MS,
    readPreference: 'primaryPreferred',
  })
}

/** The library's watcher ends the process where ours is killed before it could. */
async function launch({
  systemBinary,
  dbPath,
  port,
}: {
  readonly systemBinary: string
  readonly dbPath: string
  readonly port: number
}): Promise<Started> {
  const server = await MongoMemoryServer.create({
    binary: { systemBinary, version: versionOf(systemBinary) },
    instance: {
      replSet: REPLICA_SET,
      port,
      portGeneration: false,
      dbPath,
      args,
      storageEngine: 'wiredTiger',
    },
  })
  const pid = server.instanceInfo?.instance.mongodProcess?.pid
  if (pid === undefined) throw new Error('A mongod was started and has no process id.')
  alive.add(pid)
  return { pid, host: `127.0.0.1:${port}` }
}

/** The library warns where it is not told the version. */
function versionOf(systemBinary: string): string {
  const text = execFileSync(systemBinary, ['--version'], { encoding: 'utf8' })
  return /v(\d+\.\d+\.\d+)/.exec(text)?.[1] ?? '6.0.5'
}

async function watchTerm(
  members: readonly Member[],
  { elected, ended }: { readonly elected: () => void; readonly ended: () => boolean },
): Promise<void> {
  let term = ''
  while (!ended()) {
    const answers = await Promise.all(members.map((member) => member.hello()))
    const newest = answers.map(termOf).toSorted().at(-1) ?? ''
    if (term !== '' && newest > term) elected()
    if (newest > term) term = newest
    await momentIn(ASK_MS)
  }
}

/** A deposed primary may still think that it is one: the highest term decides. */
async function primaryOf(members: readonly Member[]): Promise<Member | null> {
  const asked = await Promise.all(members.map(async (member) => ({ member, hello: await member.hello() })))
  const claiming = asked.filter(({ hello }) => hello?.['isWritablePrimary'] === true)
  const [newest] = claiming.toSorted((one, other) => (termOf(one.hello) < termOf(other.hello) ? 1 : -1))
  return newest?.member ?? null
}

function termOf(hello: Document | null): string {
  return String(hello?.['electionId'] ?? '')
}

/** Whether the member takes itself for the primary; false where it does not answer. */
export async function claimsToLead(member: Member): Promise<boolean> {
  return (await member.hello())?.['isWritablePrimary'] === true
}
