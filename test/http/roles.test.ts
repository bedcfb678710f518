/** Roles of the operator's own, in tokens and in force. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startTestServer } from '../support/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-roles-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'roles.json')
writeFileSync(file, JSON.stringify({ support: ['sessions:write', 'users:read'], badge: [] }))
const { client, newUser, signIn } = await startTestServer({ UM_ROLES_FILE: file })

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

async function signedInWith(roles: readonly string[]) {
  const { access_token: token } = await signIn(await newUser({ roles }))
  return { token, claims: claimsOf(token) }
}

test('a token carries the roles of the operator and what they permit, in the order of the table', async () => {
  const { token, claims } = await signedInWith(['user', 'support'])
  assert.deepEqual([claims['roles'], claims['scope']], [['user', 'support'], 'users:read sessions:write'])
  assert.equal((await client.send('GET', '/users', { token })).status, 200)
  const audit = await client.send('GET', '/audit', { token })
  assert.equal(audit.problem.code, 'permission_denied')
})

test('a role without permissions travels in the token for other services, and opens nothing here', async () => {
  const { token, claims } = await signedInWith(['badge'])
  assert.deepEqual([claims['roles'], claims['scope']], [['badge'], ''])
  assert.equal((await client.send('GET', '/users', { token })).problem.code, 'permission_denied')
})

test('a role that is no longer in the file grants nothing, and can be taken from whoever has it', async () => {
  const stranded = await newUser({ roles: ['user', 'retired'] })
  const { access_token: token } = await signIn(stranded)
  assert.equal(claimsOf(token)['scope'], '')
  assert.equal((await client.send('GET', '/users', { token })).problem.code, 'permission_denied')
  const admin = await signedInWith(['admin'])
  const path = `/users/${stranded.id}`
  const given = await client.send('PATCH', path, { token: admin.token, json: { roles: ['user', 'missing'] } })
  assert.equal(given.problem.code, 'validation_failed')
  const taken = await client.send('PATCH', path, { token: admin.token, json: { roles: ['user'] } })
  assert.deepEqual(taken.json()['roles'], ['user'])
})

test('whoever has a role of the operator gives no permission that the role has not', async () => {
  const { token } = await signedInWith(['support'])
  const user = await newUser()
  const json = { roles: ['admin'] }
  const refused = await client.send('PATCH', `/users/${user.id}`, { token, json })
  assert.equal(refused.problem.code, 'permission_denied')
})
