import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routes } from '../../src/http/routes.ts'
import { buildServer } from '../../src/http/server.ts'
import { startTestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'

const testServer = await startTestServer()
const { deps } = testServer
const surroundings = {
  mode: 'development',
  corsOrigins: [],
  inbox: null,
  control: false,
  stopping: new AbortController().signal,
  notReady: async () => null,
} as const

test('a route that names no access stops the start', async () => {
  for (const access of [undefined, null, '']) {
    const unguarded = routes.map((one) => (one.operationId === 'profileRead' ? { ...one, access } : one))
    const build = () => buildServer({ deps, surroundings, routes: unguarded as typeof routes })
    await assert.rejects(build, /profileRead names no access/)
  }
})

test('no two operations share a name, a method and path, or an operation without a summary', () => {
  const ids = routes.map(({ operationId }) => operationId)
  const addresses = routes.map(({ method, path }) => `${method} ${path}`)
  assert.equal(new Set(ids).size, ids.length)
  assert.equal(new Set(addresses).size, addresses.length)
  assert.ok(routes.every(({ summary, tag }) => summary !== '' && tag !== ''))
})

test('only these operations are public', () => {
  const open = routes
    .filter((one) => !one.undocumented && one.access === 'public')
    .map((one) => one.operationId)
  assert.deepEqual(open.toSorted(), [
    'devMailMessages',
    'devMailPage',
    'discovery',
    'docs',
    'errorIndex',
    'errorPage',
    'jwks',
    'livez',
    'login',
    'openapi',
    'readyz',
    'refresh',
    'register',
    'resetPasswordConfirm',
    'resetPasswordForm',
    'resetPasswordPage',
    'resetPasswordRequest',
    'setupForm',
    'setupPage',
    'verifyEmailForm',
    'verifyEmailPage',
    'verifyEmailRequest',
  ])
})

test('a request whose store never answers ends within ten seconds, and says that it may be sent again', async () => {
  const variant = await startVariant(testServer)
  variant.fault = (call) => (call === 'store.putToken' ? new Promise<never>(() => {}) : null)
  const began = performance.now()
  const json = { email: 'ada@example.com' }
  const answer = await variant.client.send('POST', '/users/reset-password', { json })
  assert.ok(performance.now() - began < 10_000)
  assert.deepEqual([answer.status, answer.problem.code], [503, 'store_unavailable'])
})
