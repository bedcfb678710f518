/** Commands for one database never reach a server that has another, though both have one data folder. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { openControl } from '../../src/control.ts'
import { temporaryFolder } from '../support/process.ts'
import { startTestServer } from '../support/server.ts'

const elsewhere = join(temporaryFolder(), 'others.db')
const { app, port } = await startTestServer({ UM_DATABASE_URL: 'sqlite:first.db' })
const configOf = (url?: string) =>
  loadConfig({ UM_DATA_DIR: app.dataDir, ...(url !== undefined && { UM_DATABASE_URL: url }) })

test('a command for another database is refused, with both names, and makes nothing', async () => {
  for (const [url, name] of [
    [undefined, 'users.db'],
    ['sqlite:second.db', 'second.db'],
    [`sqlite:${elsewhere}`, elsewhere],
  ] as const) {
    await assert.rejects(openControl(configOf(url)), ({ code, message }) => {
      assert.equal(code, 'start_refused')
      assert.ok(message.includes(` has the database first.db, and these settings name ${name};`), message)
      return true
    })
    assert.ok(!existsSync(join(app.dataDir, name)))
  }
  assert.ok(!existsSync(elsewhere))
})

test('a command for its database reaches the server, however the file is spelt', async () => {
  for (const spelt of ['first.db', './first.db', join(app.dataDir, 'first.db')]) {
    const control = await openControl(configOf(`sqlite:${spelt}`))
    const { status } = await control.request('GET', '/users?limit=1')
    await control.close()
    assert.equal(status, 200, spelt)
  }
})

test('the name of the database is told to the operator alone', async () => {
  assert.equal((await fetch(`http://localhost:${port}/control/database`)).status, 404)
})
