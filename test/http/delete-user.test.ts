import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserBody } from '../support/client.ts'
import { settingsWithRoles } from '../support/roles-file.ts'
import { startTestServer } from '../support/server.ts'
import { PASSWORD } from '../support/server-users.ts'

interface Receipt {
  readonly deletion_id: string
  readonly deleted_at: string
  readonly erased: Readonly<Record<string, number>>
  readonly retained: readonly { readonly what: string; readonly until: string }[]
}

const server = await startTestServer(
  settingsWithRoles({ remover: ['users:delete'], support: ['users:read'] }),
)
const { client, deps, mailbox, newUser, signIn } = server
const { access_token: admin } = await signIn(await newUser({ roles: ['admin'] }))

function remove(id: string, token = admin, json?: unknown) {
  return client.send('DELETE', `/users/${id}`, { token, ...(json !== undefined && { json }) })
}

test('a deleted user is gone from every answer, with a receipt of what went', async () => {
  const user = await newUser()
  const sessions = [await signIn(user), await signIn(user)]
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  const link = await mailbox.token({ to: user.email, kind: 'reset_password' })
  const answer = await remove(user.id.toUpperCase())
  assert.equal(answer.status, 200, answer.text)
  const receipt = answer.json<Receipt>()
  const { sessions: ended, identifiers, one_time_tokens: tokens } = receipt.erased
  assert.deepEqual([ended, identifiers, tokens], [2, 2, 1])
  assert.ok(receipt.retained.every(({ what, until }) => what && until > receipt.deleted_at))
  assert.doesNotMatch(answer.text, new RegExp(`${user.email}|${user.username}`))

  for (const { access_token: token } of sessions)
    assert.equal((await server.profile(token)).problem.code, 'session_revoked')
  const redeemed = await client.send('POST', `/users/reset-password/${link}`, {
    json: { password: PASSWORD },
  })
  assert.equal(redeemed.problem.code, 'reset_token_invalid')
  const read = await client.send('GET', `/users/${user.id}`, { token: admin })
  assert.equal(read.problem.code, 'user_not_found')
  const listed = await client.send('GET', `/users?search=${user.email}`, { token: admin })
  assert.deepEqual(listed.json<{ items: UserBody[] }>().items, [])
  assert.equal((await remove(user.id)).problem.code, 'user_not_found')
  assert.deepEqual(await mailbox.list({ to: user.email }), [], 'no mail is left and none was sent')
})

test('the receipt has the id of its event, which names both and outlives the user', async () => {
  const user = await newUser()
  const receipt = (await remove(user.id)).json<Receipt>()
  const audit = await client.send('GET', `/audit?user_id=${user.id}`, { token: admin })
  const [event] = audit.json<{ items: { id: string; action: string; actor_id: string }[] }>().items
  assert.deepEqual([event?.id, event?.action], [receipt.deletion_id, 'delete-user'])
  assert.notEqual(event?.actor_id, user.id)
})

test('the same names are free at once, and nothing of the old id comes back', async () => {
  const user = await newUser()
  const { access_token: old } = await signIn(user)
  await remove(user.id)
  const json = { username: user.username, email: user.email, password: 'a wholly new beginning' }
  const again = await client.send('POST', '/users/register', { json })
  assert.equal(again.status, 201, again.text)
  assert.notEqual(again.json<UserBody>().id, user.id)
  assert.equal((await server.profile(old)).problem.code, 'session_revoked')
})

test('an administrator can go while another one stays, and the last one can not', async () => {
  const alone = await startTestServer()
  const [first, second] = [
    await alone.newUser({ roles: ['admin'] }),
    await alone.newUser({ roles: ['admin'] }),
  ]
  const { access_token: token } = await alone.signIn(first)
  const own = (id: string) => alone.client.send('DELETE', `/users/${id}`, { token })
  assert.equal((await own(second.id)).status, 200)
  const refused = await own(first.id)
  assert.deepEqual([refused.status, refused.problem.code], [409, 'last_admin'])
  assert.equal((await alone.profile(token)).status, 200)
})

test('who may delete deletes nobody with more permissions', async () => {
  const { access_token: token } = await signIn(await newUser({ roles: ['remover'] }))
  const cases = [
    [await newUser(), 200],
    [await newUser({ roles: ['remover'] }), 200],
    [await newUser({ roles: ['support'] }), 'insufficient_privilege'],
    [await newUser({ roles: ['user', 'admin'] }), 'insufficient_privilege'],
  ] as const
  for (const [{ id, username }, expected] of cases) {
    const answer = await remove(id, token)
    assert.equal(answer.status === 200 ? 200 : answer.problem.code, expected, username)
    assert.equal((await deps.store.findUser({ id })) === null, expected === 200)
  }
  const { access_token: reader } = await signIn(await newUser({ roles: ['support'] }))
  assert.equal((await remove((await newUser()).id, reader)).problem.code, 'permission_denied')
})

test('a deletion takes no fields, and one that is refused deletes nobody', async () => {
  const user = await newUser()
  const answer = await remove(user.id, admin, { password: PASSWORD, force: true })
  assert.deepEqual(answer.fieldErrors, ['/force unknown_field', '/password field_read_only'])
  assert.notEqual(await deps.store.findUser({ id: user.id }), null)
  assert.equal((await remove(deps.ids.next())).problem.code, 'user_not_found')
  const pending = await newUser({ status: 'pending' })
  assert.equal((await remove(pending.id)).problem.code, 'user_not_found')
})

test('of many deletions of one user at once one has the receipt', async () => {
  const user = await newUser()
  const answers = await Promise.all(Array.from({ length: 10 }, () => remove(user.id)))
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  const codes = answers.filter(({ status }) => status !== 200).map(({ problem }) => problem.code)
  assert.deepEqual([...new Set(codes)], ['user_not_found'])
})
