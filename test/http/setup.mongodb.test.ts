/** The first administrator where several servers start at once on one database. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ensureFirstAdmin } from '../../src/domain/first-admin.ts'
import { startDatabase } from '../support/mongodb-database.ts'
import { startTestServer } from '../support/server.ts'
import { administrators, raceForSetup, setupToken } from '../support/setup-race.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-setup-'))
const keyFile = join(folder, 'master.key')
writeFileSync(keyFile, randomBytes(32).toString('hex'), { mode: 0o600 })
const database = await startDatabase('setup')
const url = database.another('named')
const racing = [await started(database.url), await started(database.url)]
const named = [await started(url), await started(url)]
after(async () => {
  await database.stop()
  rmSync(folder, { recursive: true, force: true })
})

function started(databaseUrl: string) {
  return startTestServer({ UM_DATABASE_URL: databaseUrl, UM_MASTER_KEY_FILE: keyFile })
}

test('of a hundred uses of the links of two servers exactly one makes an administrator (row 26)', async () => {
  assert.equal(new Set(racing.map(setupToken)).size, 2)
  await raceForSetup(racing)
  for (const server of racing) {
    const page = await server.client.send('GET', `/setup/${setupToken(server)}`)
    assert.equal(page.status, 400, 'the links of both are dead')
  }
})

test('two servers with the same settings make one administrator, and neither complains', async () => {
  const person = { username: 'operator', email: 'operator@example.com', password: 'nine quiet harbour lamps' }
  await Promise.all(named.map(({ deps }) => ensureFirstAdmin(person, deps)))
  for (const server of named) {
    assert.deepEqual(await administrators(server), ['operator'])
    assert.deepEqual(
      server.log.filter(({ level, fields }) => level !== 'info' && fields['event'] === 'first_admin_taken'),
      [],
    )
  }
})
