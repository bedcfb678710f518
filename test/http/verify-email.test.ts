import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { UserBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'
import { PASSWORD } from '../support/server-users.ts'

const server = await startTestServer()
const { client, clock, deps, mailbox, newUser, signIn } = server

function request(email: string) {
  return client.send('POST', '/users/verify-email', { json: { email } })
}

function confirm(token: string, password?: string, bearer?: string) {
  const body = password === undefined ? {} : { json: { password } }
  return client.send('POST', `/users/verify-email/${token}`, { ...body, token: bearer })
}

async function withLink() {
  const user = await newUser({ emailVerified: false })
  await request(user.email)
  return { user, token: await mailbox.token({ to: user.email, kind: 'verify_email' }) }
}

test('the link is sent again to whoever waits for it, and the answer is the same for all (row 9)', async () => {
  const waiting = await newUser({ emailVerified: false })
  const [verified, disabled] = [await newUser(), await newUser({ emailVerified: false, status: 'disabled' })]
  for (const email of [verified.email, disabled.email, 'nobody@example.com', waiting.email]) {
    const answer = await request(email)
    assert.equal(answer.status, 202)
    assert.equal(answer.text, '{"status":"accepted"}')
  }
  await mailbox.wait({ to: waiting.email })
  assert.deepEqual(
    (await mailbox.list({ kind: 'verify_email' })).map(({ to }) => to),
    [waiting.email],
  )
})

test('a link with the password confirms the address once', async () => {
  const { user, token } = await withLink()
  const answer = await confirm(token, PASSWORD)
  assert.equal(answer.json<UserBody>().email_verified, true)
  assert.equal(answer.json<UserBody>().id, user.id)
  assert.equal((await confirm(token, PASSWORD)).problem.code, 'verify_token_used')
})

test('a click alone never confirms', async () => {
  const { user, token } = await withLink()
  const page = await client.send('GET', `/users/verify-email/${token}`)
  assert.equal(page.status, 200)
  assert.match(page.text, /<form method="post" action="\/account\/verify-email"/)
  assert.equal((await client.send('HEAD', `/users/verify-email/${token}`)).status, 200)
  const bare = await confirm(token)
  assert.equal(bare.problem.code, 'token_missing')
  const empty = await client.send('POST', `/users/verify-email/${token}`, { json: {} })
  assert.equal(empty.problem.code, 'token_missing')
  const wrong = await confirm(token, 'wrong password here')
  assert.equal(wrong.problem.code, 'password_incorrect')
  assert.equal((await deps.store.findUser({ id: user.id }))?.emailVerified, false)
  assert.equal((await confirm(token, PASSWORD)).status, 200, 'a wrong password leaves the link usable')
})

test('a bearer of the owner confirms without a password, that of another user never', async () => {
  const { user, token } = await withLink()
  const [{ access_token: owner }, { access_token: other }] = [
    await signIn(user),
    await signIn(await newUser()),
  ]
  const foreign = await confirm(token, PASSWORD, other)
  assert.equal(foreign.problem.code, 'permission_denied')
  assert.match(foreign.headers['www-authenticate'] ?? '', /error="insufficient_scope"/)
  const dead = await confirm(token, PASSWORD, `${owner}x`)
  assert.equal(dead.problem.code, 'token_invalid')
  assert.equal((await confirm(token, undefined, owner)).status, 200)
})

test('an expired, altered or unknown link confirms nothing', async () => {
  const { user, token } = await withLink()
  for (const other of [token.slice(1), `${token}A`, '%20', 'x'.repeat(2000), user.id]) {
    assert.equal((await confirm(other, PASSWORD)).problem.code, 'verify_token_invalid', other)
    assert.equal((await client.send('GET', `/users/verify-email/${other}`)).status, 400)
  }
  clock.advance(lifetimes.verifyTokenMs + 1)
  assert.equal((await confirm(token, PASSWORD)).problem.code, 'verify_token_expired')
  assert.equal((await client.send('GET', `/users/verify-email/${token}`)).status, 400)
  assert.equal((await deps.store.findUser({ id: user.id }))?.emailVerified, false)
})

test('a link for one purpose is nothing for the other (row 14)', async () => {
  const { user, token } = await withLink()
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  const reset = await mailbox.token({ to: user.email, kind: 'reset_password' })
  assert.equal((await confirm(reset, PASSWORD)).problem.code, 'verify_token_invalid')
  const json = { password: 'a heron beside the canal' }
  const wrong = await client.send('POST', `/users/reset-password/${token}`, { json })
  assert.equal(wrong.problem.code, 'reset_token_invalid')
})

test('the form of the page confirms with the password, and asks again for a wrong one', async () => {
  const { user, token } = await withLink()
  const send = (form: Record<string, string>, headers = {}) =>
    client.send('POST', '/account/verify-email', { form, headers })
  assert.equal(
    (await send({ token, password: PASSWORD }, { origin: 'https://attacker.example' })).status,
    403,
  )
  const wrong = await send({ token, password: 'wrong password here' })
  assert.equal(wrong.status, 403)
  assert.match(wrong.text, /data-code="password_incorrect"/)
  assert.equal((await send({ token, password: PASSWORD })).status, 200)
  assert.equal((await deps.store.findUser({ id: user.id }))?.emailVerified, true)
  assert.equal((await send({ token, password: PASSWORD })).status, 400)
})

test('a stranger who clicks the link of an address registered by somebody else confirms nothing for them', async () => {
  const json = { username: 'attacker', email: 'victim@example.com', password: 'somebody elses own words' }
  assert.equal((await client.send('POST', '/users/register', { json })).status, 201)
  const token = await mailbox.token({ to: 'victim@example.com' })
  const form = { token, password: 'nothing that was registered' }
  assert.equal((await client.send('POST', '/account/verify-email', { form })).status, 403)
  const user = await deps.store.findUserByIdentifier({ key: 'u:attacker' })
  assert.equal(user?.emailVerified, false)
})
