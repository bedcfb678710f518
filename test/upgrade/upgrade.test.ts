/** The upgrade contract: a database that an earlier release has left is opened, and everybody in it goes on. */
import assert from 'node:assert/strict'
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { createClient } from '../../client/src/client.ts'
import { startApp, type App } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { migrations } from '../../src/store/sqlite/schema.ts'
import { temporaryFolder } from '../support/process.ts'
import { addSummary } from '../support/summary.ts'
import type { UpgradeFixture } from '../support/upgrade-fixture.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures')
const PASSWORD = 'eighteen soft summer rains'
const releases = globSync('*.sqlite', { cwd: FIXTURES })
  .map((file) => basename(file, '.sqlite'))
  .toSorted()

interface Opened {
  readonly app: App
  readonly fixture: UpgradeFixture
  readonly databaseFile: string
}

/** A server of this version on a copy of the database, at the time when it was left. */
async function open(release: string): Promise<Opened> {
  const fixture: UpgradeFixture = JSON.parse(readFileSync(join(FIXTURES, `${release}.json`), 'utf8'))
  const dataDir = join(temporaryFolder(), 'data')
  mkdirSync(dataDir, { mode: 0o700 })
  const databaseFile = join(dataDir, 'users.db')
  copyFileSync(join(FIXTURES, `${release}.sqlite`), databaseFile)
  writeFileSync(join(dataDir, 'master.key'), `${fixture.masterKey}\n`, { mode: 0o600 })
  const began = Date.now()
  const clock = { now: () => fixture.madeAt + 60_000 + Date.now() - began }
  const log = { info() {}, warn() {}, error() {} }
  const app = await startApp(loadConfig({ UM_DATA_DIR: dataDir, UM_PORT: '0' }), { log, clock })
  after(() => app.stop())
  return { app, fixture, databaseFile }
}

test('there is a database of the first release', () => assert.ok(releases.includes('0.1.0')))

for (const release of releases) {
  test(`everybody in a database of ${release} goes on with this version`, async () => {
    const { app, fixture, databaseFile } = await open(release)
    const client = createClient({ baseUrl: app.publicUrl })
    const refreshed = await client.refresh({ body: { refresh_token: fixture.refreshToken } })
    assert.ok(refreshed.ok, JSON.stringify(refreshed))
    assert.equal(refreshed.data.user.profile['display_name'], 'Ada Lovelace')
    assert.equal(refreshed.data.user.locale, 'de')
    assert.equal(refreshed.data.user.email_verified, true)

    for (const body of fixture.signIns) {
      for (const attempt of ['with the hash that was there', 'with the one that took its place']) {
        const signedIn = await createClient({ baseUrl: app.publicUrl }).login({ body })
        assert.ok(signedIn.ok, `${body.username} ${attempt}: ${JSON.stringify(signedIn)}`)
      }
    }
    const { code, ...refused } = fixture.refused
    const answer = await client.login({ body: refused })
    assert.equal(answer.ok ? null : answer.problem.code, code)
    const wrong = await client.login({ body: { username: 'ada', password: PASSWORD } })
    assert.equal(wrong.ok ? null : wrong.problem.code, 'invalid_credentials')

    assert.ok(
      (
        await client.resetPasswordConfirm({
          params: { token: fixture.resetToken },
          body: { password: PASSWORD },
        })
      ).ok,
    )
    assert.ok((await client.login({ body: { username: 'ada', password: PASSWORD } })).ok)
    const [, , mover] = fixture.signIns
    const moved = await createClient({ baseUrl: app.publicUrl }).verifyEmailConfirm({
      params: { token: fixture.changeEmailToken },
      body: { password: mover?.password ?? '' },
    })
    assert.equal(moved.ok ? moved.data.email : moved.problem.code, 'moved@example.com')
    const invited = { params: { token: fixture.setPasswordToken }, body: { password: PASSWORD } }
    assert.ok((await client.resetPasswordConfirm(invited)).ok)

    const deleted = Uint8Array.fromHex(fixture.deletedIdHash)
    assert.equal((await app.deps.store.findDeletions([deleted])).length, 1)
    const { findings } = await app.deps.store.verify({ cursor: null })
    assert.deepEqual(findings, [])
    const now = new DatabaseSync(databaseFile, { readOnly: true })
    assert.equal(now.prepare('PRAGMA user_version').get()?.['user_version'], migrations.at(-1)?.version)
    now.close()
    addSummary(
      `opened from ${release}: ${fixture.signIns.length} users of each kind of hash signed in, 0 refused`,
    )
  })
}

function schemaOf(databaseFile: string): readonly unknown[] {
  const database = new DatabaseSync(databaseFile, { readOnly: true })
  const rows = database.prepare(
    "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
  )
  const schema = rows.all().map(({ type, name, sql }) => [type, name, String(sql).replaceAll(/\s+/g, ' ')])
  database.close()
  return schema
}

for (const release of releases) {
  test(`a database of ${release} becomes what a new one is`, async () => {
    const { databaseFile } = await open(release)
    const dataDir = join(temporaryFolder(), 'data')
    const log = { info() {}, warn() {}, error() {} }
    const fresh = await startApp(loadConfig({ UM_DATA_DIR: dataDir, UM_PORT: '0' }), { log })
    after(() => fresh.stop())
    assert.deepEqual(schemaOf(databaseFile), schemaOf(join(dataDir, 'users.db')))
  })
}

test('a device of that time is still known: the failures of strangers don’t lock it out', async () => {
  const { app, fixture } = await open('0.1.0')
  const client = createClient({ baseUrl: app.publicUrl })
  for (let guess = 0; guess < 8; guess += 1)
    await client.login({ body: { username: 'ada', password: `wrong password ${guess}` } })
  const right = { username: 'ada', password: fixture.signIns[1]?.password ?? '' }
  assert.equal((await client.login({ body: right })).status, 401)
  assert.equal((await client.login({ body: { ...right, device_token: fixture.deviceToken } })).status, 200)
})
