import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { administration, dataDir } from './administration.ts'

administration(async () => ({}))

test('everybody that was administered lies in one file of SQLite in the data folder', () => {
  assert.ok(existsSync(join(dataDir, 'users.db')))
})
