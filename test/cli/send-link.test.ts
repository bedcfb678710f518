/** A mailed link leads to the server, or is not mailed. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { clientOf } from '../support/process-client.ts'
import { runToEnd, startServer, temporaryFolder, type Ended } from '../support/process.ts'
import { rowsOf } from './journey.ts'

const dataDir = join(temporaryFolder(), 'data')

/** Like the server here with UM_PORT=0, and with no address unless it is given. */
function command(line: string, settings: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return runToEnd({ dataDir, settings, words: line.split(' ') })
}

test('without a server, port and address no link is mailed, and nobody is created', async () => {
  const refused = await command('users create bob bob@example.com --send-link')
  assert.deepEqual([refused.code, refused.stdout], [4, ''])
  assert.match(refused.stderr, /^user-management: With UM_PORT=0 .*set UM_PUBLIC_URL .*or UM_PORT/)
  assert.ok(!existsSync(join(dataDir, 'users.db')))
})

test('with an address the link leads there, and beside a running server to its port', async () => {
  const settings = { UM_PUBLIC_URL: 'http://localhost:18080' }
  const early = await command('users create ada ada@example.com --send-link', settings)
  assert.equal(early.code, 0, early.stderr)
  const server = await startServer({ dataDir })
  try {
    const late = await command('users create bob bob@example.com --send-link')
    assert.equal(late.code, 0, late.stderr)
    const listed = await command('users list --output ndjson')
    assert.equal(rowsOf(listed).length, 2)
    const places = { 'ada@example.com': 'http://localhost:18080', 'bob@example.com': server.url }
    for (const [to, place] of Object.entries(places)) {
      const query = new URLSearchParams({ to, kind: 'set_password', wait: '20' })
      const { body } = await clientOf(server.url)(`GET /dev/mail/messages?${query.toString()}`)
      assert.equal(new URL(body.messages[0]?.links[0] ?? '').origin, new URL(place).origin)
    }
  } finally {
    await server.end('SIGKILL')
  }
})
