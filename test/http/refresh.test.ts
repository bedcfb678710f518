import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { Answer, SignedInBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'

const server = await startTestServer()
const { client, clock, deps, mailbox, newUser, signIn } = server

function refresh(token: string): Promise<Answer> {
  return client.send('POST', '/users/token/refresh', { json: { refresh_token: token } })
}

async function next(token: string): Promise<SignedInBody> {
  const answer = await refresh(token)
  assert.equal(answer.status, 200, answer.text)
  return answer.json<SignedInBody>()
}

function claims(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

test('a refresh gives another pair of the same session and keeps auth_time', async () => {
  const first = await signIn(await newUser())
  clock.advance(10_000)
  const second = await next(first.refresh_token)
  assert.equal(second.session_id, first.session_id)
  assert.notEqual(second.refresh_token, first.refresh_token)
  assert.notEqual(second.access_token, first.access_token)
  assert.equal(claims(second.access_token)['auth_time'], claims(first.access_token)['auth_time'])
  assert.equal((await server.profile(second.access_token)).status, 200)
  assert.equal((await server.profile(first.access_token)).status, 200, 'until it expires')
})

test('of a hundred uses of one token at once all get the same successor (row 21)', async () => {
  const { refresh_token: token, session_id: sessionId } = await signIn(await newUser())
  const answers = await Promise.all(Array.from({ length: 100 }, () => refresh(token)))
  const successors = answers.map((answer) => {
    assert.equal(answer.status, 200, answer.text)
    return answer.json<SignedInBody>()
  })
  assert.equal(new Set(successors.map((each) => each.refresh_token)).size, 1)
  assert.deepEqual([...new Set(successors.map((each) => each.session_id))], [sessionId])
  await next(successors[0]?.refresh_token ?? '')
})

test('a repeat within a minute, after a lost answer, gets the same successor', async () => {
  const { refresh_token: token } = await signIn(await newUser())
  const first = await next(token)
  clock.advance(lifetimes.refreshRepeatMs - 1000)
  assert.equal((await next(token)).refresh_token, first.refresh_token)
})

test('a replay two behind ends the session, the newest token included, and tells the owner (row 22)', async () => {
  const user = await newUser()
  const first = await signIn(user)
  const bystander = await signIn(user, { device_token: first.device_token })
  const second = await next(first.refresh_token)
  const third = await next(second.refresh_token)
  assert.equal((await refresh(first.refresh_token)).problem.code, 'refresh_token_reused')
  for (const { refresh_token: token } of [first, second, third]) {
    assert.equal((await refresh(token)).problem.code, 'refresh_token_invalid')
  }
  assert.equal((await server.profile(third.access_token)).problem.code, 'session_revoked')
  const mail = await mailbox.wait({ to: user.email, kind: 'session_theft' })
  assert.deepEqual(mail.tokens, [])
  assert.equal((await server.profile(bystander.access_token)).status, 200, 'other sessions live on')
  await next(bystander.refresh_token)
  assert.equal((await mailbox.list({ to: user.email })).length, 1)
})

test('a late repeat of the token before ends the session quietly', async () => {
  const [user, witness] = [await newUser(), await newUser()]
  const first = await signIn(user)
  const second = await next(first.refresh_token)
  clock.advance(lifetimes.refreshRepeatMs + 1000)
  assert.equal((await refresh(first.refresh_token)).problem.code, 'refresh_token_invalid')
  assert.equal((await refresh(second.refresh_token)).problem.code, 'refresh_token_invalid')
  await client.send('POST', '/users/reset-password', { json: { email: witness.email } })
  await mailbox.wait({ to: witness.email })
  assert.deepEqual(await mailbox.list({ to: user.email }), [])
})

test('a session ends after 14 days without use and after 30 days in any case (row 37)', async () => {
  const idle = await signIn(await newUser())
  let used = await signIn(await newUser())
  clock.advance(lifetimes.sessionIdleMs - 60_000)
  used = await next(used.refresh_token)
  clock.advance(60_001)
  assert.equal((await refresh(idle.refresh_token)).problem.code, 'refresh_token_expired')
  assert.equal((await server.profile(idle.access_token)).problem.code, 'token_expired')
  clock.advance(lifetimes.sessionIdleMs - 120_000)
  used = await next(used.refresh_token)
  const left = 2 * 24 * 3600 + 120
  assert.ok(
    used.refresh_expires_in <= left + 60 && used.refresh_expires_in > left - 120,
    `${used.refresh_expires_in}`,
  )
  clock.advance((left + 1) * 1000)
  assert.equal((await refresh(used.refresh_token)).problem.code, 'refresh_token_expired')
})

test('an access token ends after ten minutes, its refresh token brings the next', async () => {
  const signedIn = await signIn(await newUser())
  clock.advance(lifetimes.accessTokenSeconds * 1000 + lifetimes.clockSkewSeconds * 1000 + 1000)
  const expired = await server.profile(signedIn.access_token)
  assert.equal(expired.problem.code, 'token_expired')
  assert.match(expired.headers['www-authenticate'] ?? '', /^Bearer error="invalid_token"/)
  const { access_token: token } = await next(signedIn.refresh_token)
  assert.equal((await server.profile(token)).status, 200)
})

test('every shortened and every altered token is refused without asking the store (row 35)', async () => {
  const { refresh_token: token, access_token: access } = await signIn(await newUser())
  const variant = await startVariant(server)
  const altered = [...token].flatMap((character, index) => {
    const other = character === 'A' ? 'B' : 'A'
    return [token.slice(0, index), token.slice(0, index) + other + token.slice(index + 1)]
  })
  const others = [`${token}A`, `${token}=`, ` ${token}`, token.toUpperCase(), access, 'x', 'x'.repeat(1024)]
  const wrong = [...altered, ...others].filter((each) => each !== '' && each !== token)
  const answers = await Promise.all(
    wrong.map((each) =>
      variant.client.send('POST', '/users/token/refresh', { json: { refresh_token: each } }),
    ),
  )
  for (const [index, answer] of answers.entries())
    assert.equal(answer.problem.code, 'refresh_token_invalid', wrong[index] ?? '')
  assert.deepEqual(variant.calls, [])
  await next(token)
})

test('an access token is no refresh token and a refresh token opens no route (row 64)', async () => {
  const { refresh_token: token, access_token: access } = await signIn(await newUser())
  assert.equal((await refresh(access)).problem.code, 'refresh_token_invalid')
  assert.equal((await server.profile(token)).problem.code, 'token_invalid')
})

test('after sign-out, deletion or a new epoch the refresh token is invalid', async () => {
  const [one, other] = [await newUser(), await newUser()]
  const [first, second] = [await signIn(one), await signIn(other)]
  await client.send('POST', '/users/logout', { token: first.access_token })
  await client.send('DELETE', '/users/delete', { token: second.access_token })
  for (const { refresh_token: token } of [first, second]) {
    assert.equal((await refresh(token)).problem.code, 'refresh_token_invalid')
  }
  assert.doesNotMatch(JSON.stringify(server.log), new RegExp(`${first.refresh_token}|umr_|eyJ`))
  assert.ok(deps.secrets.openRefreshToken(first.refresh_token), 'it was ours, and still is refused')
})
