/** A MongoDB that is away as the server starts, comes, turns out to be unfit, or goes away later. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { eventually } from '../support/mongodb-faults.ts'
import { startReplicaSet, startStandalone } from '../support/mongodb-servers.ts'
import { clientOf } from '../support/process-client.ts'
import { fixedPort, runToEnd, startServer, temporaryFolder } from '../support/process.ts'

async function settings(): Promise<{ readonly port: number; readonly UM_DATABASE_URL: string }> {
  const port = await fixedPort()
  return { port, UM_DATABASE_URL: `mongodb://um:secret@127.0.0.1:${port}/um_away?authSource=admin` }
}

suite('a MongoDB that is away as the server starts', { concurrency: 3 }, () => {
  test('is waited for: the server says so, is not ready, answers 503, and serves once it is there', async (t) => {
    const port = await fixedPort()
    const UM_DATABASE_URL = `mongodb://127.0.0.1:${port}/um_away`
    const dataDir = join(temporaryFolder(), 'data')
    const server = await startServer({ dataDir, settings: { UM_DATABASE_URL }, how: 'directly' })
    t.after(() => server.end('SIGKILL'))
    assert.match(server.banner.at(-1) ?? '', /^ready http:\/\/localhost:\d+ \(store away\)$/)
    const send = clientOf(server.url)
    for (const request of ['GET /readyz', 'GET /.well-known/jwks.json'] as const) {
      const { status, body, headers } = await send(request)
      assert.deepEqual([status, body.code], [503, 'store_unavailable'], request)
      assert.ok(Number(headers.get('retry-after')) > 0)
    }
    assert.equal((await send('GET /livez')).status, 200)
    const mongodb = await startReplicaSet({ members: 1, port })
    await eventually(async () => (await send('GET /readyz')).status === 200)
    assert.equal((await send('GET /.well-known/jwks.json')).status, 200)
    await mongodb.stop()
    const began = performance.now()
    const refused = await send('POST /users/reset-password', { body: { email: 'ada@example.com' } })
    assert.equal(refused.status, 503)
    assert.ok(performance.now() - began < 10_000)
    assert.equal((await server.end('SIGTERM')).code, 0)
  })

  test('ends the server with code 4 and the remedy where it turns out to stand alone', async (t) => {
    const { port } = await settings()
    const UM_DATABASE_URL = `mongodb://127.0.0.1:${port}/um_away`
    const dataDir = join(temporaryFolder(), 'data')
    const server = await startServer({ dataDir, settings: { UM_DATABASE_URL } })
    const alone = await startStandalone({ port })
    t.after(() => alone.stop())
    const { code, stderr } = await server.ended
    assert.equal(code, 4)
    assert.match(stderr, /^user-management: This mongod stands alone.*--replSet rs0.*rs\.initiate\(\)/m)
  })

  test('keeps the password in its URL to itself', async (t) => {
    const { UM_DATABASE_URL } = await settings()
    const dataDir = join(temporaryFolder(), 'data')
    const server = await startServer({ dataDir, settings: { UM_DATABASE_URL }, how: 'directly' })
    t.after(() => server.end('SIGKILL'))
    assert.match(server.stdout(), /^ {2}Data {3}mongodb:\/\/127\.0\.0\.1:\d+\/um_away$/m)
    assert.doesNotMatch(server.stdout() + server.stderr(), /secret/)
  })
})

test('another master key than the one of the database is refused on MongoDB too', async (t) => {
  const mongodb = await startReplicaSet({ members: 1 })
  t.after(() => mongodb.stop())
  const given = { UM_DATABASE_URL: mongodb.url }
  const first = await startServer({
    dataDir: join(temporaryFolder(), 'data'),
    settings: given,
    how: 'directly',
  })
  assert.equal((await first.end('SIGTERM')).code, 0)
  const dataDir = join(temporaryFolder(), 'data')
  const key = `${dataDir}.key`
  writeFileSync(key, `${'c3'.repeat(32)}\n`, { mode: 0o600 })
  const { code, stderr } = await runToEnd({ dataDir, settings: { ...given, UM_MASTER_KEY_FILE: key } })
  assert.equal(code, 4)
  assert.match(stderr, /^user-management: The master key file is not the one .*UM_MASTER_KEY_FILE/m)
})
