/** What `healthcheck` ends with; that of a server that runs is in test/deploy/image.test.ts. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { fixedPort, runToEnd, temporaryFolder } from '../support/process.ts'

const dataDir = temporaryFolder()

/** Alive and not ready, as a server is whose database is away. */
const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`)
  response.writeHead(request.url === '/livez' ? 200 : 503).end('{}')
})
server.listen(await fixedPort(), 'localhost')
await once(server, 'listening')
after(() => server.close())
const address = server.address()
const port = typeof address === 'object' && address ? String(address.port) : assert.fail()

async function check(settings: Readonly<Record<string, string>>, ...words: readonly string[]) {
  return runToEnd({ dataDir, settings, words: ['healthcheck', ...words], how: 'directly' })
}

test('a server that is alive and not ready fails, unless it is only to be alive', async () => {
  const notReady = await check({ UM_PORT: port })
  assert.equal(notReady.code, 1, notReady.stderr)
  assert.match(notReady.stderr, /\/readyz was answered with 503/)
  const alive = await check({ UM_PORT: port }, '--live')
  assert.equal(alive.code, 0, alive.stderr)
  assert.deepEqual(asked, ['GET /readyz', 'GET /livez'])
})

test('where nobody answers it says so, and a port that is not known is a matter of the settings', async () => {
  const nobody = await check({ UM_PORT: String(await fixedPort()) })
  assert.equal(nobody.code, 5, nobody.stderr)
  const unknown = await check({ UM_PORT: '0' })
  assert.equal(unknown.code, 4)
  assert.match(unknown.stderr, /UM_PORT is 0/)
})
