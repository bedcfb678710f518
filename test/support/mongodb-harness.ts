/** The contract on MongoDB: two clients of one database that is emptied between the tests. */
import { MongoClient } from 'mongodb'
import type { TestContext } from 'node:test'
import type { Store } from '../../src/domain/ports/store.ts'
import { openMongodbStore } from '../../src/store/mongodb/mongodb-store.ts'
import { plans } from '../../src/store/mongodb/schema.ts'
import type { Harness } from '../contracts/harness.ts'
import type { SentCommand } from './mongodb-commands.ts'
import { readCommand } from './mongodb-commands.ts'
import { startReplicaSet, type ReplicaSet } from './mongodb-servers.ts'
import { newKeptLog, newTestClock } from './store-fixtures.ts'

export interface MongodbHarness extends Harness {
  /** Every command that the stores have sent so far. */
  readonly commands: readonly SentCommand[]
  /** The URL of the database, once a test has run on it. */
  url(): Promise<string>
  stop(): Promise<void>
}

const clientsOfOne = 2

/** Starts the servers with the first test that needs them. */
export function mongodbHarness(topology: string, members: number): MongodbHarness {
  const database = `um_contract_${process.pid}`
  const commands: SentCommand[] = []
  let starting: Promise<{ readonly set: ReplicaSet; readonly admin: MongoClient }> | undefined
  const started = () => (starting ??= start(members))
  const url = async (): Promise<string> => urlOf((await started()).set, database)
  const openStore = async (clock: ReturnType<typeof newTestClock>): Promise<Store> =>
    openMongodbStore({
      url: await url(),
      clock,
      log: newKeptLog(),
      onCommand: (event) => commands.push(readCommand(event)),
    })
  return {
    engine: `MongoDB (${topology})`,
    share: 0.1,
    commands,
    url,
    open: async (t: TestContext) => {
      const { admin } = await started()
      await empty(admin, database)
      const clock = newTestClock()
      const clients: Store[] = []
      for (let n = 0; n < clientsOfOne; n += 1) clients.push(await openStore(clock))
      const [store] = clients
      if (!store) throw new Error('a harness needs a client')
      t.after(async () => void (await Promise.all(clients.map((client) => client.close()))))
      return { store, clients, clock }
    },
    stop: async () => {
      if (!starting) return
      const { set, admin } = await starting
      await admin.db(database).dropDatabase()
      await admin.close()
      await set.stop()
    },
  }
}

async function start(members: number): Promise<{ readonly set: ReplicaSet; readonly admin: MongoClient }> {
  const set = await startReplicaSet(members)
  return { set, admin: await new MongoClient(set.url, { writeConcern: { w: 'majority' } }).connect() }
}

/** The URL of the set with this database in its path. */
export function urlOf({ url }: ReplicaSet, database: string): string {
  return url.replace(/^(mongodb:\/\/[^/]+)\/?[^?]*(\?.*)?$/, `$1/${database}$2`)
}

/** Much faster than another database for each test; the schema stays. */
async function empty(admin: MongoClient, database: string): Promise<void> {
  const db = admin.db(database)
  await Promise.all(
    plans.filter(({ name }) => name !== 'meta').map(({ name }) => db.collection(name).deleteMany({})),
  )
  await db.collection('meta').updateMany({ n: { $exists: true } }, { $set: { n: 0 } })
}
