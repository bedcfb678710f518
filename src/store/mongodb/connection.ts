/** The one client of this process: every number of it bounded, every concern said out loud. */
import {
  MongoClient,
  type Binary,
  type ClientSession,
  type Collection,
  type CommandStartedEvent,
  type Db,
  type Document,
  type TopologyDescription,
} from 'mongodb'
import { DomainError } from '../../domain/errors.ts'
import { mongodb as limits } from '../../domain/limits.ts'
import { isWithoutServer } from './topology.ts'

/** What names a document: a UUID, a hash, or a text. */
export type DocumentId = Binary | Uint8Array | string

export interface StoredDocument extends Document {
  readonly _id: DocumentId
}

type Documents = Collection<StoredDocument>

/** The collections. Those before `keys` have a shard key; `keys` and `meta` are small and have none. */
export interface Collections {
  readonly identifiers: Documents
  readonly users: Documents
  readonly sessions: Documents
  readonly tokens: Documents
  readonly audit: Documents
  readonly deletions: Documents
  readonly outbox: Documents
  readonly inbox: Documents
  readonly counters: Documents
  readonly keys: Documents
  readonly meta: Documents
}

/** What a command inside a transaction or a causal session is sent with. */
export interface InSession {
  readonly session: ClientSession
  readonly maxTimeMS: number
}

/** What any other command is sent with. */
export const bounded = { maxTimeMS: limits.commandMs } as const

export interface Connection {
  readonly client: MongoClient
  readonly db: Db
  readonly collections: Collections
  /** Resolves once a primary is known, at once where it is; false where none turned up in this time. */
  awaitPrimary(ms: number): Promise<boolean>
}

export interface ConnectionOptions {
  readonly url: string
  /** Sees every command before it is sent; for counting them. */
  readonly onCommand?: ((command: CommandStartedEvent) => void) | undefined
  /** Distinguishes this process in the logs and the fail points of the server. */
  readonly appName?: string | undefined
}

const defaultName = 'user_management'

export const writeConcern = { w: 'majority', journal: true, wtimeoutMS: limits.commandMs } as const

/**
 * Makes the client; nothing is sent yet. Throws `start_refused` for a URL that the driver can't read. Its
 * settings win over those in the URL where a promise hangs on them.
 */
export function createConnection({ url, onCommand, appName }: ConnectionOptions): Connection {
  const client = readUrl(() => {
    return new MongoClient(url, {
      appName: appName ?? 'user-management',
      maxPoolSize: limits.maxPoolSize,
      minPoolSize: limits.minPoolSize,
      maxConnecting: limits.maxConnecting,
      waitQueueTimeoutMS: limits.waitQueueTimeoutMs,
      serverSelectionTimeoutMS: limits.serverSelectionTimeoutMs,
      socketTimeoutMS: limits.socketTimeoutMs,
      connectTimeoutMS: limits.connectTimeoutMs,
      heartbeatFrequencyMS: limits.heartbeatMs,
      writeConcern,
      readConcern: { level: 'majority' },
      readPreference: 'primary',
      retryWrites: true,
      retryReads: true,
      promoteBuffers: true,
      monitorCommands: onCommand !== undefined,
    })
  })
  if (onCommand) client.on('commandStarted', onCommand)
  const db = client.db(databaseName(url))
  return { client, db, collections: collectionsOf(db), awaitPrimary: primaryWatch(client) }
}

function readUrl(make: () => MongoClient): MongoClient {
  try {
    return make()
  } catch {
    throw new DomainError('start_refused', {
      detail:
        'UM_DATABASE_URL cannot be read: write it as mongodb://host:27017/user_management?replicaSet=rs0, ' +
        'with special characters in the password percent-encoded.',
    })
  }
}

/** The database that the path of the URL names, else our own default and not the driver's `test`. */
function databaseName(url: string): string {
  const path = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(url)?.[1]
  return path ? decodeURIComponent(path) : defaultName
}

function collectionsOf(db: Db): Collections {
  return {
    identifiers: db.collection('identifiers'),
    users: db.collection('users'),
    sessions: db.collection('sessions'),
    tokens: db.collection('tokens'),
    audit: db.collection('audit'),
    deletions: db.collection('deletions'),
    outbox: db.collection('outbox'),
    inbox: db.collection('inbox'),
    counters: db.collection('counters'),
    keys: db.collection('keys'),
    meta: db.collection('meta'),
  }
}

/**
 * Knows from the driver's monitors whether there is a primary. A step asks before its first command: where
 * there is none, nothing has been sent, so that "surely not applied" can be said.
 */
function primaryWatch(client: MongoClient): Connection['awaitPrimary'] {
  let known = false
  const waiting = new Set<() => void>()
  const look = (description: TopologyDescription): void => {
    known = !isWithoutServer(description)
    if (!known) return
    for (const resume of waiting) resume()
    waiting.clear()
  }
  client.on('topologyDescriptionChanged', ({ newDescription }) => look(newDescription))
  return async (ms) => {
    if (known) return true
    return new Promise<boolean>((resolve) => {
      const resume = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        waiting.delete(resume)
        resolve(false)
      }, ms)
      waiting.add(resume)
    })
  }
}
