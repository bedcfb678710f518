/** The first administrator where MongoDB is away as the server starts: settled as soon as it is there. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { startReplicaSet } from '../support/mongodb-servers.ts'
import { clientOf } from '../support/process-client.ts'
import { fixedPort, startServer, temporaryFolder, until } from '../support/process.ts'

const password = 'nine quiet harbour lamps'

suite('with MongoDB away at the start', { concurrency: 2 }, () => {
  test('the link, or the end for refused settings, comes once MongoDB does', async (t) => {
    const port = await fixedPort()
    const UM_DATABASE_URL = `mongodb://127.0.0.1:${port}/um_first_admin`
    const dataDir = join(temporaryFolder(), 'data')
    const file = join(dataDir, 'setup-link')
    const server = await startServer({ dataDir, settings: { UM_DATABASE_URL }, how: 'directly' })
    t.after(() => server.end('SIGKILL'))
    const common = join(temporaryFolder(), 'password')
    writeFileSync(common, 'password')
    const refused = await startServer({
      dataDir: join(temporaryFolder(), 'data'),
      settings: {
        UM_DATABASE_URL: `mongodb://127.0.0.1:${port}/um_refused_admin`,
        UM_ADMIN_EMAIL: 'keeper@first.example',
        UM_ADMIN_PASSWORD_FILE: common,
      },
      how: 'directly',
    })
    t.after(() => refused.end('SIGKILL'))
    for (const { banner } of [server, refused]) {
      assert.match(banner.at(-1) ?? '', / \(store away\)$/)
      assert.doesNotMatch(banner.join('\n'), /administrator/)
    }
    assert.equal(existsSync(file), false)

    const mongodb = await startReplicaSet({ members: 1, port })
    t.after(() => mongodb.stop())
    await until(() => (existsSync(file) ? true : null), 'a setup link')
    const token = readFileSync(file, 'utf8').trim().split('/').at(-1) ?? ''
    await until(() => (server.stdout().includes('No administrator yet.') ? true : null), 'a word about it')
    assert.ok(!(server.stdout() + server.stderr()).includes(token))
    const form = { token, username: 'keeper', email: 'keeper@first.example', password }
    const done = await clientOf(server.url)('POST /account/setup', { form })
    assert.equal(done.status, 200, done.text)
    assert.equal(existsSync(file), false)

    const { code, stderr } = await refused.ended
    assert.equal(code, 4)
    assert.match(stderr, /^user-management: The file of UM_ADMIN_PASSWORD_FILE must hold another password: /m)
  })
})
