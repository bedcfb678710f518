/** The control socket, from both of its ends, without processes of their own. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { answers, controlPath } from '../../src/control-listener.ts'
import { openControl, type Control } from '../../src/control.ts'
import { controlRoutes } from '../../src/http/control-routes.ts'
import { routes } from '../../src/http/routes.ts'
import { temporaryFolder } from '../support/process.ts'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer()
const { dataDir } = server.app
const socket = controlPath(dataDir)
let control: Control | null = null
after(() => control?.close())

/** A server of its own with this data folder; what its log has warned of. */
async function warningsOf(folder: string): Promise<readonly string[]> {
  const warnings: string[] = []
  const log = {
    info: () => undefined,
    warn: (fields: Readonly<Record<string, unknown>>) => void warnings.push(String(fields['event'])),
    error: () => undefined,
  }
  const app = await startApp(loadConfig({ UM_DATA_DIR: folder, UM_PORT: '0' }), { log })
  await app.stop()
  return warnings
}

test('the socket is made with mode 0600 and answers without an account', async () => {
  assert.equal(statSync(socket).mode & 0o777, 0o600)
  control = await openControl(loadConfig({ UM_DATA_DIR: dataDir }))
  const { status, json } = await control.request('GET', '/users?limit=1')
  assert.equal(status, 200)
  assert.deepEqual(json, { items: [], next: null, previous: null })
})

test('what only the operator may do is at no address of the public listener, with a token or without', async () => {
  const admin = await server.newUser({ roles: ['admin'] })
  const { access_token: token } = await server.signIn(admin)
  const operators = controlRoutes.filter(({ access }) => access === 'operator')
  assert.ok(operators.length >= 5)
  for (const { method, path } of operators) {
    const url = `http://localhost:${server.port}${path.replace(/\{\w+\}/, 'x')}`
    for (const headers of [{}, { authorization: `Bearer ${token}` }]) {
      const answer = await fetch(url, { method, headers })
      assert.equal(answer.status, 404, `${method} ${path}`)
    }
  }
})

test('the socket serves administration only: no sign-in, no pages, no routes of owners', async () => {
  assert.ok(control)
  for (const { method, path } of routes.filter(({ access }) => access === 'public' || access === 'owner')) {
    const served = controlRoutes.some((one) => one.method === method && one.path === path)
    assert.ok(!served, `${method} ${path}`)
  }
  const { status } = await control.request('POST', '/users/login', { username: 'x', password: 'y' })
  assert.ok(status === 404 || status === 405)
})

test('a user is found by id, address and username, and by nothing else', async () => {
  assert.ok(control)
  const { id, username, email } = await server.newUser()
  for (const name of [id, id.toUpperCase(), username, username.toUpperCase(), email]) {
    const { status, json } = await control.request('GET', `/control/user?name=${encodeURIComponent(name)}`)
    assert.deepEqual([status, Object(json).id], [200, id])
  }
  for (const name of ['nobody', 'nobody@example.com', server.deps.ids.next(), ' ', "' or 1=1"]) {
    const { status } = await control.request('GET', `/control/user?name=${encodeURIComponent(name)}`)
    assert.equal(status, 404, name)
  }
})

test('a name or an address that is taken is named to the operator, whatever the disclosure', async () => {
  assert.ok(control)
  const { username, email } = await server.newUser()
  const body = { username, email, password: 'correct horse battery staple' }
  const { status, json } = await control.request('POST', '/control/users', body)
  assert.deepEqual([status, Object(json).code, Object(json).errors.length], [409, 'email_taken', 2])
})

test('a server that goes away in the middle ends the request as unreachable', async () => {
  const folder = temporaryFolder()
  const dying = createServer((request, response) => {
    if (request.url === '/control/database') response.end('{"name":"users.db"}')
    else request.destroy()
  })
  await new Promise<void>((listening) => void dying.listen(controlPath(folder), listening))
  const toDying = await openControl(loadConfig({ UM_DATA_DIR: folder }))
  await assert.rejects(toDying.request('GET', '/users'), { code: 'store_unavailable' })
  await toDying.close()
  await new Promise((closed) => void dying.close(closed))
})

test('a file of another kind with the name of the socket is left alone, and the server starts', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'control.sock'), 'mine')
  assert.deepEqual(await warningsOf(folder), ['no_control_socket'])
  assert.equal(readFileSync(join(folder, 'control.sock'), 'utf8'), 'mine')
})

test('a data folder whose path is too long for a socket starts all the same, with a warning', async () => {
  const folder = join(temporaryFolder(), 'a'.repeat(100))
  mkdirSync(folder)
  assert.deepEqual(await warningsOf(folder), ['no_control_socket'])
  assert.equal(await answers(controlPath(folder)), false)
})
