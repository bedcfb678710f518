import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { dataDir, journey } from './journey.ts'

journey({ settings: async () => ({}) })

test('the socket of the running server is open to its owner only', () => {
  const socket = join(dataDir, 'control.sock')
  assert.ok(existsSync(socket))
  assert.equal(statSync(socket).mode & 0o777, 0o600)
})
