/** The contract on MongoDB: two clients of one database that is emptied between the tests. */
import { MongoClient, type CommandStartedEvent, type Db } from 'mongodb'
import type { Store } from '../../src/domain/ports/store.ts'
import { openMongodbStore } from '../../src/store/mongodb/mongodb-store.ts'
import { plans } from '../../src/store/mongodb/schema.ts'
import type { Harness } from '../contracts/harness.ts'
import type { Servers } from './mongodb-servers.ts'
import { newKeptLog, newTestClock } from './store-fixtures.ts'

export interface MongodbHarness extends Harness {
  /** The database behind the store's back, once a test has run on it. */
  db(): Promise<Db>
  stop(): Promise<void>
}

export interface MongodbHarnessOptions {
  readonly topology: string
  readonly start: () => Promise<Servers>
  readonly onCommand?: (event: CommandStartedEvent) => void
}

const clientsOfOne = 2

/** A store that serves one test after the other, unless one of them closes it: connections are what costs. */
interface KeptStore extends Store {
  closed: boolean
}

/** Starts the servers with the first test that needs them. */
export function mongodbHarness({ topology, start, onCommand }: MongodbHarnessOptions): MongodbHarness {
  const database = `um_contract_${process.pid}`
  let starting: Promise<{ readonly servers: Servers; readonly admin: MongoClient }> | undefined
  const started = () => (starting ??= connected(start))
  const kept: KeptStore[] = []
  const openStore = async (): Promise<KeptStore> => {
    const url = urlOf((await started()).servers.url, database)
    const store = await openMongodbStore({ url, clock: newTestClock(), log: newKeptLog(), onCommand })
    const opened: KeptStore = {
      closed: false,
      ...store,
      close: () => {
        opened.closed = true
        return store.close()
      },
    }
    return opened
  }
  return {
    engine: `MongoDB (${topology})`,
    share: 0.1,
    db: async () => (await started()).admin.db(database),
    open: async () => {
      await empty((await started()).admin.db(database))
      const clients = kept.splice(0).filter(({ closed }) => !closed)
      while (clients.length < clientsOfOne) clients.push(await openStore())
      kept.push(...clients)
      const [store] = clients
      if (!store) throw new Error('a harness needs a client')
      return { store, clients, clock: newTestClock() }
    },
    stop: async () => {
      if (!starting) return
      for (const store of kept) await store.close()
      const { servers, admin } = await starting
      await admin.db(database).dropDatabase()
      await admin.close()
      await servers.stop()
    },
  }
}

async function connected(
  start: () => Promise<Servers>,
): Promise<{ readonly servers: Servers; readonly admin: MongoClient }> {
  const servers = await start()
  return { servers, admin: await new MongoClient(servers.url, { writeConcern: { w: 'majority' } }).connect() }
}

/** The URL with this database in its path. */
export function urlOf(url: string, database: string): string {
  return url.replace(/^(mongodb(?:\+srv)?:\/\/[^/]+)\/?[^?]*(\?.*)?$/, `$1/${database}$2`)
}

/** Much faster than another database for each test; the schema stays. */
async function empty(db: Db): Promise<void> {
  await Promise.all(
    plans.filter(({ name }) => name !== 'meta').map(({ name }) => db.collection(name).deleteMany({})),
  )
  await db.collection('meta').updateMany({ n: { $exists: true } }, { $set: { n: 0 } })
}
