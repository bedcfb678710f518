import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { dataDir, journey } from './journey.ts'

journey({ engine: 'SQLite', settings: async () => ({}), data: /users\.db/ })

test('everything that the journey has left is one file of SQLite in the data folder', () => {
  assert.ok(existsSync(join(dataDir, 'users.db')))
})
