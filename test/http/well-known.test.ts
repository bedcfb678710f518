import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'
import { verifyJwt, type PublishedKey } from '../support/verify-jwt.ts'

async function published(settings: Readonly<Record<string, string>> = {}) {
  const server = await startTestServer(settings)
  const discovery = await server.client.send('GET', '/.well-known/openid-configuration')
  const facts = discovery.json<Record<string, unknown>>()
  const jwks = await server.client.send('GET', new URL(String(facts['jwks_uri'])).pathname)
  return { server, facts, keys: jwks.json<{ keys: PublishedKey[] }>().keys }
}

test('what is published is enough to verify a token without asking the server', async () => {
  const { server, facts, keys } = await published()
  const user = await server.newUser()
  const signedIn = await server.signIn(user)
  const { header, claims } = verifyJwt(signedIn.access_token, keys)
  assert.deepEqual([header['typ'], header['alg']], ['at+jwt', 'ES256'])
  assert.deepEqual(facts, {
    issuer: server.deps.rules.publicUrl,
    jwks_uri: `${server.deps.rules.publicUrl}/.well-known/jwks.json`,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    response_types_supported: [],
  })
  const { exp, iat, jti, auth_time: authTime, ...rest } = claims
  assert.deepEqual(rest, {
    iss: facts['issuer'],
    aud: facts['issuer'],
    sub: user.id,
    client_id: 'first-party',
    sid: signedIn.session_id,
    roles: ['user'],
    scope: '',
  })
  assert.equal(Number(exp) - Number(iat), 600)
  // The token may be signed in the second after the one in which the session was opened.
  assert.equal(authTime, Math.floor(Date.parse(String(signedIn.user.last_sign_in_at)) / 1000))
  assert.ok(Number(iat) >= Number(authTime))
  assert.match(String(jti), /^[0-9a-f-]{36}$/)
})

test('a token carries roles and permissions, and neither address nor username', async () => {
  const { server, keys } = await published({ UM_AUDIENCE: 'https://api.example.com' })
  const admin = await server.newUser({ roles: ['admin'] })
  const { claims } = verifyJwt((await server.signIn(admin)).access_token, keys)
  assert.deepEqual(claims['roles'], ['admin'])
  assert.equal(claims['aud'], 'https://api.example.com')
  assert.match(String(claims['scope']), /^users:read users:write /)
  assert.doesNotMatch(JSON.stringify(claims), new RegExp(`${admin.email}|${admin.username}`))
})

test('every key names its use, algorithm and id, and shows nothing private', async () => {
  for (const algorithm of ['ES256', 'Ed25519']) {
    const { server, facts, keys } = await published({ UM_SIGNING_ALGORITHM: algorithm })
    assert.ok(keys.length >= 1)
    for (const key of keys) {
      assert.ok(key.alg && key.use === 'sig' && key.kid, JSON.stringify(key))
      for (const secret of ['d', 'p', 'q', 'k', 'oth']) assert.ok(!(secret in key), secret)
    }
    assert.deepEqual(facts['id_token_signing_alg_values_supported'], [algorithm])
    verifyJwt((await server.signIn(await server.newUser())).access_token, keys)
  }
})

test('a token of one server opens nothing on another', async () => {
  const [one, other] = [await startTestServer(), await startTestServer()]
  const { access_token: token, refresh_token: refresh } = await one.signIn(await one.newUser())
  assert.equal((await other.profile(token)).problem.code, 'token_invalid')
  const json = { refresh_token: refresh }
  const answer = await other.client.send('POST', '/users/token/refresh', { json })
  assert.equal(answer.problem.code, 'refresh_token_invalid')
})
