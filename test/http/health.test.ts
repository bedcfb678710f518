import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'

const server = await startTestServer()

test('a running server is alive and ready', async () => {
  for (const path of ['/livez', '/readyz']) {
    const answer = await server.client.send('GET', path)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json(), { status: 'ok' })
  }
})

test('what is missing makes it not ready, and alive all the same', async () => {
  const detail = 'The disk is full.'
  const { client } = await startVariant(server, { surroundings: { notReady: async () => detail } })
  const answer = await client.send('GET', '/readyz')
  assert.equal(answer.problem.code, 'store_unavailable')
  assert.equal(answer.problem.detail, detail)
  assert.equal((await client.send('GET', '/livez')).status, 200)
})
