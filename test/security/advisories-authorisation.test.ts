/** What broke elsewhere with permissions, lists and fields (security: section 2.5). */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DomainError } from '../../src/domain/errors.ts'
import { permissions, requireNoMore, type Permission, type RoleTable } from '../../src/domain/policy.ts'
import { isAdministrative, validRequests } from '../support/client-requests.ts'
import { startTestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-roles-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const single: Readonly<Record<string, readonly Permission[]>> = Object.fromEntries(
  permissions.map((permission) => [`only-${permission.replace(':', '-')}`, [permission]]),
)
const roles = { ...single, reader: ['users:read', 'audit:read'], granter: ['users:read', 'roles:write'] }
const file = join(folder, 'roles.json')
writeFileSync(file, JSON.stringify(roles))

const server = await startTestServer({ UM_ROLES_FILE: file })
const { client, deps, newUser, signIn } = server

test('an actor acts on exactly those whose permissions it holds itself, of all pairs of sets (row 41)', () => {
  const subsets = Array.from({ length: 2 ** permissions.length }, (_, bits) =>
    permissions.filter((_permission, index) => (bits >> index) & 1),
  )
  const table: RoleTable = Object.fromEntries(subsets.map((set, index) => [`r${index}`, set]))
  for (const held of subsets) {
    for (const [index, wanted] of subsets.entries()) {
      const act = () => requireNoMore({ userId: null, permissions: held }, [`r${index}`], table)
      if (wanted.every((permission) => held.includes(permission))) act()
      else assert.throws(act, { code: 'insufficient_privilege' })
    }
  }
})

test('who may give roles gives none with more than its own, to nobody, itself included (row 41)', async () => {
  const granter = await newUser({ roles: ['granter'] })
  const plain = await newUser()
  const { access_token: token } = await signIn(granter)
  for (const [role, granted] of Object.entries({ ...deps.rules.roles })) {
    const within = granted.every((permission) => roles.granter.some((own) => own === permission))
    for (const user of [granter, plain]) {
      const before = (await deps.store.findUser({ id: user.id }))?.roles
      const json = { roles: [...new Set([...(before ?? []), role])] }
      if (within) continue
      const answer = await client.send('PATCH', `/users/${user.id}`, { json, token })
      assert.equal(answer.problem.code, 'insufficient_privilege', role)
      assert.deepEqual((await deps.store.findUser({ id: user.id }))?.roles, before)
    }
  }
})

test('who may only read changes nothing by any operation of the document (row 45)', async () => {
  const requests = await validRequests(server)
  const { access_token: token } = await signIn(await newUser({ roles: ['reader'] }))
  const writing = client.operations.filter((one) => isAdministrative(one) && one.method !== 'GET')
  assert.ok(writing.length >= 4)
  for (const operation of writing) {
    const { method, path, sent } = requests(operation)
    const answer = await client.send(method, path, { ...sent, token })
    assert.equal(answer.problem.code, 'permission_denied', operation.operationId)
  }
})

test('any one of the permissions of a route opens it, in whatever order they stand, and nothing else does (row 48)', async () => {
  const pairs = permissions.flatMap((one) => permissions.map((other) => [one, other] as const))
  const lists = [...permissions.map((each) => [each] as const), ...pairs, permissions]
  const names = [...Object.keys(single), 'user', 'admin']
  const tokens = await Promise.all(
    names.map(async (role) => (await signIn(await newUser({ roles: [role] }))).access_token),
  )
  const answer = {
    status: 200,
    body: { items: [], next: null, previous: null },
    headers: { link: '</audit>; rel="first"' },
  } as const
  for (const access of lists) {
    const { client: probe } = await startVariant(server, {
      routes: (all) =>
        all
          .filter(({ operationId }) => operationId === 'listAudit')
          .map((one) => ({ ...one, access, handle: async () => answer })),
    })
    for (const [index, role] of names.entries()) {
      const { status } = await probe.send('GET', '/audit', { token: tokens[index] })
      const isOpen = access.some((permission) => deps.rules.roles[role]?.includes(permission))
      assert.equal(status, isOpen ? 200 : 403, `${role} at ${access.join()}`)
    }
    assert.equal((await probe.send('GET', '/audit')).status, 401)
  }
})

test('a check of the caller that fails in any way lets nobody in (row 44)', async () => {
  const { access_token: token } = await signIn(await newUser({ roles: ['admin'] }))
  const variant = await startVariant(server)
  assert.equal((await variant.client.send('GET', '/users', { token })).status, 200)
  const steps = [...new Set(variant.calls.slice(0, variant.calls.indexOf('store.listUsers')))]
  assert.ok(steps.includes('accessTokens.verify') && steps.length >= 2, steps.join())
  for (const failure of [new TypeError('a defect'), new DomainError('store_unavailable')]) {
    for (const step of steps) {
      variant.fault = (call) => (call === step ? failure : null)
      variant.calls.length = 0
      const { status } = await variant.client.send('GET', '/users', { token })
      assert.ok(status >= 500, `${step} ${status}`)
      assert.ok(!variant.calls.includes('store.listUsers'), 'what it asked for was not even looked up')
    }
  }
})

test('no list is sorted, filtered or shown by a field that its answers do not have (rows 46, 53, 54)', async () => {
  const { access_token: token } = await signIn(await newUser({ roles: ['admin'] }))
  const hidden = [
    'password_hash',
    'passwordHash',
    'epoch',
    'version',
    'secret',
    'a.b',
    '$where',
    'email,id',
    'id;x',
  ]
  for (const [path, names] of [
    ['/users', ['sort', 'fields', 'select', 'projection', 'filter']],
    ['/audit', ['sort', 'fields', 'action', 'detail']],
  ] as const) {
    for (const name of names) {
      for (const value of hidden) {
        for (const query of [
          `${name}=${encodeURIComponent(value)}`,
          `${name}[$ne]=x`,
          `${encodeURIComponent(value)}=1`,
        ]) {
          const answer = await client.send('GET', `${path}?${query}`, { token })
          assert.equal(answer.status, 422, `${path}?${query} ${answer.text}`)
        }
      }
    }
  }
})

test('a place in a list can be neither made up nor altered, and not taken to another list (row 54)', async () => {
  const { access_token: token } = await signIn(await newUser({ roles: ['admin'] }))
  const page = await client.send('GET', '/users?limit=1', { token })
  const { next } = page.json<{ next: string }>()
  assert.equal((await client.send('GET', `/users?limit=1&cursor=${next}`, { token })).status, 200)
  const forged = Buffer.from(JSON.stringify({ value: 0, id: 'x', direction: 'next' })).toString('base64url')
  const flipped = `${next.slice(0, 20)}${next[20] === 'A' ? 'B' : 'A'}${next.slice(21)}`
  for (const [path, cursor] of [
    ['/users', forged],
    ['/users', flipped],
    ['/users', next.slice(0, -1)],
    ['/users', `${next}A`],
    ['/audit', next],
  ]) {
    const answer = await client.send('GET', `${path}?limit=1&cursor=${cursor}`, { token })
    assert.deepEqual(answer.fieldErrors, ['/cursor field_format'], `${path} ${cursor}`)
  }
})
