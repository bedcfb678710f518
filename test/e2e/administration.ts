/**
 * What an administrator does, from the first start to the audit, on the spawned server: the same on every engine. A file
 * travels it once, since its tests rely on each other.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { clientOf, mailTo, type Client } from '../support/process-client.ts'
import { startServer, temporaryFolder, type ServerProcess } from '../support/process.ts'

const folder = temporaryFolder()
export const dataDir = join(folder, 'data')
const boss = { email: 'ada.boss@office.example', password: 'punched cards in a long row' }
const guest = { username: 'Konrad.Zuse', email: 'konrad.zuse@office.example' }
const guestPassword = 'relays clicking all night'
const others = ['alan', 'barbara', 'claude', 'dorothy', 'edsger']

let server: ServerProcess
let call: Client
let admin = ''
let adminId = ''
let guestId = ''

/** Registers the tests, for a server on this engine. */
export function administration(settings: () => Promise<Readonly<Record<string, string>>>): void {
  before(async () => {
    const [passwordFile, rolesFile] = [join(folder, 'admin-password'), join(folder, 'roles.json')]
    writeFileSync(passwordFile, `${boss.password}\n`, { mode: 0o600 })
    writeFileSync(rolesFile, JSON.stringify({ support: ['users:read'] }))
    server = await startServer({
      dataDir,
      settings: {
        UM_ADMIN_EMAIL: boss.email,
        UM_ADMIN_PASSWORD_FILE: passwordFile,
        UM_ROLES_FILE: rolesFile,
        UM_LOG_LEVEL: 'debug',
        ...(await settings()),
      },
    })
    call = clientOf(server.url)
  })
  after(() => server.end('SIGKILL'))
  arrival()
  lists()
  access()
  farewell()
}

async function signIn(email: string, password: string) {
  const { status, body, text } = await call('POST /users/login', { body: { email, password } })
  assert.equal(status, 200, text)
  return body
}

function arrival(): void {
  test('the administrator of the settings signs in after the first start', async () => {
    const { access_token: token, user } = await signIn(boss.email, boss.password)
    assert.ok(user.roles.includes('admin'))
    assert.equal(user.email_verified, true)
    admin = token
    adminId = user.id
  })

  test('a created user sets a password with the mailed link and signs in', async () => {
    const created = await call('POST /users', { token: admin, body: guest })
    assert.equal(created.status, 201, created.text)
    guestId = created.body.id
    assert.equal(created.headers.get('location'), `/users/${guestId}`)
    const early = await call('POST /users/login', { body: { email: guest.email, password: guestPassword } })
    assert.equal(early.body.code, 'invalid_credentials')

    const { links, tokens } = await mailTo(call, guest.email, 'set_password')
    assert.deepEqual(links, [`${server.url}/users/reset-password/${tokens[0]}`])
    const page = await call(`GET /users/reset-password/${tokens[0]}`)
    assert.equal(page.status, 200)
    const body = { password: guestPassword }
    assert.equal((await call(`POST /users/reset-password/${tokens[0]}`, { body })).status, 200)
    const { user } = await signIn(guest.email, guestPassword)
    assert.deepEqual([user.id, user.email_verified], [guestId, true])
  })
}

function lists(): void {
  test('users are searched, sorted, and found page by page through the links', async () => {
    for (const username of others) {
      const body = { username, email: `${username}@lab.example` }
      assert.equal((await call('POST /users', { token: admin, body })).status, 201)
    }
    const found = await call('GET /users?search=KONRAD', { token: admin })
    assert.deepEqual(
      found.body.items.map(({ id }) => id),
      [guestId],
    )
    const names: string[] = []
    let next: string | undefined = `${server.url}/users?sort=-username&limit=3`
    for (let pages = 0; next !== undefined && pages < 10; pages += 1) {
      const page = await call(`GET ${next.slice(server.url.length)}`, { token: admin })
      assert.equal(page.status, 200, page.text)
      assert.ok(page.body.items.length <= 3)
      names.push(...page.body.items.map(({ username }) => username))
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1]
    }
    assert.deepEqual(names, [guest.username, ...others.toReversed(), 'admin'])
  })
}

function access(): void {
  const change = (body: object) => call(`PATCH /users/${guestId}`, { token: admin, body })

  test('a promoted user works at once, and a demoted one is out at once', async () => {
    const { access_token: token } = await signIn(guest.email, guestPassword)
    assert.equal((await call('GET /users', { token })).body.code, 'permission_denied')
    const promoted = await change({ roles: ['support', 'user'] })
    assert.deepEqual(promoted.body.roles, ['support', 'user'])
    assert.equal((await call('GET /users', { token })).status, 200)
    const overreach = await call(`DELETE /users/${adminId}`, { token })
    assert.equal(overreach.body.code, 'permission_denied')
    assert.equal((await change({ roles: ['user'] })).status, 200)
    assert.equal((await call('GET /users', { token })).body.code, 'session_revoked')
  })

  test('a disabled user stays out until it is enabled again', async () => {
    const { access_token: token } = await signIn(guest.email, guestPassword)
    assert.equal((await change({ status: 'disabled' })).body.status, 'disabled')
    assert.equal((await call('GET /users/profile', { token })).body.code, 'session_revoked')
    const login = await call('POST /users/login', { body: { email: guest.email, password: guestPassword } })
    assert.deepEqual([login.status, login.body.code], [403, 'account_disabled'])
    assert.equal((await change({ status: 'active' })).body.status, 'active')
    await signIn(guest.email, guestPassword)
  })

  test('signing out ends what the list of sessions shows', async () => {
    const { access_token: token } = await signIn(guest.email, guestPassword)
    const { body } = await call(`GET /users/${guestId}/sessions`, { token: admin })
    assert.equal(body.items.length, 2)
    const out = await call(`POST /users/${guestId}/sign-out`, { token: admin })
    assert.deepEqual([out.status, out.body.sessions_revoked], [200, 2])
    assert.equal((await call('GET /users/profile', { token })).body.code, 'session_revoked')
  })
}

function farewell(): void {
  test('a deleted user is gone, and the last administrator can not go', async () => {
    const deleted = await call(`DELETE /users/${guestId}`, { token: admin })
    assert.equal(deleted.status, 200, deleted.text)
    assert.ok(deleted.body.retained.length > 0)
    assert.equal((await call(`GET /users/${guestId}`, { token: admin })).body.code, 'user_not_found')
    assert.deepEqual((await call('GET /users?search=konrad', { token: admin })).body.items, [])
    const last = await call(`DELETE /users/${adminId}`, { token: admin })
    assert.deepEqual([last.status, last.body.code], [409, 'last_admin'])
    await signIn(boss.email, boss.password)
  })

  test('the audit tells all of it, the newest first, and nothing personal; nor does the log', async () => {
    const query = `user_id=${guestId}&actor_id=${adminId}`
    const audit = await call(`GET /audit?${query}`, { token: admin })
    const actions = audit.body.items.map(({ action }) => action)
    const changes = Array.from({ length: 4 }, () => 'change-access')
    assert.deepEqual(actions, ['delete-user', 'sign-out', ...changes, 'create-user'])
    const printed = server.stdout() + server.stderr()
    assert.ok(printed.length > 200)
    const all = await call('GET /audit?limit=100', { token: admin })
    for (const personal of ['onrad', 'office.example', 'lab.example', boss.password, guestPassword])
      assert.ok(!(printed + all.text).includes(personal), personal)
  })
}
