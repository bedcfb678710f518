/** What a real server says at level debug, on a pipe. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer, temporaryFolder } from '../support/process.ts'

test('at level debug every request is a line of JSON: its template, and nothing of what was asked', async () => {
  const settings = { UM_LOG_LEVEL: 'debug', UM_INTERNAL_PORT: '0' }
  const server = await startServer({ dataDir: temporaryFolder(), settings, how: 'directly' })
  const metrics = server.banner
    .find((line) => line.startsWith('  Metrics  http://'))
    ?.split(/ +/)
    .at(-1)
  assert.equal((await fetch(metrics ?? '')).status, 200)
  const headers = { 'x-request-id': '0197c0de-0000-7000-8000-000000000001', 'user-agent': 'zqx-agent' }
  const json = { 'content-type': 'application/json', ...headers }
  const body = JSON.stringify({ password: 'zqx-password of four words' })
  await fetch(`${server.url}/users/reset-password/zqx-token?x=zqx`, { method: 'POST', headers: json, body })
  await fetch(`${server.url}/zqx-path`, { method: 'DELETE' })
  const { stderr, code } = await server.end('SIGTERM')
  assert.equal(code, 0)
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line))
  const [page, unknown, ...more] = lines.filter(({ msg }) => msg === 'request answered')
  assert.deepEqual(more, [])
  assert.equal(typeof page?.['ms'], 'number')
  assert.deepEqual(
    { ...page, time: '', ms: 0 },
    {
      level: 20,
      time: '',
      method: 'POST',
      route: '/users/reset-password/{token}',
      status: 400,
      code: 'reset_token_invalid',
      ms: 0,
      requestId: headers['x-request-id'],
      msg: 'request answered',
    },
  )
  assert.deepEqual([unknown?.['route'], unknown?.['status'], unknown?.['code']], ['none', 404, 'not_found'])
  assert.doesNotMatch(stderr, /zqx/)
})
