import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { openControl } from '../../src/control.ts'
import { startTestServer } from '../support/server.ts'
import { checksOf, dataDir, password, run, upkeepJourney } from './upkeep.ts'

upkeepJourney({
  settings: async () => ({}),
  loseUser: async (id) => {
    const db = new DatabaseSync(join(dataDir, 'users.db'))
    db.exec('PRAGMA foreign_keys = OFF')
    const key = Buffer.from(id.replaceAll('-', ''), 'hex')
    const { changes } = db.prepare('DELETE FROM users WHERE id = ?').run(key)
    db.close()
    return Number(changes)
  },
})

test('settings that are wrong are a check that fails, not a crash', async () => {
  const found = await run('doctor', { UM_PORT: 'many' })
  assert.equal(found.code, 1)
  assert.match(checksOf(found).get('settings')?.detail ?? '', /UM_PORT/)
})

test('a server in production takes made-up users only when it was told so', async () => {
  const { app } = await startTestServer({
    UM_MODE: 'production',
    UM_HOST: 'localhost',
    UM_PUBLIC_URL: 'https://accounts.example.com',
    UM_SMTP_URL: 'smtp://localhost:9',
    UM_MAIL_FROM: 'accounts@example.com',
    UM_SHUTDOWN_DELAY: '0',
  })
  // As a command with other settings than its server would.
  const control = await openControl(loadConfig({ UM_DATA_DIR: app.dataDir }))
  const step = { from: 1, count: 3, password }
  const refused = await control.request('POST', '/control/seed', { ...step, in_production: false })
  assert.equal(refused.status, 422)
  assert.match(JSON.stringify(refused.json), /--yes/)
  assert.equal(await app.deps.store.findUserByIdentifier({ key: 'u:seed-000001' }), null)
  const told = await control.request('POST', '/control/seed', { ...step, in_production: true })
  await control.close()
  assert.deepEqual(told.json, { added: 3, repeated: 0, taken: 0 })
})
