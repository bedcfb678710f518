import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { plans } from '../src/store/mongodb/schema.ts'
import { storeContract as contract } from './contracts/store-contract.ts'
import { createShardKeyWatch } from './support/mongodb-commands.ts'
import { mongodbHarness, type MongodbHarness } from './support/mongodb-harness.ts'
import { givenServers, startReplicaSet } from './support/mongodb-servers.ts'
import { addSummary } from './support/summary.ts'

const watch = createShardKeyWatch()
const onCommand = watch.see

/** A sharded cluster is not started here: `UM_TEST_MONGOS` is the URL of a `mongos` that somebody else has started. */
const mongos = process.env['UM_TEST_MONGOS']
const harnesses: readonly MongodbHarness[] = [...replicaSets(), ...clusters()]

function replicaSets(): readonly MongodbHarness[] {
  const given = givenServers()
  if (given) return [mongodbHarness({ topology: 'UM_TEST_MONGODB_URL', start: async () => given, onCommand })]
  return [
    mongodbHarness({ topology: 'one node', start: () => startReplicaSet({ members: 1 }), onCommand }),
    mongodbHarness({ topology: 'three nodes', start: () => startReplicaSet({ members: 3 }), onCommand }),
  ]
}

function clusters(): readonly MongodbHarness[] {
  if (mongos === undefined) return []
  const start = async () => ({ url: mongos, stop: async () => {} })
  return [mongodbHarness({ topology: 'sharded cluster', start, onCommand })]
}

after(async () => {
  for (const harness of harnesses) await harness.stop()
})

for (const harness of harnesses) contract(harness)

suite('what sharding needs, over all of the above', () => {
  test('every command to a collection with a shard key carries equality or $in on it, but for named exceptions', () => {
    assert.deepEqual([...watch.violations], [])
    assert.ok(watch.targeted() > 1000, `only ${watch.targeted()} commands were looked at`)
    const named = [...watch.exceptions].map(([name, count]) => `${name} ${count}`)
    addSummary(
      `sharded runs: ${mongos === undefined ? 'DID NOT HAPPEN, no mongos here (set UM_TEST_MONGOS)' : 'ran'}; ` +
        `${watch.targeted()} statements carried their shard key; exceptions: ${named.toSorted().join(', ')}`,
    )
  })

  test('no index is unique but that of _id, and every shard key has its hashed index', async () => {
    for (const harness of harnesses) {
      const db = await harness.db()
      for (const { name, shardKey } of plans) {
        const indexes = await db.collection(name).indexes()
        assert.deepEqual(
          indexes.filter(({ unique }) => unique === true).map((index) => index.name),
          [],
        )
        const keys = indexes.map(({ key }) => JSON.stringify(key))
        if (shardKey) assert.ok(keys.includes(JSON.stringify(shardKey)), name)
      }
    }
  })
})
