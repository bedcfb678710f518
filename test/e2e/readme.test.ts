/** The blocks of README.md that are marked as tests, run word for word with bash against a fresh instance. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { Body } from '../support/process-client.ts'
import { startServer, temporaryFolder, type ServerProcess } from '../support/process.ts'
import { addSummary } from '../support/summary.ts'

const ROOT = join(import.meta.dirname, '../..')
const README_URL = 'http://localhost:8080'
/** Bash writes a line before each command, so that the answers of curl, which end without one, can be told apart. */
const SEPARATOR = '--- next command ---'
const SEPARATE = `trap 'echo; echo "${SEPARATOR}"' DEBUG`
const ASK_AGAIN = `curl -s -w '\\n%{http_code}' "$URL/users/profile" -H "Authorization: Bearer $TOKEN"`

/** Between a fence whose info string has the word `test` and its end. */
function testedBlocks(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```sh\b[^\n]*\btest\b[^\n]*\n([^]*?)^```$/gm)].map((match) => match[1] ?? '')
}

/** On the port that the README names; on any other only where somebody else has that one. */
async function startAsInReadme(): Promise<ServerProcess> {
  const dataDir = join(temporaryFolder(), 'data')
  try {
    return await startServer({ dataDir, settings: { UM_PORT: '8080' } })
  } catch (error) {
    if (!String(error).includes('8080 is taken')) throw error
    addSummary('README: port 8080 was taken, so its tour ran on another one')
    return startServer({ dataDir })
  }
}

const blocks = testedBlocks(readFileSync(join(ROOT, 'README.md'), 'utf8'))

test('the tour of the README does what it says, word for word, down to a token that is refused', async (t) => {
  assert.equal(blocks.length, 1, 'the README has one tour')
  const server = await startAsInReadme()
  t.after(() => server.end('SIGKILL'))
  const [tour = ''] = blocks
  assert.ok(tour.includes(README_URL))
  const script = [SEPARATE, tour.replaceAll(README_URL, server.url), ASK_AGAIN].join('\n')
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script], { timeout: 60_000 })
  assert.equal(stderr, '')

  const printed = stdout
    .split(SEPARATOR)
    .map((answer) => answer.trim())
    .filter((answer) => answer !== '')
  const refused = printed.pop()?.split('\n') ?? []
  const answers = printed.map((answer): Partial<Body> => JSON.parse(answer))
  const [registered, read, changed, asked, reset, receipt, ...more] = answers
  assert.deepEqual([registered?.username, registered?.email], ['ada', 'ada@example.com'])
  assert.equal(read?.id, registered?.id)
  assert.deepEqual(changed?.profile, { display_name: 'Ada Lovelace' })
  assert.deepEqual(asked, { status: 'accepted' })
  assert.deepEqual([reset?.status, reset?.sessions_revoked], ['password_changed', 1])
  assert.match(receipt?.deletion_id ?? '', /^[0-9a-f-]{36}$/)
  assert.deepEqual(more, [])
  assert.equal(refused[1], '401')
  assert.match(refused[0] ?? '', /"code":"session_revoked"/)
})

test('everything that the README links to in this repository is there', () => {
  const links = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
  assert.ok(links.length > 3)
  for (const [, target = ''] of links) assert.ok(existsSync(join(ROOT, target)), target)
})
