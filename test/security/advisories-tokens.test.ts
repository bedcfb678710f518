/** What broke elsewhere with tokens and sessions (security: sections 2.1, 2.3 and 2.4). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVerifiedCache } from '../../src/crypto/verified-cache.ts'
import type { NewAccessToken } from '../../src/domain/ports/crypto.ts'
import { decoded, grant, newIssuer, parts } from '../crypto/issuer.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { PASSWORD, type TestUser } from '../support/server-users.ts'

const server = await startTestServer()
const { client, deps, mailbox, newUser, signIn } = server
const NEW_PASSWORD = 'a heron beside the canal'

type Pair = Awaited<ReturnType<TestServer['signIn']>>

/** Two sessions, one of them refreshed twice: every kind of older token. */
async function olderTokens(user: TestUser): Promise<readonly Pair[]> {
  const first = await signIn(user)
  const refresh = async ({ refresh_token }: Pair) =>
    (await client.send('POST', '/users/token/refresh', { json: { refresh_token } })).json<Pair>()
  const second = await refresh(first)
  return [first, second, await refresh(second), await signIn(user)]
}

async function assertRefused(pairs: readonly Pair[], why: string): Promise<void> {
  for (const { access_token: token, refresh_token } of pairs) {
    const profile = await server.profile(token)
    assert.deepEqual([profile.status, profile.problem.code], [401, 'session_revoked'], why)
    const refreshed = await client.send('POST', '/users/token/refresh', { json: { refresh_token } })
    assert.equal(refreshed.status, 401, why)
  }
}

const admin = await newUser({ roles: ['admin'] })
const { access_token: adminToken } = await signIn(admin)

async function change(user: TestUser, json: object): Promise<void> {
  const answer = await client.send('PATCH', `/users/${user.id}`, { json, token: adminToken })
  assert.equal(answer.status, 200, answer.text)
}

/** What ends every older session of a user. */
const ends: Readonly<Record<string, (user: TestUser) => Promise<void>>> = {
  async reset({ email }) {
    await client.send('POST', '/users/reset-password', { json: { email } })
    const token = await mailbox.token({ to: email, kind: 'reset_password' })
    const path = `/users/reset-password/${token}`
    const answer = await client.send('POST', path, { json: { password: NEW_PASSWORD } })
    assert.equal(answer.status, 200, answer.text)
  },
  disabling: (user) => change(user, { status: 'disabled' }),
  demotion: (user) => change(user, { roles: ['user'] }),
  async 'signing out by an administrator'(user) {
    const answer = await client.send('POST', `/users/${user.id}/sign-out`, { token: adminToken })
    assert.equal(answer.status, 200, answer.text)
  },
}

test('a reset, a demotion and a disabled account end every older token at once (rows 4, 36)', async () => {
  for (const [why, end] of Object.entries(ends)) {
    const user = await newUser({ roles: ['admin'] })
    const pairs = await olderTokens(user)
    await end(user)
    await assertRefused(pairs, why)
    if (why === 'disabling') {
      await change(user, { status: 'active' })
      await assertRefused(pairs, 'an account that is active again brings no session back')
    }
  }
})

test('a change of password ends every older token but those of its own session (row 4)', async () => {
  const user = await newUser()
  const older = await olderTokens(user)
  const own = await signIn(user)
  const answer = await client.send('PUT', '/users/password', {
    json: { current_password: PASSWORD, new_password: NEW_PASSWORD },
    token: own.access_token,
  })
  assert.equal(answer.status, 204)
  await assertRefused(older, 'change of password')
  assert.equal((await server.profile(own.access_token)).status, 200)
})

test('no body keeps a session alive: a reset with any other field is refused whole (row 4)', async () => {
  const user = await newUser()
  const own = await signIn(user)
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  const token = await mailbox.token({ to: user.email, kind: 'reset_password' })
  const path = `/users/reset-password/${token}`
  for (const extra of [{ device_id: 'x' }, { session_id: own.session_id }, { keep_sessions: true }]) {
    const refused = await client.send('POST', path, { json: { password: NEW_PASSWORD, ...extra } })
    assert.equal(refused.status, 422)
  }
  assert.equal((await server.profile(own.access_token)).status, 200, 'nothing has been reset so far')
  assert.equal((await client.send('POST', path, { json: { password: NEW_PASSWORD } })).status, 200)
  await assertRefused([own], 'reset')
})

test('of many tokens that differ in little each has its own claims in the cache, and no other (row 30)', () => {
  const cache = createVerifiedCache(50_000)
  const claimsOf = (userId: string) => ({
    ...grant,
    userId,
    authTimeSeconds: 0,
    tokenId: userId,
    issuedAtSeconds: 0,
    expiresAtSeconds: 100,
  })
  const tokenOf = (round: number): string => `header.${round.toString(36)}payload.signature`
  for (let round = 0; round < 50_000; round += 1) cache.put(tokenOf(round), claimsOf(String(round)))
  for (let round = 0; round < 50_000; round += 1) {
    const token = tokenOf(round)
    assert.equal(cache.get(token, 1)?.userId, String(round))
    assert.equal(cache.get(`${token}\u0000`, 1), null)
    assert.equal(cache.get(` ${token}`, 1), null)
  }
})

test('whatever a token is made for, it has an end ten minutes away, and no other (row 31)', async () => {
  const issuer = await newIssuer()
  const odd: readonly Partial<NewAccessToken>[] = [
    {},
    { roles: [] },
    { scope: '' },
    { authTime: 0 },
    { roles: Array.from({ length: 32 }, (_, index) => `role-${index}`) },
  ]
  const smuggled: readonly object[] = [
    { exp: 9e9 },
    { expiresIn: '10y' },
    { expiresInSeconds: 9e9 },
    { noTimestamp: true },
    { exp: null },
  ]
  for (const claims of [...odd, ...smuggled]) {
    const { token, expiresInSeconds } = await issuer.tokens.issue({ ...grant, ...claims })
    const payload = decoded(parts(token)[1])
    assert.equal(expiresInSeconds, 600)
    assert.equal(Number(payload['exp']) - Number(payload['iat']), 600, JSON.stringify(claims))
    assert.ok(!('nbf' in payload))
  }
})

test('a session can be given no end, and nothing else, by any body (row 39)', async () => {
  const user = await newUser({ roles: ['admin'] })
  const { access_token: token, session_id: sessionId } = await signIn(user)
  const kept = async () => (await deps.store.listSessions({ userId: user.id, now: deps.clock.now() }))[0]
  const before = await kept()
  assert.equal(before?.id, sessionId)
  const names = ['expires_at', 'idle_expires_at', 'absolute_expires_at', 'expiresAt', 'epoch', 'user_id']
  const shapes: readonly ((name: string) => object)[] = [
    (name) => ({ [name]: null }),
    (name) => ({ [name]: '9999-01-01T00:00:00Z' }),
    (name) => ({ session: { [name]: null } }),
    (name) => ({ [`session.${name}`]: null }),
    (name) => ({ sessions: [{ id: sessionId, [name]: null }] }),
  ]
  const writing = client.operations.filter(
    ({ method, path }) =>
      method !== 'GET' && !/^\/(?:account|dev|setup)/.test(path) && !path.includes('logout'),
  )
  let sent = 0
  for (const { method, path, operationId } of writing) {
    for (const json of names.flatMap((name) => shapes.map((shape) => shape(name)))) {
      const target = path.replace('{id}', user.id).replace('{token}', 'x')
      const answer = await client.send(method, target, { json, token })
      assert.equal(answer.status, 422, `${operationId} ${JSON.stringify(json)} ${answer.text}`)
      sent += 1
    }
  }
  assert.ok(sent > 400, `${sent}`)
  assert.deepEqual(await kept(), before)
})
