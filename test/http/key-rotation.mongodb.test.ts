/** Signing keys and master key on two servers with one MongoDB. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { assemble } from '../../src/assemble.ts'
import { loadConfig } from '../../src/config.ts'
import { operator } from '../../src/domain/policy.ts'
import {
  dropKey,
  listKeys,
  prepareMasterKey,
  rotateKeys,
  rotateMasterKey,
} from '../../src/domain/signing-keys.ts'
import type { SignedInBody } from '../support/client.ts'
import { startDatabase } from '../support/mongodb-database.ts'
import { startTestServer, type TestServer } from '../support/server.ts'

const MINUTE_MS = 60_000
const CLIENTS = 6
const ROTATIONS = 3

const caller = { requestId: '019a0b0c-0000-7000-8000-000000000000', userAgent: null }
const database = await startDatabase('key_rotation')
const folder = mkdtempSync(join(tmpdir(), 'um-key-rotation-'))

interface Pair {
  readonly settings: Readonly<Record<string, string>>
  readonly nodes: readonly [TestServer, TestServer]
  /** Both clocks. */
  advance(ms: number): void
}

function settingsOf(name: string): Record<string, string> {
  const file = join(folder, `${name}.key`)
  writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 })
  return {
    UM_DATABASE_URL: database.another(name),
    UM_MASTER_KEY_FILE: file,
    UM_PUBLIC_URL: 'http://localhost:8080',
  }
}

async function startPair(settings: Readonly<Record<string, string>>): Promise<Pair> {
  const nodes = [await startTestServer(settings), await startTestServer(settings)] as const
  const advance = (ms: number): void => nodes.forEach(({ clock }) => clock.advance(ms))
  return { settings, nodes, advance }
}

const refresh = (at: TestServer, { refresh_token }: SignedInBody) =>
  at.client.send('POST', '/users/token/refresh', { json: { refresh_token } })

async function kidsOf({ client }: TestServer): Promise<string[]> {
  const answer = await client.send('GET', '/.well-known/jwks.json')
  return answer.json<{ keys: { kid: string }[] }>().keys.map(({ kid }) => kid)
}

function kidOf(token: string): string {
  const [header = ''] = token.split('.')
  const { kid }: { kid: string } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
  return kid
}

test('keys are rotated by either node under load, and no token of one is refused by the other', async () => {
  const { nodes, advance } = await startPair(settingsOf('rotation'))
  const [here, there] = nodes
  const users = await Promise.all(Array.from({ length: CLIENTS }, () => here.newUser()))
  let sessions = await Promise.all(users.map((user) => here.signIn(user)))
  const signedBy = new Set<string>()
  let requests = 0
  for (let minute = 1; minute <= ROTATIONS * 11; minute++) {
    advance(MINUTE_MS)
    const node = nodes[minute % 2] ?? here
    const due = minute % 11 === 0
    const published = await Promise.all(nodes.map(kidsOf))
    const rotation = rotateKeys({ actor: operator, force: false }, caller, node.deps)
    const [next] = await Promise.all([
      Promise.all(
        sessions.map(async (session, index) => {
          const issuer = nodes[(minute + index) % 2] ?? here
          const answer = await refresh(issuer, session)
          assert.equal(answer.status, 200, answer.text)
          const renewed = answer.json<SignedInBody>()
          const token = renewed.access_token
          for (const set of published) assert.ok(set.includes(kidOf(token)), 'published before it signs')
          for (const verifier of [issuer, here, there]) {
            const seen = await verifier.profile(token)
            assert.equal(seen.status, 200, seen.text)
          }
          signedBy.add(kidOf(token))
          requests += 4
          return renewed
        }),
      ),
      due ? rotation : assert.rejects(rotation, { code: 'request_invalid' }),
    ])
    sessions = next
  }
  assert.ok(signedBy.size >= ROTATIONS, `${signedBy.size} keys have signed`)
  assert.ok(requests >= 500, `${requests} requests`)
})

test('a key that one node drops is refused there at once, and on the other within a minute', async () => {
  const { nodes, advance } = await startPair(settingsOf('drop'))
  const [here, there] = nodes
  const user = await here.newUser()
  const [session, second] = [await here.signIn(user), await here.signIn(user)]
  const token = session.access_token
  assert.equal((await there.profile(token)).status, 200, 'and is among the verified ones there')
  const kid = kidOf(token)
  await dropKey({ actor: operator, kid }, caller, here.deps)
  assert.equal((await here.profile(token)).problem.code, 'token_invalid')
  advance(MINUTE_MS)
  assert.equal((await there.profile(token)).problem.code, 'token_invalid')
  for (const node of nodes) assert.ok(!(await kidsOf(node)).includes(kid))
  for (const node of nodes) {
    const renewed = (await refresh(node, node === here ? session : second)).json<SignedInBody>()
    for (const other of nodes) assert.equal((await other.profile(renewed.access_token)).status, 200)
  }
})

test('a rotation on both nodes at once is one', async () => {
  const { nodes, advance } = await startPair(settingsOf('race'))
  advance(11 * MINUTE_MS)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, async (_, index) =>
      rotateKeys({ actor: operator, force: false }, caller, (nodes[index % 2] ?? nodes[0]).deps),
    ),
  )
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  advance(MINUTE_MS)
  const [one, other] = await Promise.all(nodes.map(kidsOf))
  assert.deepEqual(one?.toSorted(), other?.toSorted())
  assert.equal(one?.length, 3)
  const states = (await listKeys(operator, nodes[1].deps)).map(({ state }) => state)
  assert.deepEqual(states, ['active', 'next', 'retired'])
})

test('the master key is rotated node by node, and no session is refused on the way', async () => {
  const settings = settingsOf('master')
  const { nodes } = await startPair(settings)
  const user = await nodes[0].newUser()
  let session = await nodes[0].signIn(user)
  /** The session goes on at each of these nodes. */
  const goesOn = async (...at: readonly TestServer[]): Promise<void> => {
    for (const node of at) {
      const answer = await refresh(node, session)
      assert.equal(answer.status, 200, answer.text)
      session = answer.json<SignedInBody>()
      for (const other of at) assert.equal((await other.profile(session.access_token)).status, 200)
    }
  }
  const { clock, log, rules } = nodes[0].deps
  const { publicUrl } = rules
  const command = await assemble(loadConfig(settings), { publicUrl, log, clock })
  const { masterKey, deps } = command
  after(() => command.close())
  await assert.rejects(rotateMasterKey({ actor: operator, masterKey }, caller, deps), {
    code: 'request_invalid',
    message: /keys rotate --master --prepare/,
  })
  await prepareMasterKey(operator, masterKey)
  await goesOn(...nodes)
  const [, old] = nodes
  const prepared = await startTestServer(settings)
  await goesOn(old, prepared, old)
  const both = await startTestServer(settings)
  assert.equal(await rotateMasterKey({ actor: operator, masterKey }, caller, deps), 'rotated')
  await goesOn(prepared, both)
  const rotated = await startTestServer(settings)
  await goesOn(rotated, prepared, rotated)
  assert.notEqual(rotated.deps.secrets.refreshKeyId, prepared.deps.secrets.refreshKeyId)
})

after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await database.stop()
})
