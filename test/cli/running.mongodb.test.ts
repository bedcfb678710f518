import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startDatabase } from '../support/mongodb-database.ts'
import { runToEnd, temporaryFolder } from '../support/process.ts'
import { dataDir, journey } from './journey.ts'

const starting = startDatabase('cli')
journey({ settings: async () => ({ UM_DATABASE_URL: (await starting).url }) })
after(async () => (await starting).stop())

test('beside a server on MongoDB a command opens the store itself: there is no socket', () => {
  assert.ok(existsSync(join(dataDir, 'master.key')))
  assert.ok(!existsSync(join(dataDir, 'control.sock')))
})

test('a MongoDB that is away ends a command with 5, and with no data', async () => {
  const settings = { UM_DATABASE_URL: 'mongodb://localhost:9/none?serverSelectionTimeoutMS=500' }
  const ended = await runToEnd({ dataDir: temporaryFolder(), settings, words: ['users', 'list'] })
  assert.deepEqual([ended.code, ended.stdout], [5, ''])
  assert.match(ended.stderr, /^user-management: /)
})
