import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { assemble } from '../../src/assemble.ts'
import { loadConfig } from '../../src/config.ts'
import { operator } from '../../src/domain/policy.ts'
import type { SigningKeyInfo } from '../../src/domain/ports/crypto.ts'
import { dropKey, listKeys, rotateKeys, rotateMasterKey } from '../../src/domain/signing-keys.ts'
import type { SignedInBody } from '../support/client.ts'
import { freePort, startTestServer, type TestServer } from '../support/server.ts'
import type { TestUser } from '../support/server-users.ts'
import { verifyJwt, type PublishedKey } from '../support/verify-jwt.ts'

const MINUTE_MS = 60_000
const CACHE_MS = 10 * MINUTE_MS
/** How long a key is published before it may sign: ten minutes in caches, one until every node knows it. */
const PUBLISHED_MS = 11 * MINUTE_MS
const CLIENTS = 8
const ROTATIONS = 6

const caller = { requestId: '019a0b0c-0000-7000-8000-000000000000', userAgent: null }

const rotate = (server: TestServer, force = false): Promise<readonly SigningKeyInfo[]> =>
  rotateKeys({ actor: operator, force }, caller, server.deps)

async function publishedKeys({ client }: TestServer): Promise<PublishedKey[]> {
  const answer = await client.send('GET', '/.well-known/jwks.json')
  assert.match(answer.headers['cache-control'] ?? '', /max-age=600/)
  return answer.json<{ keys: PublishedKey[] }>().keys
}

function kidOf(token: string): string {
  const [header = ''] = token.split('.')
  const { kid }: { kid: string } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
  return kid
}

async function kidIn(server: TestServer, state: SigningKeyInfo['state']): Promise<string> {
  const found = (await listKeys(operator, server.deps)).find((key) => key.state === state)
  return found?.kid ?? assert.fail(`there is no ${state} key`)
}

async function refreshed(server: TestServer, { refresh_token }: SignedInBody): Promise<SignedInBody> {
  const answer = await server.client.send('POST', '/users/token/refresh', { json: { refresh_token } })
  assert.equal(answer.status, 200, answer.text)
  return answer.json<SignedInBody>()
}

/** A service that verifies offline, and keeps a key set for as long as it may. It never asks for a key that it lacks. */
function createVerifier(server: TestServer) {
  let keys: readonly PublishedKey[] = []
  let fetchedAt = -Infinity
  return async (token: string): Promise<void> => {
    if (server.clock.now() - fetchedAt >= CACHE_MS) {
      fetchedAt = server.clock.now()
      keys = await publishedKeys(server)
    }
    verifyJwt(token, keys)
  }
}

/** A client that signs in, refreshes and reads its profile; every answer has to be a success. */
async function createUserAgent(server: TestServer, user: TestUser) {
  let signedIn = await server.signIn(user)
  let issuedAt = server.clock.now()
  let turns = 0
  return async (): Promise<{ readonly token: string; readonly requests: number }> => {
    turns += 1
    const old = server.clock.now() - issuedAt > 5 * MINUTE_MS
    if (old) {
      issuedAt = server.clock.now()
      signedIn = turns % 2 === 0 ? await server.signIn(user) : await refreshed(server, signedIn)
    }
    const token = signedIn.access_token
    const answers = [await server.profile(token), await server.profile(token)]
    for (const answer of answers) assert.equal(answer.status, 200, answer.text)
    return { token, requests: answers.length + (old ? 1 : 0) }
  }
}

test('keys are rotated under load without one refused request, here or at a service that verifies offline', async () => {
  const server = await startTestServer()
  const users = await Promise.all(Array.from({ length: CLIENTS }, () => server.newUser()))
  const agents = await Promise.all(users.map((user) => createUserAgent(server, user)))
  const verifiers = [createVerifier(server)]
  const signedBy = new Set<string>()
  let requests = 0
  for (let minute = 1; minute <= (ROTATIONS * PUBLISHED_MS) / MINUTE_MS; minute++) {
    server.clock.advance(MINUTE_MS)
    // Services that have come up one minute after the other: their caches run out at different times.
    if (verifiers.length < 10) verifiers.push(createVerifier(server))
    const announced = new Set((await publishedKeys(server)).map(({ kid }) => kid))
    const due = minute % (PUBLISHED_MS / MINUTE_MS) === 0
    const [turns] = await Promise.all([
      Promise.all(agents.map((turn) => turn())),
      due ? rotate(server) : assert.rejects(rotate(server), { code: 'request_invalid' }),
    ])
    for (const { token, requests: sent } of turns) {
      requests += sent
      signedBy.add(kidOf(token))
      assert.ok(announced.has(kidOf(token)), 'published before it signs')
      for (const verify of verifiers) await verify(token)
    }
  }
  assert.ok(signedBy.size >= ROTATIONS, `${signedBy.size} keys have signed`)
  assert.ok(requests > 1000, `${requests} requests`)
  assert.deepEqual(
    server.log.filter(({ level }) => level === 'error'),
    [],
  )
})

test('what a dropped key signed is 401 token_invalid at once, and its sessions go on with a refresh', async () => {
  const server = await startTestServer()
  const user = await server.newUser()
  const [used, unused] = [await server.signIn(user), await server.signIn(user)]
  assert.equal((await server.profile(used.access_token)).status, 200)
  const kid = kidOf(used.access_token)
  const next = await kidIn(server, 'next')
  await dropKey({ actor: operator, kid }, caller, server.deps)
  for (const { access_token: token } of [used, unused, used]) {
    const answer = await server.profile(token)
    assert.deepEqual([answer.status, answer.problem.code], [401, 'token_invalid'])
    assert.match(answer.headers['www-authenticate'] ?? '', /error="invalid_token"/)
  }
  assert.ok((await publishedKeys(server)).every((key) => key.kid !== kid))
  for (const session of [used, unused]) {
    const { access_token: token } = await refreshed(server, session)
    assert.equal(kidOf(token), next)
    assert.equal((await server.profile(token)).status, 200)
  }
})

test('after ninety days the next key signs without anybody doing anything', async () => {
  const server = await startTestServer()
  const user = await server.newUser()
  const [active, next] = [await kidIn(server, 'active'), await kidIn(server, 'next')]
  server.clock.advance(89 * 24 * 60 * MINUTE_MS)
  assert.equal(kidOf((await server.signIn(user)).access_token), active)
  server.clock.advance(24 * 60 * MINUTE_MS)
  const { access_token: token } = await server.signIn(user)
  assert.equal(kidOf(token), next)
  assert.equal((await server.profile(token)).status, 200)
  const kids = (await publishedKeys(server)).map(({ kid }) => kid)
  assert.ok(kids.includes(active) && kids.includes(next) && kids.length === 3)
})

test('a rotation that comes too early says until when, and how to do it all the same', async () => {
  const server = await startTestServer()
  const before = await listKeys(operator, server.deps)
  await assert.rejects(rotate(server), {
    code: 'request_invalid',
    message: /may not know the next signing key yet.* from \d{4}-\d\d-\d\dT[\d:.]+Z on.*--force/,
  })
  assert.deepEqual(await listKeys(operator, server.deps), before)
  const [active] = await rotate(server, true)
  assert.equal(active?.kid, before.find(({ state }) => state === 'next')?.kid)
  const kid = 'A'.repeat(43)
  await assert.rejects(dropKey({ actor: operator, kid }, caller, server.deps), {
    code: 'not_found',
    message: /no signing key with this id/,
  })
})

test('only the operator deals with keys, and every change is in the audit', async () => {
  const server = await startTestServer()
  const actor = { ...operator, userId: (await server.newUser({ roles: ['admin'] })).id }
  const kid = await kidIn(server, 'active')
  const refused = { code: 'permission_denied' }
  await assert.rejects(listKeys(actor, server.deps), refused)
  await assert.rejects(rotateKeys({ actor, force: true }, caller, server.deps), refused)
  await assert.rejects(dropKey({ actor, kid }, caller, server.deps), refused)
  assert.equal(await kidIn(server, 'active'), kid)
  await rotate(server, true)
  await dropKey({ actor: operator, kid }, caller, server.deps)
  const query = { userId: null, actorId: null, limit: 2, from: null }
  const { items } = await server.deps.store.listAudit(query)
  assert.deepEqual(
    items.map(({ action, detail, actorId, userId }) => ({ action, detail, actorId, userId })),
    [`dropped ${kid}`, 'rotated by force'].map((detail) => ({
      action: 'signing-keys',
      detail,
      actorId: null,
      userId: null,
    })),
  )
})

test('after a rotation of the master key sessions live on and queued mail goes out, until the old line is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'um-master-key-test-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'master.key')
  const settings = { UM_DATA_DIR: folder }
  // Nobody listens there: the mail stays in the outbox.
  const first = await startTestServer({ ...settings, UM_SMTP_URL: `smtp://localhost:${await freePort()}` })
  const [user, other] = [await first.newUser(), await first.newUser()]
  const [session, unused] = [await first.signIn(user), await first.signIn(other)]
  await first.client.send('POST', '/users/reset-password', { json: { email: user.email } })
  await first.app.stop()
  const [old = ''] = readFileSync(file, 'utf8').trim().split('\n')
  await rotatedAlone(settings, first)

  const second = await startTestServer(settings)
  const again = await refreshed(second, session)
  assert.equal((await second.profile(again.access_token)).status, 200)
  second.clock.advance(10 * MINUTE_MS)
  const mail = await second.mailbox.wait({ to: user.email, kind: 'reset_password' })
  const [path = ''] = /\/users\/reset-password\/[\w-]{43}/.exec(mail.text) ?? []
  assert.equal((await second.client.send('GET', path)).status, 200, 'the link in it is live')
  await second.app.stop()

  const [line = '', ...rest] = readFileSync(file, 'utf8').trim().split('\n')
  assert.deepEqual(rest, [old])
  writeFileSync(file, `${line}\n`)
  const third = await startTestServer(settings)
  assert.equal((await third.profile((await refreshed(third, again)).access_token)).status, 200)
  const json = { refresh_token: unused.refresh_token }
  const answer = await third.client.send('POST', '/users/token/refresh', { json })
  assert.deepEqual([answer.status, answer.problem.code], [401, 'refresh_token_invalid'])
  await third.app.stop()

  writeFileSync(file, `${old}\n`)
  await assert.rejects(startTestServer(settings), {
    code: 'store_incompatible',
    message: /not the one that this database was made with: put the right file back/,
  })
})

test('a master key file that holds eight keys refuses a ninth with a sentence, and stays as it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'um-master-key-test-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const lines = Array.from({ length: 8 }, (_, index) => String(index).repeat(64))
  const content = lines.join('\n')
  writeFileSync(join(folder, 'master.key'), content, { mode: 0o600 })
  const server = await startTestServer({ UM_DATA_DIR: folder })
  await server.app.stop()
  await assert.rejects(rotatedAlone({ UM_DATA_DIR: folder }, server), {
    code: 'request_invalid',
    message: /holds 8 keys.*take out the last line/,
  })
  assert.equal(readFileSync(join(folder, 'master.key'), 'utf8'), content)
})

/** As the command does it, while no server runs. */
async function rotatedAlone(settings: Record<string, string>, { deps }: TestServer): Promise<void> {
  const { clock, log, rules } = deps
  const { publicUrl } = rules
  const assembled = await assemble(loadConfig(settings), { publicUrl, log, clock })
  try {
    const { masterKey } = assembled
    assert.equal(await rotateMasterKey({ actor: operator, masterKey }, caller, assembled.deps), 'rotated')
  } finally {
    await assembled.close()
  }
}
