import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { idValue } from '../../src/store/mongodb/documents.ts'
import type { StoredDocument } from '../../src/store/mongodb/connection.ts'
import { startDatabase } from '../support/mongodb-database.ts'
import { checksOf, run, upkeepJourney } from './upkeep.ts'

const starting = startDatabase('upkeep')
after(async () => (await starting).stop())

upkeepJourney({
  settings: async () => ({ UM_DATABASE_URL: (await starting).url }),
  loseUser: async (id) => {
    const users = (await starting).db.collection<StoredDocument>('users')
    return (await users.deleteOne({ _id: idValue(id) })).deletedCount
  },
})

test('a MongoDB that is away is a check that fails with a remedy, and ends other commands with 5 and no data', async () => {
  const away = { UM_DATABASE_URL: 'mongodb://localhost:9/none' }
  const commands = ['doctor', 'users list', 'verify', 'scrub', 'seed --users 3']
  const [found, ...others] = await Promise.all(commands.map((words) => run(words, away)))
  assert.ok(found)
  assert.equal(found.code, 1, found.stderr)
  const checks = checksOf(found)
  assert.equal(checks.get('settings')?.state, 'ok')
  assert.equal(checks.get('store')?.state, 'fail')
  assert.ok(checks.get('store')?.remedy)
  for (const { code, stdout, stderr } of others) {
    assert.deepEqual([code, stdout], [5, ''], stderr)
    assert.match(stderr, /^user-management: /m)
  }
})
