import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { Answer } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'
import { PASSWORD } from '../support/server-users.ts'

const server = await startTestServer()
const { client, clock, deps, mailbox, newUser, signIn } = server
const changed = 'a heron beside the canal'

function request(email: string, headers: Readonly<Record<string, string>> = {}) {
  return client.send('POST', '/users/reset-password', { json: { email }, headers })
}

function redeem(token: string, password = changed) {
  return client.send('POST', `/users/reset-password/${token}`, { json: { password } })
}

function login(username: string, password: string) {
  return client.send('POST', '/users/login', { json: { username, password } })
}

/** A user and a live link mailed to it. */
async function withLink(options = {}) {
  const user = await newUser(options)
  await request(user.email)
  return { user, token: await mailbox.token({ to: user.email, kind: 'reset_password' }) }
}

function visible({ status, headers, text }: Answer): string {
  const { 'x-request-id': id = '', date: _, ...rest } = headers
  // What is left of the network's rate goes down from one attempt to the next, whoever is asked for.
  const ratelimit = rest['ratelimit']?.replace(/r=\d+;t=\d+/, 'r=R;t=T')
  return JSON.stringify({ status, rest: { ...rest, ratelimit }, text: text.replaceAll(id, 'ID') })
}

test('the answer is the same for every address, and only an active account gets a mail (row 9)', async () => {
  const [active, disabled] = [await newUser(), await newUser({ status: 'disabled' })]
  const addresses = [active.email.toUpperCase(), disabled.email, 'nobody@example.com', `x${active.email}`]
  const answers: string[] = []
  for (const email of addresses) {
    const answer = await request(email)
    assert.equal(answer.status, 202)
    assert.deepEqual(answer.json(), { status: 'accepted' })
    answers.push(visible(answer))
  }
  assert.equal(new Set(answers).size, 1)
  const witness = await newUser()
  await request(witness.email)
  await mailbox.wait({ to: witness.email })
  const receivers = (await mailbox.list({ kind: 'reset_password' })).map(({ to }) => to)
  assert.deepEqual(receivers, [witness.email, active.email], 'to the stored address, and to nobody else')
})

test('a stranger costs the same calls of the store as a user', async () => {
  const variant = await startVariant(server)
  const [active, disabled] = [await newUser(), await newUser({ status: 'disabled' })]
  for (const path of ['/users/reset-password', '/users/verify-email']) {
    const costs: string[] = []
    for (const email of [active.email, disabled.email, 'nobody@example.com']) {
      variant.calls.length = 0
      assert.equal((await variant.client.send('POST', path, { json: { email } })).status, 202)
      costs.push(variant.calls.join())
    }
    assert.deepEqual([...new Set(costs)], ['store.findUserByIdentifier,store.hit,store.putToken'], path)
  }
})

test('what is no address is a 422, before anything is looked up', async () => {
  for (const email of [
    'nobody',
    'a@b',
    'a@x,victim@y.example',
    'a@x.example, b@y.example',
    '"a b"@x.example',
    '',
  ]) {
    assert.deepEqual((await request(email)).fieldErrors, ['/email email_format'], email)
  }
})

test('the link is built from the public URL, whatever the headers say', async () => {
  const user = await newUser()
  const headers = {
    'x-forwarded-host': 'attacker.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '444',
    'x-forwarded-server': 'attacker.example',
    'x-host': 'attacker.example',
    'x-original-host': 'attacker.example',
    'x-original-url': 'https://attacker.example/',
    'x-rewrite-url': 'https://attacker.example/',
    forwarded: 'for=1.2.3.4;host=attacker.example;proto=https',
    origin: 'https://attacker.example',
    referer: 'https://attacker.example/',
    host: 'attacker.example',
  }
  assert.equal((await request(user.email, headers)).status, 202)
  const mail = await mailbox.wait({ to: user.email })
  assert.doesNotMatch(JSON.stringify(mail), /attacker/)
  assert.deepEqual(
    mail.links.filter((link) => link.includes('reset-password')),
    [`${deps.rules.publicUrl}/users/reset-password/${mail.tokens[0]}`],
  )
})

test('a link sets the password once, ends every session, verifies the address and tells the owner', async () => {
  const { user, token } = await withLink({ emailVerified: false })
  const sessions = [await signIn(user), await signIn(user)]
  const answer = await redeem(token)
  const { device_token: deviceToken, ...told } = answer.json()
  assert.deepEqual(told, { status: 'password_changed', sessions_revoked: 2 })
  assert.match(String(deviceToken), /^umd_/)
  for (const { access_token: access, refresh_token: refresh } of sessions) {
    assert.equal((await server.profile(access)).problem.code, 'session_revoked')
    const refreshed = await client.send('POST', '/users/token/refresh', { json: { refresh_token: refresh } })
    assert.equal(refreshed.problem.code, 'refresh_token_invalid')
  }
  assert.equal((await login(user.username, PASSWORD)).problem.code, 'invalid_credentials')
  const again = await login(user.username, changed)
  assert.equal(again.json<{ user: { email_verified: boolean } }>().user.email_verified, true)
  const notice = await mailbox.wait({ to: user.email, kind: 'password_changed' })
  assert.deepEqual(notice.tokens, [])
  assert.equal((await redeem(token, 'yet another one here')).problem.code, 'reset_token_used')
  assert.equal((await login(user.username, changed)).status, 200)
})

test('a refused password leaves the link usable', async () => {
  const { user, token } = await withLink()
  const refused = await redeem(token, `my ${user.username} again`)
  assert.deepEqual(refused.fieldErrors, ['/password password_contains_personal'])
  assert.deepEqual((await redeem(token, 'short')).fieldErrors, ['/password password_too_short'])
  assert.equal((await client.send('POST', `/users/reset-password/${token}`, { json: {} })).status, 422)
  assert.equal((await login(user.username, PASSWORD)).status, 200)
  assert.equal((await redeem(token)).status, 200)
})

test('opening the page shows a form, names nobody else and consumes nothing', async () => {
  const { user, token } = await withLink()
  for (const method of ['GET', 'HEAD', 'GET']) {
    const page = await client.send(method, `/users/reset-password/${token}`)
    assert.equal(page.status, 200)
    assert.equal(page.headers['referrer-policy'], 'same-origin')
    if (method === 'GET') assert.match(page.text, new RegExp(`name="token" value="${token}"`))
    assert.doesNotMatch(page.text, /<script/)
  }
  assert.equal((await redeem(token)).status, 200)
  const dead = await client.send('GET', `/users/reset-password/${token}`)
  assert.equal(dead.status, 400)
  assert.doesNotMatch(dead.text, new RegExp(`<form|${user.username}|${token}`))
})

test('the form of the page sets the password, and shows itself again with what is wrong', async () => {
  const { user, token } = await withLink()
  const send = (form: Record<string, string>, headers = {}) =>
    client.send('POST', '/account/reset-password', { form, headers })
  const foreign = await send({ token, password: changed }, { 'sec-fetch-site': 'cross-site' })
  assert.equal(foreign.status, 403)
  const wrong = await send({ token, password: 'short' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /data-code="password_too_short"/)
  assert.doesNotMatch(wrong.text, /"short"/)
  const done = await send({ token, password: changed, username: user.username })
  assert.equal(done.status, 200)
  assert.equal((await login(user.username, changed)).status, 200)
  assert.equal((await send({ token, password: changed })).status, 400)
  assert.equal((await send({ token: 'x', password: changed })).status, 400)
})

test('links live side by side until one is used, then all are dead', async () => {
  const { user, token: first } = await withLink()
  const { id: after } = await mailbox.wait({ to: user.email })
  await request(user.email)
  const second = await mailbox.token({ to: user.email, after })
  assert.notEqual(first, second)
  assert.equal((await client.send('GET', `/users/reset-password/${first}`)).status, 200)
  assert.equal((await redeem(first)).status, 200)
  assert.equal((await redeem(second)).problem.code, 'reset_token_used')
})

test('a changed password or a changed address kills every link (row 14)', async () => {
  const { user, token } = await withLink()
  const { access_token: access } = await signIn(user)
  const json = { current_password: PASSWORD, new_password: 'a ladder against the barn' }
  assert.equal((await client.send('PUT', '/users/password', { json, token: access })).status, 204)
  assert.equal((await redeem(token)).problem.code, 'reset_token_used')

  const moved = await withLink()
  const { access_token: bearer } = await signIn(moved.user)
  const email = 'moved-away@example.com'
  await client.send('PUT', '/users/profile', { json: { email }, token: bearer })
  const link = await mailbox.token({ to: email })
  const confirmed = await client.send('POST', `/users/verify-email/${link}`, { token: bearer })
  assert.equal(confirmed.status, 200)
  assert.equal((await redeem(moved.token)).status, 400)
  assert.equal((await login(moved.user.username, PASSWORD)).status, 200)
})

test('of a hundred uses of one link at once exactly one succeeds (row 23)', async () => {
  const { user, token } = await withLink()
  const attempts = Array.from({ length: 100 }, (_, index) =>
    redeem(token, `password number ${index} of many`),
  )
  const answers = await Promise.all(attempts)
  const won = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []))
  assert.equal(won.length, 1)
  const codes = answers.flatMap((answer) => (answer.status === 200 ? [] : [answer.problem.code]))
  // On a busy machine the hash queue sends some away before their turn.
  const others = new Set(codes).difference(new Set(['overloaded']))
  assert.deepEqual([...others], ['reset_token_used'])
  assert.equal((await login(user.username, `password number ${won[0]} of many`)).status, 200)
})

test('an expired link says so, and no token but the mailed one is known (row 13)', async () => {
  const { user, token } = await withLink()
  clock.advance(lifetimes.resetTokenMs + 1)
  assert.equal((await redeem(token)).problem.code, 'reset_token_expired')
  assert.equal((await client.send('GET', `/users/reset-password/${token}`)).status, 400)
  const altered = [...token].flatMap((character, index) => {
    const rest = token.slice(index + 1)
    const others = ['A', 'B', 'E'].filter((each) => each !== character)
    return [token.slice(0, index + 1), ...others.map((each) => token.slice(0, index) + each + rest)]
  })
  const others = [
    ...altered.filter((each) => each !== token),
    `${token}A`,
    `${token}%20`,
    token.toLowerCase(),
    'x'.repeat(2000),
    'login',
    '..etc',
    user.id,
  ]
  for (const other of others) {
    assert.equal((await redeem(other)).problem.code, 'reset_token_invalid', other)
    assert.equal((await client.send('GET', `/users/reset-password/${other}`)).status, 400)
  }
  assert.equal((await login(user.username, PASSWORD)).status, 200)
})

test('whoever proves the mailbox takes the account over from a squatter, who loses everything', async () => {
  const { user: squatter, token } = await withLink({ emailVerified: false })
  const { access_token: access, refresh_token: refresh } = await signIn(squatter)
  const pending = { email: 'squatters-own@example.com' }
  assert.equal((await client.send('PUT', '/users/profile', { json: pending, token: access })).status, 200)
  const escape = await mailbox.token({ to: pending.email })
  assert.equal((await redeem(token)).status, 200)
  assert.equal((await server.profile(access)).status, 401)
  assert.equal(
    (await client.send('POST', '/users/token/refresh', { json: { refresh_token: refresh } })).status,
    401,
  )
  assert.equal((await login(squatter.username, PASSWORD)).status, 401)
  const late = await client.send('POST', `/users/verify-email/${escape}`, { json: { password: changed } })
  assert.equal(late.status, 400)
  const owner = await deps.store.findUser({ id: squatter.id })
  assert.deepEqual([owner?.email, owner?.emailVerified, owner?.pendingEmail], [squatter.email, true, null])
})

test('the log holds neither addresses nor tokens', async () => {
  const { token } = await withLink()
  assert.doesNotMatch(JSON.stringify(server.log), /example\.com|heron/)
  assert.ok(!JSON.stringify(server.log).includes(token))
})
