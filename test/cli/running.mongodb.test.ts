import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startDatabase } from '../support/mongodb-database.ts'
import { dataDir, journey } from './journey.ts'

const starting = startDatabase('cli')
journey({ settings: async () => ({ UM_DATABASE_URL: (await starting).url }) })
after(async () => (await starting).stop())

test('beside a server on MongoDB a command opens the store itself: there is no socket', () => {
  assert.ok(existsSync(join(dataDir, 'master.key')))
  assert.ok(!existsSync(join(dataDir, 'control.sock')))
})
