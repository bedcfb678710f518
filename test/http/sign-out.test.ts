import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsWithRoles } from '../support/roles-file.ts'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer(
  settingsWithRoles({ guard: ['sessions:write'], support: ['users:read'] }),
)
const { client, deps, mailbox, newUser, signIn } = server
const { access_token: guard } = await signIn(await newUser({ roles: ['guard'] }))

function signOut(id: string, token = guard) {
  return client.send('POST', `/users/${id}/sign-out`, { token })
}

test('signing a user out ends every session at once, and the user can sign in again', async () => {
  const user = await newUser()
  const sessions = [await signIn(user), await signIn(user), await signIn(user)]
  const answer = await signOut(user.id.toUpperCase())
  assert.equal(answer.text, '{"sessions_revoked":3}')
  for (const { access_token: token, refresh_token: refresh } of sessions) {
    assert.equal((await server.profile(token)).problem.code, 'session_revoked')
    const json = { refresh_token: refresh }
    const refreshed = await client.send('POST', '/users/token/refresh', { json })
    assert.equal(refreshed.problem.code, 'refresh_token_invalid')
  }
  assert.equal((await signOut(user.id)).text, '{"sessions_revoked":0}')
  const { access_token: token } = await signIn(user)
  assert.equal((await server.profile(token)).status, 200)
})

test('mailed links and a pending change of address die with the sessions', async () => {
  const user = await newUser()
  const { access_token: token } = await signIn(user)
  const email = `new.${user.email}`
  await client.send('PUT', '/users/profile', { token, json: { email } })
  const change = await mailbox.token({ to: email, kind: 'change_email' })
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  const reset = await mailbox.token({ to: user.email, kind: 'reset_password' })
  assert.equal((await signOut(user.id)).status, 200)

  const redeemed = await client.send('POST', `/users/reset-password/${reset}`, {
    json: { password: 'a ladder to the attic' },
  })
  assert.equal(redeemed.status, 400)
  const { access_token: again } = await signIn(user)
  const confirmed = await client.send('POST', `/users/verify-email/${change}`, { token: again })
  assert.equal(confirmed.status, 400)
  const profile = (await server.profile(again)).json<{ email: string; pending_email: string | null }>()
  assert.deepEqual([profile.email, profile.pending_email], [user.email, null])
})

test('nobody else is signed out', async () => {
  const [one, other] = [await newUser(), await newUser()]
  const { access_token: kept } = await signIn(other)
  await signIn(one)
  await signOut(one.id)
  assert.equal((await server.profile(kept)).status, 200)
  assert.equal((await server.profile(guard)).status, 200)
})

test('a user with more permissions is out of reach, and so is one that is not there', async () => {
  const [boss, pending] = [await newUser({ roles: ['admin'] }), await newUser({ status: 'pending' })]
  const { access_token: token } = await signIn(boss)
  assert.equal((await signOut(boss.id)).problem.code, 'insufficient_privilege')
  assert.equal((await server.profile(token)).status, 200)
  for (const id of [deps.ids.next(), pending.id])
    assert.equal((await signOut(id)).problem.code, 'user_not_found')
  const { access_token: support } = await signIn(await newUser({ roles: ['support'] }))
  assert.equal((await signOut((await newUser()).id, support)).problem.code, 'permission_denied')
})

test('who signs itself out has ended its own session too', async () => {
  const self = await newUser({ roles: ['guard'] })
  const { access_token: token } = await signIn(self)
  assert.equal((await signOut(self.id, token)).text, '{"sessions_revoked":1}')
  assert.equal((await signOut(self.id, token)).problem.code, 'session_revoked')
})
