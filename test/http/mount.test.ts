import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routes } from '../../src/http/routes.ts'
import { buildServer } from '../../src/http/server.ts'
import { startTestServer } from '../support/server.ts'

const { deps } = await startTestServer()
const surroundings = {
  mode: 'development',
  corsOrigins: [],
  inbox: null,
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
    'verifyEmailForm',
    'verifyEmailPage',
    'verifyEmailRequest',
  ])
})

test('a request whose store never answers ends within ten seconds, and says that it may be sent again', async () => {
  const silent: typeof deps.store = new Proxy(deps.store, {
    get: (store, member) =>
      member === 'putToken' ? () => new Promise(() => {}) : Reflect.get(store, member).bind(store),
  })
  const server = await buildServer({ deps: { ...deps, store: silent }, surroundings, routes })
  const began = performance.now()
  const answer = await server.inject({
    method: 'POST',
    url: '/users/reset-password',
    payload: { email: 'ada@example.com' },
  })
  assert.ok(performance.now() - began < 10_000)
  assert.equal(answer.statusCode, 503)
  assert.equal(answer.json().code, 'store_unavailable')
  assert.ok(Number(answer.headers['retry-after']) > 0)
  await server.close()
})
