/**
 * Brings a database to this version. One process at a time does it, under a lease in `meta` that runs by the
 * server's own clock; every step may be repeated, so that whoever takes over goes on where the other stopped.
 * Others serve meanwhile. The lease bears a number that grows with each holder (a fencing token): a holder
 * that was overtaken can't say that it is done.
 */
import { ObjectId, type Db } from 'mongodb'
import { DomainError } from '../../domain/errors.ts'
import { mongodb as limits } from '../../domain/limits.ts'
import { adminsId } from './admins.ts'
import { bounded, type Collections } from './connection.ts'
import { integer, time, type Doc } from './documents.ts'
import { codeOf, isDuplicate, unavailable } from './failures.ts'
import { plans, schemaVersion, type CollectionPlan } from './schema.ts'

const schemaId = 'schema'
const leaseId = 'schema_lease'
const NAMESPACE_EXISTS = 48
const ALREADY_SHARDED = 20

export interface Database {
  readonly db: Db
  readonly collections: Collections
  /** Whether there is a `mongos` in front: then collections are sharded as they are made. */
  readonly sharded: boolean
}

/** Creates or upgrades what is missing. Throws `store_incompatible` for a newer schema. */
export async function upgradeSchema(database: Database): Promise<void> {
  const { meta } = database.collections
  const tries = (limits.schemaLeaseMs * 2) / limits.schemaPollMs
  for (let attempt = 0; attempt < tries; attempt += 1) {
    if (isCurrent(await meta.findOne({ _id: schemaId }, bounded))) return
    const fence = await takeLease(database.collections)
    if (fence !== null) {
      // Whoever had it before may have been done between the look and this.
      const done = isCurrent(await meta.findOne({ _id: schemaId }, bounded))
      await (done ? release(database.collections, fence) : apply(database, fence))
      return
    }
    await new Promise((resolve) => setTimeout(resolve, limits.schemaPollMs))
  }
  throw unavailable()
}

/** For what only reads: a name that is misspelt is not to become a new database. Throws `start_refused`. */
export async function requireSchema({ meta }: Collections): Promise<void> {
  if (await meta.findOne({ _id: schemaId }, bounded)) return
  throw new DomainError('start_refused', { detail: 'There is no installation in this database.' })
}

/** Whether nothing is left to do; refuses what a newer version has made unusable for this one. */
function isCurrent(schema: Doc | null): boolean {
  if (!schema) return false
  const least = integer(schema, 'min')
  if (least > schemaVersion.max) throw tooNew(least)
  return integer(schema, 'max') >= schemaVersion.max
}

function tooNew(found: number): DomainError {
  return new DomainError('store_incompatible', {
    detail:
      `A newer version of this program has upgraded the database (schema ${found}, this one knows ` +
      `${schemaVersion.max}): start that version, or restore a backup that was made before the upgrade.`,
  })
}

/** The number of the lease, or null while another process holds it. */
async function takeLease({ meta }: Collections): Promise<number | null> {
  try {
    await meta.insertOne({ _id: leaseId, until: time(0), fence: 0 }, bounded)
  } catch (error) {
    if (!isDuplicate(error)) throw error
  }
  const taken = await meta.findOneAndUpdate(
    { _id: leaseId, $expr: { $lte: ['$until', '$$NOW'] } },
    [
      {
        $set: {
          until: { $add: ['$$NOW', limits.schemaLeaseMs] },
          fence: { $add: ['$fence', 1] },
          holder: new ObjectId(),
        },
      },
    ],
    { ...bounded, returnDocument: 'after' },
  )
  return taken ? integer(taken, 'fence') : null
}

async function apply(database: Database, fence: number): Promise<void> {
  for (const plan of plans) {
    await createCollection(database.db, plan)
    if (plan.indexes.length > 0) await database.db.collection(plan.name).createIndexes([...plan.indexes])
    if (database.sharded) await shard(database.db, plan)
  }
  const { meta } = database.collections
  await insertOnce(database.collections, { _id: adminsId, n: 0 })
  await insertOnce(database.collections, { _id: schemaId, ...schemaVersion, max: 0, fence: 0 })
  const done = { ...schemaVersion, fence }
  await meta.updateOne({ _id: schemaId, fence: { $lt: fence } }, { $set: done }, bounded)
  await release(database.collections, fence)
}

async function release({ meta }: Collections, fence: number): Promise<void> {
  await meta.updateOne({ _id: leaseId, fence }, { $set: { until: time(0) } }, bounded)
}

async function createCollection(db: Db, { name, validator }: CollectionPlan): Promise<void> {
  const rules = {
    validator: { $jsonSchema: validator },
    validationLevel: 'strict',
    validationAction: 'error',
  }
  try {
    await db.createCollection(name, rules)
  } catch (error) {
    if (codeOf(error) !== NAMESPACE_EXISTS) throw error
    await db.command({ collMod: name, ...rules })
  }
}

async function shard(db: Db, { name, shardKey }: CollectionPlan): Promise<void> {
  if (shardKey === null) return
  try {
    await db.admin().command({ shardCollection: `${db.databaseName}.${name}`, key: shardKey })
  } catch (error) {
    if (codeOf(error) !== ALREADY_SHARDED) throw error
  }
}

async function insertOnce(
  { meta }: Collections,
  document: { _id: string; [field: string]: unknown },
): Promise<void> {
  try {
    await meta.insertOne(document, bounded)
  } catch (error) {
    if (!isDuplicate(error)) throw error
  }
}
