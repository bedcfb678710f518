/** The client against the real server: every operation, the life of a session, and what is no answer of the API. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import {
  createClient,
  type Client,
  type ClientOptions,
  type Result,
  type Tokens,
} from '../../client/src/client.ts'
import { operations } from '../../client/src/operations.ts'
import { openApiDocument } from '../../src/http/openapi.ts'
import { routes } from '../../src/http/routes.ts'
import { startTestServer } from '../support/server.ts'

const password = 'seven green tin kettles'
const MINUTE_MS = 60_000
const server = await startTestServer()
let made = 0

interface Watched {
  readonly client: Client
  /** What was asked for: method and path. */
  readonly asked: string[]
  readonly endings: string[]
  tokens: Tokens
}

/** A client whose requests are written down; `lose` may take an answer away from it. */
function watchedClient(options: ClientOptions & { lose?: (asked: string) => boolean } = {}): Watched {
  const asked: string[] = []
  const endings: string[] = []
  const watched = { asked, endings, tokens: {} as Tokens }
  const client = createClient({
    baseUrl: `http://localhost:${server.port}/`,
    tokens: { get: () => watched.tokens, set: (tokens) => void (watched.tokens = tokens) },
    onSessionEnded: (code) => endings.push(code),
    fetch: async (url, init) => {
      const line = `${init?.method} ${new URL(url instanceof Request ? url.url : url).pathname}`
      asked.push(line)
      const answer = await fetch(url, init)
      if (options.lose?.(line)) throw new TypeError('the answer was lost')
      return answer
    },
    ...options,
  })
  return Object.assign(watched, { client })
}

async function signedUp(options?: Parameters<typeof watchedClient>[0]) {
  const username = `client-${(made += 1)}`
  const email = `${username}@example.com`
  const watched = watchedClient(options)
  const registered = await watched.client.register({ body: { username, email, password } })
  assert.equal(registered.status, 201, JSON.stringify(registered))
  const signedIn = await watched.client.login({ body: { email, password } })
  assert.ok(signedIn.ok)
  watched.asked.length = 0
  return Object.assign(watched, { username, email, sessionId: signedIn.data.session_id })
}

function good<R extends { readonly ok: boolean }>(result: R): Extract<R, { ok: true }> {
  assert.ok(isGood(result), JSON.stringify(result))
  return result
}

function isGood<R extends { readonly ok: boolean }>(result: R): result is Extract<R, { ok: true }> {
  return result.ok
}

function code(
  result: { readonly ok: true } | { readonly ok: false; readonly problem: { readonly code: string } },
) {
  assert.ok(!result.ok)
  return result.problem.code
}

test('every operation of the API is a method with its method, path and use of the token, and there are no others', () => {
  const {
    paths,
  }: { paths: Record<string, Record<string, { operationId: string; security?: readonly object[] }>> } =
    JSON.parse(JSON.stringify(openApiDocument(routes)))
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, security }]) => {
      const ways = security ?? []
      const optional = ways.some((way) => Object.keys(way).length === 0)
      return [
        operationId,
        [method.toUpperCase(), path, ways.length === 0 ? 'none' : optional ? 'optional' : 'needed'],
      ]
    }),
  )
  const table = Object.entries(operations).map(([name, row]) => [name, row.slice(0, 3)])
  assert.deepEqual(Object.fromEntries(table), Object.fromEntries(documented))
  assert.deepEqual(
    Object.keys(createClient()).toSorted(),
    documented.map(([name]) => String(name)).toSorted(),
  )
})

test('an account lives its whole life through the client', async () => {
  const { client, email, asked } = await signedUp()
  const { data: user, headers } = good(await client.profileRead())
  assert.equal(user.email, email)
  const etag = headers.get('etag') ?? ''
  const body = { profile: { display_name: 'Ada' } }
  assert.equal(
    good(await client.profileUpdate({ headers: { 'If-Match': etag }, body })).data.profile['display_name'],
    'Ada',
  )
  assert.equal(code(await client.profileUpdate({ headers: { 'If-Match': etag }, body })), 'profile_changed')
  assert.equal(good(await client.sessionsList()).data.items.length, 1)
  assert.equal(good(await client.reauthenticate({ body: { password } })).data.user.id, user.id)
  const next = 'eight green tin kettles'
  const changed = good(
    await client.passwordChange({ body: { current_password: password, new_password: next } }),
  )
  assert.equal(changed.data, undefined)
  assert.equal(good(await client.readUser({ params: { id: user.id } })).data.username, user.username)
  assert.ok(Array.isArray(good(await client.exportAccount()).data['sessions']))
  assert.equal(code(await client.listUsers({ query: { limit: 5, sort: '-email' } })), 'permission_denied')
  assert.equal(
    code(await client.deleteAccount({ body: { password: 'not this one at all' } })),
    'password_incorrect',
  )
  assert.equal(
    typeof good(await client.deleteAccount({ body: { password: next } })).data.erased['sessions'],
    'number',
  )
  assert.equal(code(await client.profileRead()), 'token_missing')
  assert.ok(!asked.includes('POST /users/token/refresh'))
})

test('pages come as text, and a form goes as a form', async () => {
  const { client } = watchedClient()
  const page = await client.resetPasswordPage({ params: { token: 'no/such?token' } })
  assert.equal(code(page), 'unexpected_answer')
  assert.equal(page.status, 400)
  assert.match(String(good(await client.docs()).data), /<html/)
  const body = { token: 'no-such-token', password }
  assert.equal((await client.resetPasswordForm({ body })).status, 400)
})

test('fifty calls with an expired token cause one refresh, and all are answered', async () => {
  const { client, asked } = await signedUp()
  server.clock.advance(11 * MINUTE_MS)
  const results = await Promise.all(Array.from({ length: 50 }, () => client.profileRead()))
  assert.ok(results.every(({ ok }) => ok))
  assert.equal(asked.filter((line) => line === 'POST /users/token/refresh').length, 1)
})

test('a token that is about to end is replaced before it is sent', async () => {
  const watched = await signedUp()
  const before = watched.tokens.access
  watched.tokens = { ...watched.tokens, endsAt: Date.now() + 1000 }
  good(await watched.client.profileRead())
  assert.deepEqual(watched.asked, ['POST /users/token/refresh', 'GET /users/profile'])
  assert.notEqual(watched.tokens.access, before)
})

test('a refresh whose answer is lost is asked for again, and the session goes on', async () => {
  let lost = 0
  const watched = await signedUp({ lose: (line) => line.endsWith('/refresh') && (lost += 1) === 1 })
  watched.tokens = { ...watched.tokens, endsAt: 0 }
  const first = await watched.client.profileRead()
  assert.equal(code(first), 'refresh_failed')
  assert.deepEqual(watched.endings, [])
  good(await watched.client.profileRead())
  watched.tokens = { ...watched.tokens, endsAt: 0 }
  good(await watched.client.profileRead())
  assert.deepEqual(watched.endings, [])
})

test('two tabs that share their tokens stay signed in when both refresh at once', async () => {
  const one = await signedUp()
  const two = watchedClient({
    tokens: { get: () => one.tokens, set: (tokens) => void (one.tokens = tokens) },
  })
  for (let round = 0; round < 3; round += 1) {
    one.tokens = { ...one.tokens, endsAt: 0 }
    const results = await Promise.all([one, two].map(({ client }) => client.profileRead()))
    assert.ok(results.every(({ ok }) => ok))
  }
  assert.deepEqual([...one.endings, ...two.endings], [])
})

test('a session that was ended elsewhere is told once, and its tokens are forgotten, but for that of the device', async () => {
  const watched = await signedUp()
  const { device } = watched.tokens
  assert.ok(device)
  const other = watchedClient()
  good(await other.client.login({ body: { email: watched.email, password } }))
  good(await other.client.sessionsEnd({ params: { id: watched.sessionId } }))
  assert.equal(code(await watched.client.profileRead()), 'session_revoked')
  assert.equal(code(await watched.client.profileRead()), 'token_missing')
  assert.deepEqual(watched.endings, ['session_revoked'])
  assert.deepEqual(watched.tokens, { device })
})

test('a refresh that is refused ends the session for every call that waits for it, and is told once', async () => {
  const watched = await signedUp()
  watched.tokens = { ...watched.tokens, endsAt: 0, refresh: 'umr_nothing' }
  const results = await Promise.all([watched.client.profileRead(), watched.client.sessionsList()])
  assert.deepEqual(results.map(code), ['session_ended', 'session_ended'])
  assert.deepEqual(watched.endings, ['refresh_token_invalid'])
})

test('a late answer to a session that is over leaves the session alone that has taken its place', async () => {
  const watched = await signedUp()
  const old = watched.tokens
  good(await watched.client.logout())
  const late = watchedClient({
    tokens: {
      get: () => (late.asked.length === 0 ? old : watched.tokens),
      set: () => assert.fail('it was changed'),
    },
  })
  good(await watched.client.login({ body: { email: watched.email, password } }))
  assert.equal(code(await late.client.profileRead()), 'session_revoked')
  assert.deepEqual(late.endings, [])
  good(await watched.client.profileRead())
})

test('signing out forgets the session and keeps the device, which is known at the next sign-in', async () => {
  const watched = await signedUp()
  const { device } = watched.tokens
  good(await watched.client.logout())
  assert.deepEqual(watched.tokens, { device })
  assert.deepEqual(watched.endings, [])
  let sent = ''
  const fetchOnce: typeof fetch = (url, init) => (
    (sent = typeof init?.body === 'string' ? init.body : ''),
    fetch(url, init)
  )
  const again = watchedClient({ fetch: fetchOnce, tokens: { get: () => ({ device }), set: () => {} } })
  good(await again.client.login({ body: { email: watched.email, password } }))
  assert.equal(JSON.parse(sent).device_token, device)
})

test('the same key makes a registration safe to repeat', async () => {
  const { client } = watchedClient()
  const body = { username: 'client-key', email: 'client-key@example.com', password }
  const headers = { 'Idempotency-Key': 'one-and-the-same' }
  const [first, second] = [await client.register({ headers, body }), await client.register({ headers, body })]
  assert.deepEqual(good(first).data, good(second).data)
})

test('what is no answer of the API is a problem of the client, and nothing is thrown', async () => {
  const strange = createServer(
    (_request, response) => void response.writeHead(502).end('<h1>Bad gateway</h1>'),
  )
  await new Promise<void>((listening) => strange.listen(0, 'localhost', listening))
  after(() => strange.close())
  const { port } = strange.address() as AddressInfo
  const at = (baseUrl: string) => createClient({ baseUrl })
  const refused = await at(`http://localhost:${port}`).livez()
  assert.deepEqual([code(refused), refused.status], ['unexpected_answer', 502])
  assert.equal(code(await at('http://localhost:1').livez()), 'network_error')
  const signal = AbortSignal.abort()
  assert.equal(code(await at(`http://localhost:${port}`).livez({ signal })), 'aborted')
  const broken = createClient({
    fetch: async () => new Response('{', { headers: { 'content-type': 'application/json' } }),
  })
  assert.equal(code(await broken.livez()), 'unexpected_answer')
})

/** Whether two types are one and the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

test('the types know the codes, the bodies and the answers of each operation', () => {
  type ClientCodes = 'network_error' | 'aborted' | 'session_ended' | 'refresh_failed' | 'unexpected_answer'
  type CodesOf<Name extends keyof Client> = Extract<Result<Name>, { ok: false }>['problem']['code']
  type Good<Name extends keyof Client> = Extract<Result<Name>, { ok: true }>
  type ProfileCodes =
    | 'request_invalid'
    | 'token_missing'
    | 'token_invalid'
    | 'token_expired'
    | 'session_revoked'
  const codes: Same<
    CodesOf<'profileRead'>,
    ProfileCodes | 'internal_error' | 'store_unavailable' | ClientCodes
  > = true
  const statuses: Same<Good<'register'>['status'], 201 | 202> = true
  const data: Same<Extract<Good<'register'>, { status: 202 }>['data'], { status: 'accepted' }> = true
  const empty: Same<Good<'logout'>['data'], undefined> = true
  type Body = Parameters<Client['register']>[0]['body']
  const needed: Same<{ username: string; email: string } extends Body ? true : false, false> = true
  const bodyless: Same<[] extends Parameters<Client['profileRead']> ? true : false, true> = true
  const withBody: Same<[] extends Parameters<Client['login']> ? true : false, false> = true
  assert.ok(codes && statuses && data && empty && needed && bodyless && withBody)
})
