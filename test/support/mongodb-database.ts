/** A database of its own on a real replica set, for tests that run whole servers on it. */
import { MongoClient, type Db } from 'mongodb'
import { urlOf } from './mongodb-harness.ts'
import { givenServers, startReplicaSet } from './mongodb-servers.ts'

export interface MongodbDatabase {
  /** What `UM_DATABASE_URL` takes. */
  readonly url: string
  /** The same database past every adapter, with what the majority has. */
  readonly db: Db
  /** The URL of another database on the same servers; it goes with this one. */
  another(name: string): string
  /** Drops what was written, and ends the servers where the test has started them. */
  stop(): Promise<void>
}

export async function startDatabase(purpose: string, members = 1): Promise<MongodbDatabase> {
  const servers = givenServers() ?? (await startReplicaSet({ members }))
  const name = `um_${purpose}_${process.pid}`
  const options = { readConcern: { level: 'majority' }, writeConcern: { w: 'majority' } } as const
  const client = await new MongoClient(servers.url, options).connect()
  const names = [name]
  return {
    url: urlOf(servers.url, name),
    db: client.db(name),
    another: (suffix) => {
      names.push(`${name}_${suffix}`)
      return urlOf(servers.url, `${name}_${suffix}`)
    },
    stop: async () => {
      for (const used of names) await client.db(used).dropDatabase()
      await client.close()
      await servers.stop()
    },
  }
}
