/** The change of an address: pending until the new mailbox proves itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { UserBody } from '../support/client.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { PASSWORD, type TestUser } from '../support/server-users.ts'

const server = await startTestServer()
const { client, clock, deps, mailbox, newUser, signIn } = server

async function askFor(user: TestUser, email: string, on: TestServer = server) {
  const { access_token: token } = await on.signIn(user)
  const answer = await on.client.send('PUT', '/users/profile', { json: { email }, token })
  return { token, answer }
}

function confirm(token: string, sent: { password?: string; bearer?: string } = {}) {
  const { password, bearer } = sent
  return client.send('POST', `/users/verify-email/${token}`, {
    ...(password !== undefined && { json: { password } }),
    token: bearer,
  })
}

test('a new address is pending and the old one counts until the mailed link is confirmed', async () => {
  const user = await newUser()
  const { answer } = await askFor(user, 'Next@Example.com')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['etag'], '"2"')
  const body = answer.json<UserBody>()
  assert.deepEqual(
    [body.email, body.pending_email, body.email_verified],
    [user.email, 'Next@example.com', true],
  )
  const mail = await mailbox.wait({ kind: 'change_email', to: 'next@example.com' })
  assert.ok(mail.text.includes(`${deps.rules.publicUrl}/users/verify-email/${mail.tokens[0]}`))
  assert.equal((await signIn(user)).user.email, user.email)
  const early = await client.send('POST', '/users/login', {
    json: { email: 'next@example.com', password: PASSWORD },
  })
  assert.equal(early.problem.code, 'invalid_credentials')

  const confirmed = await confirm(mail.tokens[0] ?? '', { password: PASSWORD })
  const after = confirmed.json<UserBody>()
  assert.deepEqual([after.email, after.pending_email, after.email_verified], ['Next@example.com', null, true])
  const told = await mailbox.wait({ kind: 'email_changed', to: user.email })
  assert.deepEqual(told.tokens, [], 'the notice carries no token')
  const old = await client.send('POST', '/users/login', { json: { email: user.email, password: PASSWORD } })
  assert.equal(old.problem.code, 'invalid_credentials')
  const free = { username: 'old-address', email: user.email, password: PASSWORD }
  assert.equal((await client.send('POST', '/users/register', { json: free })).status, 201)
})

test('asking for another address needs a password proof of the last five minutes, and refresh gives none', async () => {
  const user = await newUser()
  const { refresh_token: refreshToken } = await signIn(user)
  clock.advance(lifetimes.freshAuthenticationMs + 1000)
  const json = { refresh_token: refreshToken }
  const refreshed = await client.send('POST', '/users/token/refresh', { json })
  const { access_token: token } = refreshed.json<{ access_token: string }>()
  const put = (bearer: string) =>
    client.send('PUT', '/users/profile', { json: { email: 'proof@example.com' }, token: bearer })
  assert.equal((await put(token)).problem.code, 'fresh_authentication_required')
  assert.equal((await deps.store.findUser({ id: user.id }))?.pendingEmail, null)
  const proof = await client.send('POST', '/users/reauthenticate', { json: { password: PASSWORD }, token })
  const fresh = await put(proof.json<{ access_token: string }>().access_token)
  assert.equal(fresh.json<UserBody>().pending_email, 'proof@example.com')
})

test('a bearer token of the owner confirms without a password, that of another user does not', async () => {
  const [user, other] = [await newUser(), await newUser()]
  const { token } = await askFor(user, 'mine@example.com')
  const link = await mailbox.token({ to: 'mine@example.com' })
  const { access_token: stranger } = await signIn(other)
  assert.equal((await confirm(link, { bearer: stranger })).problem.code, 'permission_denied')
  assert.equal(
    (await confirm(link, { bearer: stranger, password: PASSWORD })).problem.code,
    'permission_denied',
  )
  assert.equal((await confirm(link)).problem.code, 'token_missing')
  assert.equal((await confirm(link, { password: 'wrong password here' })).problem.code, 'password_incorrect')
  assert.equal((await confirm(link, { bearer: token })).json<UserBody>().email, 'mine@example.com')
})

test('a later wish replaces the pending address, and the earlier link is dead', async () => {
  const user = await newUser()
  await askFor(user, 'first-wish@example.com')
  const first = await mailbox.token({ to: 'first-wish@example.com' })
  await askFor(user, 'second-wish@example.com')
  const second = await mailbox.token({ to: 'second-wish@example.com' })
  assert.equal((await confirm(first, { password: PASSWORD })).problem.code, 'verify_token_invalid')
  assert.equal((await confirm(second, { password: PASSWORD })).status, 200)
  assert.equal((await confirm(second, { password: PASSWORD })).problem.code, 'verify_token_used')
})

test('giving the present address again takes the wish back', async () => {
  const user = await newUser()
  await askFor(user, 'regretted@example.com')
  const link = await mailbox.token({ to: 'regretted@example.com' })
  const { answer } = await askFor(user, user.email)
  assert.equal(answer.json<UserBody>().pending_email, null)
  assert.equal((await confirm(link, { password: PASSWORD })).status, 400)
  assert.equal((await deps.store.findUser({ id: user.id }))?.email, user.email)
})

test('an address that another user has confirmed is refused at once', async () => {
  const [user, owner] = [await newUser(), await newUser({ emailVerified: true })]
  const { answer } = await askFor(user, owner.email.toUpperCase())
  assert.equal(answer.problem.code, 'email_taken')
  assert.deepEqual(answer.fieldErrors, ['/email email_taken'])
  assert.equal((await deps.store.findUser({ id: user.id }))?.pendingEmail, null)
})

test('an address that another user confirms in the meantime is refused at the end', async () => {
  const [user, claimant] = [await newUser(), await newUser({ emailVerified: false })]
  await askFor(user, claimant.email)
  const link = await mailbox.token({ kind: 'change_email', to: claimant.email })
  await client.send('POST', '/users/verify-email', { json: { email: claimant.email } })
  const own = await mailbox.token({ kind: 'verify_email', to: claimant.email })
  assert.equal((await confirm(own, { password: PASSWORD })).status, 200)
  assert.equal((await confirm(link, { password: PASSWORD })).problem.code, 'email_taken')
  const page = await client.send('POST', '/account/verify-email', {
    form: { token: link, password: PASSWORD },
  })
  assert.equal(page.status, 409)
  assert.equal((await deps.store.findUser({ id: user.id }))?.email, user.email)
})

test('a confirmed change takes the address from an account that never confirmed it, and that one is gone', async () => {
  const [user, squatter] = [await newUser(), await newUser({ emailVerified: false })]
  const { access_token: squatting, refresh_token: refreshToken } = await signIn(squatter)
  await askFor(user, squatter.email)
  const link = await mailbox.token({ kind: 'change_email', to: squatter.email })
  assert.equal((await server.profile(squatting)).status, 200, 'asking alone takes nothing')
  assert.equal((await confirm(link, { password: PASSWORD })).json<UserBody>().email, squatter.email)
  assert.equal(await deps.store.findUser({ id: squatter.id }), null)
  assert.equal((await server.profile(squatting)).problem.code, 'session_revoked')
  const json = { refresh_token: refreshToken }
  assert.equal((await client.send('POST', '/users/token/refresh', { json })).status, 401)
  const login = await client.send('POST', '/users/login', {
    json: { username: squatter.username, password: PASSWORD },
  })
  assert.equal(login.problem.code, 'invalid_credentials')
})

test('a change of the password drops the pending address', async () => {
  const user = await newUser()
  const { token } = await askFor(user, 'dropped@example.com')
  const link = await mailbox.token({ to: 'dropped@example.com' })
  const json = { current_password: PASSWORD, new_password: 'a ladder against the barn' }
  assert.equal((await client.send('PUT', '/users/password', { json, token })).status, 204)
  const late = await confirm(link, { bearer: token })
  assert.match(late.problem.code, /^verify_token_(?:used|invalid)$/)
  const stored = await deps.store.findUser({ id: user.id })
  assert.deepEqual([stored?.email, stored?.pendingEmail], [user.email, null])
})

test('of many confirmations of one link at once, one succeeds (row 23)', async () => {
  const user = await newUser()
  const { token } = await askFor(user, 'raced@example.com')
  const link = await mailbox.token({ to: 'raced@example.com' })
  const answers = await Promise.all(Array.from({ length: 20 }, () => confirm(link, { bearer: token })))
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  const refused = answers.filter(({ status }) => status !== 200)
  assert.deepEqual([...new Set(refused.map(({ problem }) => problem.code))], ['verify_token_used'])
})

test('an address that many changes ask for gets no more mails than its limit, whoever asks', async () => {
  const limited = await startTestServer({ UM_RATE_LIMITS: 'recipient=2/h' })
  const [one, other] = [await limited.newUser(), await limited.newUser()]
  const to = 'flooded@example.com'
  for (const user of [one, other]) assert.equal((await askFor(user, to, limited)).answer.status, 200)
  const { answer, token } = await askFor(one, to, limited)
  assert.equal(answer.status, 429)
  assert.equal(answer.problem.code, 'rate_limited')
  assert.equal(answer.headers['retry-after'], '3600')
  const elsewhere = await limited.client.send('PUT', '/users/profile', { json: { locale: 'de' }, token })
  assert.equal(elsewhere.status, 200, 'other fields can be written')
  await limited.mailbox.wait({ kind: 'change_email', to })
  const answered = await limited.client.send('GET', `/dev/mail/messages?to=${to}`)
  assert.ok(answered.json<{ messages: unknown[] }>().messages.length <= 2)
  limited.clock.advance(60 * 60 * 1000)
  assert.equal((await askFor(one, to, limited)).answer.status, 200)
})
