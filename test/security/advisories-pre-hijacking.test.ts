/**
 * An attacker registers the address of somebody else and prepares for the day on which its owner comes
 * (security: section 2.2). There is no sign-in through other providers, so that two of the five ways don't exist.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SignedInBody, UserBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer()
const { client, deps, mailbox, newUser } = server

const ATTACKERS = 'the password of the attacker'
const OWNERS = 'a heron beside the canal'

/** The attacker has registered the address of the victim, and is signed in. */
async function squatted(name: string) {
  const email = `${name}@example.com`
  const json = { username: name, email, password: ATTACKERS }
  const registered = await client.send('POST', '/users/register', { json })
  assert.equal(registered.status, 201, registered.text)
  const login = await client.send('POST', '/users/login', { json: { email, password: ATTACKERS } })
  const session = login.json<SignedInBody & { readonly device_token: string }>()
  assert.match(session.device_token, /^umd_/)
  return { email, username: name, session }
}

/** The owner proves the mailbox, and has the account from then on. */
async function takeOver(email: string): Promise<UserBody> {
  await client.send('POST', '/users/reset-password', { json: { email } })
  const token = await mailbox.token({ to: email, kind: 'reset_password' })
  const answer = await client.send('POST', `/users/reset-password/${token}`, { json: { password: OWNERS } })
  assert.equal(answer.status, 200, answer.text)
  const login = await client.send('POST', '/users/login', { json: { email, password: OWNERS } })
  assert.equal(login.status, 200, login.text)
  return login.json<{ user: UserBody }>().user
}

async function assertDead(session: { access_token: string; refresh_token: string }): Promise<void> {
  assert.equal((await server.profile(session.access_token)).problem.code, 'session_revoked')
  const json = { refresh_token: session.refresh_token }
  const refreshed = await client.send('POST', '/users/token/refresh', { json })
  assert.equal(refreshed.problem.code, 'refresh_token_invalid')
}

test('a session that was kept alive for the day of the owner is dead with the proof of the mailbox (row 15)', async () => {
  const { email, session } = await squatted('kept-alive')
  const json = { refresh_token: session.refresh_token }
  const refreshed = await client.send('POST', '/users/token/refresh', { json })
  const fresh = await client.send('POST', '/users/reauthenticate', {
    json: { password: ATTACKERS },
    token: session.access_token,
  })
  const user = await takeOver(email)
  assert.equal(user.email_verified, true)
  for (const each of [session, refreshed.json<typeof session>(), fresh.json<typeof session>()]) {
    await assertDead(each)
  }
  const listed = await deps.store.listSessions({ userId: user.id, now: deps.clock.now() })
  assert.equal(listed.length, 1, 'the one of the owner is left')
})

test('a password, a device and a link of the attacker are worth nothing once the owner has come (row 15)', async () => {
  const { email, username, session } = await squatted('trojan')
  await client.send('POST', '/users/verify-email', { json: { email } })
  const links = [
    await mailbox.token({ to: email, kind: 'verify_email' }),
    await (async () => {
      await client.send('POST', '/users/reset-password', { json: { email } })
      return mailbox.token({ to: email, kind: 'reset_password' })
    })(),
  ]
  const user = await takeOver(email)
  for (const name of [{ username }, { email }]) {
    const json = { ...name, password: ATTACKERS, device_token: session.device_token }
    const login = await client.send('POST', '/users/login', { json })
    assert.equal(login.problem.code, 'invalid_credentials')
  }
  const [verify = '', reset = ''] = links
  const confirmed = await client.send('POST', `/users/verify-email/${verify}`, {
    json: { password: ATTACKERS },
  })
  assert.equal(confirmed.status, 400)
  const second = await client.send('POST', `/users/reset-password/${reset}`, {
    json: { password: ATTACKERS },
  })
  assert.equal(second.status, 400)
  const owners = await client.send('POST', '/users/login', { json: { email, password: OWNERS } })
  assert.equal(owners.json<{ user: UserBody }>().user.id, user.id)
})

test('a change of address that the attacker began moves nothing once the owner has come (row 15)', async () => {
  const { email, session } = await squatted('pending-change')
  const away = 'attacker@attacker.example'
  const wish = await client.send('PUT', '/users/profile', {
    json: { email: away },
    token: session.access_token,
  })
  assert.equal(wish.json<UserBody>().pending_email, away)
  const link = await mailbox.token({ to: away, kind: 'change_email' })
  const user = await takeOver(email)
  assert.equal(user.pending_email, null)
  for (const sent of [{ json: { password: ATTACKERS } }, { json: { password: OWNERS } }]) {
    const confirmed = await client.send('POST', `/users/verify-email/${link}`, sent)
    assert.equal(confirmed.status, 400, confirmed.text)
  }
  assert.equal((await deps.store.findUser({ id: user.id }))?.email, email)
  const reset = await client.send('POST', '/users/reset-password', { json: { email: away } })
  assert.equal(reset.status, 202)
  const witness = await newUser()
  await client.send('POST', '/users/reset-password', { json: { email: witness.email } })
  await mailbox.wait({ to: witness.email, kind: 'reset_password' })
  assert.deepEqual(await mailbox.list({ to: away, kind: 'reset_password' }), [])
})
