import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startDatabase } from '../support/mongodb-database.ts'
import { fixedPort } from '../support/process.ts'
import { dataDir, journey } from './journey.ts'

const starting = startDatabase('cli')
// A command that opens the store itself knows the address of the server, for the links it mails, from the settings.
journey({
  settings: async () => ({ UM_DATABASE_URL: (await starting).url, UM_PORT: String(await fixedPort()) }),
})
after(async () => (await starting).stop())

test('beside a server on MongoDB a command opens the store itself: there is no socket', () => {
  assert.ok(existsSync(join(dataDir, 'master.key')))
  assert.ok(!existsSync(join(dataDir, 'control.sock')))
})
