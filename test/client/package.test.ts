/** What the package of the client is: built by its own settings, small, and alike in Node and for a type checker. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import client from '../../client/package.json' with { type: 'json' }
import { addSummary } from '../support/summary.ts'
import { buildClient } from '../support/client-package.ts'
import { temporaryFolder } from '../support/process.ts'
import { startTestServer } from '../support/server.ts'

const GZIP_MAX_BYTES = 5 * 1024
const ROOT = join(import.meta.dirname, '../..')
const dist = buildClient()

test('what a browser loads is under 5 KB gzipped, and nothing from outside', () => {
  const files = readdirSync(dist).filter((file) => file.endsWith('.js'))
  const texts = files.map((file) => readFileSync(join(dist, file), 'utf8'))
  const bytes = texts.reduce((sum, text) => sum + gzipSync(text).length, 0)
  addSummary(`client: ${bytes} bytes gzipped`)
  assert.ok(bytes < GZIP_MAX_BYTES, String(bytes))
  const imports = texts.flatMap((text) => [...text.matchAll(/\bfrom '([^']+)'/g)].map(([, from]) => from))
  assert.deepEqual(imports, ['./operations.js'])
  assert.ok(!('dependencies' in client))
})

test('the built client works', async () => {
  const { port } = await startTestServer()
  const { createClient } = await import(pathToFileURL(join(dist, 'client.js')).href)
  const answer = await createClient({ baseUrl: `http://localhost:${port}` }).readyz()
  assert.deepEqual([answer.status, answer.data], [200, { status: 'ok' }])
})

test('its declarations hold a program to the codes and bodies of an operation', () => {
  const folder = temporaryFolder()
  const program = (body: string, code: string) => `import { createClient } from '${join(dist, 'client.js')}'
const result = await createClient().login({ body: ${body} })
if (!result.ok && result.problem.code === '${code}') result.problem.title satisfies string
`
  const check = (text: string): string => {
    writeFileSync(join(folder, 'program.mts'), text)
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--types',
      '',
    ]
    try {
      execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), [...options, join(folder, 'program.mts')])
      return ''
    } catch (error) {
      return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
    }
  }
  assert.equal(check(program("{ email: 'ada@example.com', password: 'x' }", 'invalid_credentials')), '')
  assert.match(check(program("{ email: 'ada@example.com' }", 'invalid_credentials')), /password/)
  assert.match(check(program("{ email: 'ada@example.com', password: 'x' }", 'email_taken')), /no overlap/)
})
