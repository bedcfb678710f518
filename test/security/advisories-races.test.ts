/** What broke elsewhere when many asked at once (security: section 2.3). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'

test('of many requests of a network at once exactly as many are let through as its limit says (row 24)', async () => {
  const { client } = await startTestServer({ UM_RATE_LIMITS: 'mail=40/h' })
  const ask = (number: number) =>
    client.send('POST', '/users/reset-password', { json: { email: `nobody${number}@example.com` } })
  const answers = await Promise.all(Array.from({ length: 500 }, (_, number) => ask(number)))
  const statuses = answers.map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 202).length, 40)
  assert.equal(statuses.filter((status) => status === 429).length, 460)
})

test('of many attempts of one bucket in the store at once exactly as many count as fit (row 24)', async () => {
  const { deps } = await startTestServer()
  const now = deps.clock.now()
  for (const durable of [false, true]) {
    const hit = { key: `race-${durable}`, cost: 1, limit: 100, windowMs: 60_000, durable }
    const results = await Promise.all(Array.from({ length: 500 }, () => deps.store.hit({ hits: [hit], now })))
    assert.equal(results.flat().filter(({ admitted }) => admitted).length, 100)
    const counts = results.flat().flatMap(({ admitted, count }) => (admitted ? [count] : []))
    assert.equal(new Set(counts).size, 100, 'each of them was another one')
  }
})
