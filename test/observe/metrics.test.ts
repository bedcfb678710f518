import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '../../src/domain/errors.ts'
import { createMetrics } from '../../src/observe/metrics.ts'

const now = 1_800_000_000_000
const clock = { now: () => now }
const passwords = { waiting: () => 7, running: () => 2 }

const backlogs = [
  { oldestDueAt: now - 90_000, seconds: '90' },
  { oldestDueAt: now + 90_000, seconds: '0' },
  { oldestDueAt: null, seconds: '0' },
]
for (const { oldestDueAt, seconds } of backlogs) {
  test(`mail whose oldest is due at ${oldestDueAt} is ${seconds} seconds late`, async () => {
    const metrics = createMetrics()
    metrics.read({ store: { mailBacklog: async () => ({ waiting: 3, oldestDueAt }) }, passwords, clock })
    const text = await metrics.text()
    assert.match(text, new RegExp(`^um_mail_oldest_due_seconds ${seconds}$`, 'm'))
    assert.match(text, /^um_mail_waiting 3$/m)
    assert.match(text, /^um_password_hashes_waiting 7$/m)
    assert.match(text, /^um_password_hashes_running 2$/m)
  })
}

test('while the store is away its numbers are none, and the others are told all the same', async () => {
  const metrics = createMetrics()
  const mailBacklog = async () => Promise.reject(new DomainError('store_unavailable'))
  metrics.read({ store: { mailBacklog }, passwords, clock })
  const text = await metrics.text()
  assert.match(text, /^um_mail_waiting nan$/im)
  assert.match(text, /^um_mail_oldest_due_seconds nan$/im)
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds \d/m)
})

test('a step of the store is measured by what it came to, and answers as it would unmeasured', async () => {
  const metrics = createMetrics()
  const store = {
    constant: 1,
    found: async (id: number) => id,
    away: async () => Promise.reject(new DomainError('store_unavailable')),
    full: async () => Promise.reject(new DomainError('overloaded')),
    broken: async () => Promise.reject(new TypeError('a defect')),
  }
  const measured = metrics.timed(store)
  assert.equal(await measured.found(5), 5)
  assert.equal(measured.constant, 1)
  await assert.rejects(measured.away(), { code: 'store_unavailable' })
  await assert.rejects(measured.full(), { code: 'overloaded' })
  await assert.rejects(measured.broken(), TypeError)
  const text = await metrics.text()
  const outcomes = [
    ...text.matchAll(/^um_store_duration_seconds_count\{verb="(\w+)",outcome="(\w+)"\} (\d+)$/gm),
  ]
  assert.deepEqual(outcomes.map(([, ...each]) => each.join(' ')).toSorted(), [
    'away store_unavailable 1',
    'broken error 1',
    'found ok 1',
    'full overloaded 1',
  ])
})

test('two servers of one process count for themselves', async () => {
  const [one, other] = [createMetrics(), createMetrics()]
  const request = { method: 'GET', route: '/livez', status: 200, code: null, ms: 5, requestId: '' }
  one.onAnswered(request)
  one.onAnswered({ ...request, status: 503, code: 'overloaded' })
  assert.match(await one.text(), /^um_http_problems_total\{code="overloaded"\} 1$/m)
  assert.match(
    await one.text(),
    /^um_http_request_duration_seconds_sum\{method="GET",route="\/livez",status="200"\} 0.005$/m,
  )
  assert.doesNotMatch(await other.text(), /livez|code="/)
})
