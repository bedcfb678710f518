import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'
import { lastAdmin } from './last-admin.ts'

await lastAdmin('SQLite', {})

test('a store without any administrator says so', async () => {
  const { deps } = await startTestServer()
  assert.equal(await deps.store.hasAdmin(), false)
})
