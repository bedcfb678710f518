/** Two server processes on one replica set: what one of them has answered is in force on the other. */
import assert from 'node:assert/strict'
import { randomBytes, randomUUID, randomUUIDv7 } from 'node:crypto'
import { after, before, test } from 'node:test'
import { openKeyring } from '../../src/crypto/keyring.ts'
import { createSecrets } from '../../src/crypto/secrets.ts'
import { openMongodbStore } from '../../src/store/mongodb/mongodb-store.ts'
import { startDatabase, type MongodbDatabase } from '../support/mongodb-database.ts'
import { mailsSaid, startNodes, type Node } from '../support/nodes.ts'
import { mailTo, type Answer, type Client } from '../support/process-client.ts'
import { until } from '../support/process.ts'
import { newKeptLog, release, rounds, upTo } from '../support/store-fixtures.ts'
import { addSummary } from '../support/summary.ts'

interface Person {
  readonly username: string
  readonly email: string
  readonly password: string
}

const turns = 2 * rounds(200)
/** Few enough for all of their mails to be in the inbox at once. */
const mailTurns = 40
const newPassword = 'another sentence of four words'

let database: MongodbDatabase
let nodes: readonly [Node, Node]

before(async () => {
  database = await startDatabase('nodes', release ? 3 : 1)
  nodes = await startNodes(database.url)
})
after(async () => {
  for (const { server } of nodes) await server.end('SIGKILL')
  await database.stop()
})

let people = 0
function somebody(): Person {
  people += 1
  const name = `walker-${people}`
  return { username: name, email: `${name}@example.com`, password: 'the first of two passwords' }
}

async function registered(at: Client): Promise<Person> {
  const person = somebody()
  const answer = await at('POST /users/register', { body: person })
  assert.equal(answer.status, 201, answer.text)
  return person
}

async function signedIn(at: Client, { email, password }: Person): Promise<Answer['body']> {
  const answer = await at('POST /users/login', { body: { email, password } })
  assert.equal(answer.status, 200, answer.text)
  return answer.body
}

/** Half of the turns the one node acts and the other one is asked, half the other way; some at a time. */
async function bothWays(act: (here: Client, there: Client) => Promise<void>, count = turns): Promise<void> {
  const [one, other] = nodes
  const queue = upTo(count).values()
  const worker = async (): Promise<void> => {
    for (const turn of queue) {
      await (turn % 2 === 0 ? act(one.call, other.call) : act(other.call, one.call))
    }
  }
  await Promise.all(upTo(10).map(worker))
}

async function assertCode(answer: Promise<Answer>, status: number, code: string): Promise<void> {
  const { status: actual, body, text } = await answer
  assert.deepEqual([actual, body.code], [status, code], text)
}

/** Neither token of a session opens anything at this node. */
async function assertEnded(at: Client, session: Answer['body']): Promise<void> {
  await assertCode(at('GET /users/profile', { token: session.access_token }), 401, 'session_revoked')
  const body = { refresh_token: session.refresh_token }
  await assertCode(at('POST /users/token/refresh', { body }), 401, 'refresh_token_invalid')
}

/** The node takes the token, and has it among the verified ones from now on. */
async function assertAlive(at: Client, session: Answer['body']): Promise<void> {
  const answer = await at('GET /users/profile', { token: session.access_token })
  assert.equal(answer.status, 200, answer.text)
}

async function assertRefused(at: Client, { email }: Person, password: string): Promise<void> {
  await assertCode(at('POST /users/login', { body: { email, password } }), 401, 'invalid_credentials')
}

test('two first starts at once agree on one keyring, and a token of the one is good on the other', async () => {
  const [one, other] = nodes
  const keys = (await one.call('GET /.well-known/jwks.json')).text
  assert.match(keys, /"kid"/)
  assert.equal((await other.call('GET /.well-known/jwks.json')).text, keys)
  await bothWays(async (here, there) => {
    const person = await registered(here)
    await assertAlive(there, await signedIn(here, person))
  })
})

test('two stores that are opened at once on an empty database make one schema and one keyring', async (t) => {
  const clock = { now: () => Date.now() }
  const ids = { next: () => randomUUIDv7() }
  for (const round of upTo(rounds(50) / 2)) {
    const url = database.another(`first_${round}`)
    const secrets = createSecrets(randomBytes(32))
    const log = newKeptLog()
    const stores = await Promise.all([1, 2, 3].map(() => openMongodbStore({ url, clock, log })))
    t.after(() => Promise.all(stores.map((opened) => opened.close())))
    const rings = await Promise.all(
      stores.map((store) => openKeyring({ store, secrets, clock, ids, log, algorithm: 'ES256' })),
    )
    const published = new Set(rings.map((ring) => JSON.stringify(ring.jwks())))
    const signing = new Set(rings.map((ring) => ring.signingKey().kid))
    const [store] = stores
    assert.equal((await store?.loadKeys())?.keys.length, rings[0]?.jwks().keys.length)
    assert.deepEqual([published.size, signing.size], [1, 1])
    const aboutKeys = log.lines.filter((line) => line.includes('signing keys'))
    assert.equal(aboutKeys.length, 1, `one of them says that it has made keys: ${log.lines.join()}`)
  }
})

test('a sign-out on one node is in force on the other with the next request', async () => {
  await bothWays(async (here, there) => {
    const person = await registered(there)
    const [session, second] = [await signedIn(there, person), await signedIn(here, person)]
    await assertAlive(there, session)
    const done = await here('POST /users/logout', { token: session.access_token })
    assert.equal(done.status, 204, done.text)
    await assertEnded(there, session)
    await assertAlive(there, second)
  })
})

test('a change of password on one node is in force on the other with the next request', async () => {
  await bothWays(async (here, there) => {
    const person = await registered(there)
    const [own, second] = [await signedIn(here, person), await signedIn(there, person)]
    await assertAlive(there, own)
    await assertAlive(there, second)
    const body = { current_password: person.password, new_password: newPassword }
    const done = await here('PUT /users/password', { token: own.access_token, body })
    assert.equal(done.status, 204, done.text)
    await assertEnded(there, second)
    await assertAlive(there, own)
    await assertRefused(there, person, person.password)
    await signedIn(there, { ...person, password: newPassword })
  })
})

test('a reset on one node is in force on the other with the next request, its link and the others included', async () => {
  await bothWays(async (here, there) => {
    const person = await registered(here)
    const session = await signedIn(here, person)
    await assertAlive(there, session)
    const asked = await there('POST /users/reset-password', { body: { email: person.email } })
    assert.equal(asked.status, 202, asked.text)
    const [token = ''] = (await mailTo(here, person.email, 'reset_password')).tokens
    const redeem = (at: Client) =>
      at(`POST /users/reset-password/${token}`, { body: { password: newPassword } })
    const done = await redeem(here)
    assert.deepEqual([done.status, done.body.sessions_revoked], [200, 1], done.text)
    await assertEnded(there, session)
    await assertCode(redeem(there), 400, 'reset_token_used')
    await assertRefused(there, person, person.password)
    await signedIn(there, { ...person, password: newPassword })
  })
})

test('a deletion on one node is in force on the other with the next request, and frees name and address', async () => {
  await bothWays(async (here, there) => {
    const person = await registered(there)
    const session = await signedIn(there, person)
    await assertAlive(there, session)
    const { password } = person
    const done = await here('DELETE /users/delete', { token: session.access_token, body: { password } })
    assert.equal(done.status, 200, done.text)
    await assertEnded(there, session)
    await assertRefused(there, person, password)
    const again = await there('POST /users/register', { body: person })
    assert.equal(again.status, 201, again.text)
    await assertEnded(here, session)
  })
})

test('one Idempotency-Key on both nodes at once makes one user, and none of another body', async () => {
  await bothWays(async (here, there) => {
    const [person, stranger] = [somebody(), somebody()]
    const headers = { 'idempotency-key': randomUUID() }
    const send = (at: Client, body: Person) => at('POST /users/register', { body, headers })
    const same = await Promise.all([here, there, here, there].map((at) => send(at, person)))
    assert.deepEqual(
      same.map(({ status }) => status),
      [201, 201, 201, 201],
    )
    assert.equal(new Set(same.map(({ body }) => body.id)).size, 1)
    await assertCode(send(there, stranger), 422, 'idempotency_key_reused')
    const users = database.db.collection('users')
    assert.equal(await users.countDocuments({ email: { $in: [person.email, stranger.email] } }), 1)
  })
})

test('of two registrations of one address on both nodes at once, one wins and the other claims nothing', async () => {
  await bothWays(async (here, there) => {
    const { email } = somebody()
    const rivals = [somebody(), somebody()].map((rival) => ({ ...rival, email }))
    const answers = await Promise.all(
      rivals.map((body, index) => (index === 0 ? here : there)('POST /users/register', { body })),
    )
    assert.deepEqual(answers.map(({ status }) => status).toSorted(ascending), [201, 409])
    const lost = answers.findIndex(({ status }) => status === 409)
    assert.equal(answers[lost]?.body.code, 'email_taken')
    const again = await here('POST /users/register', { body: { ...somebody(), ...nameOf(rivals[lost]) } })
    assert.equal(again.status, 201, again.text)
    assert.equal(await database.db.collection('users').countDocuments({ email }), 1)
  })
})

function ascending(one: number, other: number): number {
  return one - other
}

function nameOf(person: Person | undefined): Pick<Person, 'username'> {
  return { username: person?.username ?? '' }
}

test('a refresh token that both nodes get at once has one successor', async () => {
  await bothWays(async (here, there) => {
    const first = await signedIn(here, await registered(here))
    const send = (at: Client, token: string) =>
      at('POST /users/token/refresh', { body: { refresh_token: token } })
    const answers = await Promise.all([here, there, here, there].map((at) => send(at, first.refresh_token)))
    const successors = new Set(answers.map(({ body }) => body.refresh_token))
    assert.equal(successors.size, 1, answers.map(({ text }) => text).join('\n'))
    const [successor = ''] = successors
    assert.ok(successor.length > 40 && successor !== first.refresh_token)
    const next = await send(there, successor)
    assert.equal(next.status, 200, next.text)
    await assertCode(send(here, first.refresh_token), 401, 'refresh_token_reused')
    await assertEnded(there, next.body)
  })
})

test('the inbox is the same on both nodes, and every mail was sent once, by either of them', async () => {
  const { db } = database
  const waiting = async (): Promise<number> =>
    (await db.collection('outbox').countDocuments()) +
    (await db.collection('tokens').countDocuments({ mail: { $exists: true } }))
  const settled = () => until(async () => ((await waiting()) === 0 ? true : null), 'an empty outbox')
  const saidNow = (kind: string) => nodes.map((node) => mailsSaid(node)[kind] ?? 0)
  await settled()
  const before = saidNow('reset_password')

  const asked: string[] = []
  await bothWays(async (here, there) => {
    const { email } = await registered(here)
    for (const at of [here, there, here, there]) {
      asked.push(email)
      await at('POST /users/reset-password', { body: { email } })
    }
  }, mailTurns)
  await settled()
  const [messages = [], same] = await Promise.all(
    nodes.map(async ({ call }) => (await call('GET /dev/mail/messages?kind=reset_password')).body.messages),
  )
  assert.deepEqual(messages, same)
  const received = messages.map(({ to }) => to).filter((to) => asked.includes(to))
  assert.deepEqual(received.toSorted(), asked.toSorted())
  assert.equal(new Set(messages.flatMap(({ tokens }) => tokens)).size, messages.length)

  for (const { server } of nodes) assert.equal((await server.end('SIGTERM')).code, 0)
  const sent = saidNow('reset_password').map((count, index) => count - (before[index] ?? 0))
  const total = sent.reduce((sum, count) => sum + count, 0)
  assert.equal(total, asked.length, `sent by each: ${sent.join(' and ')}`)
  assert.ok(sent.every((count) => count > 0))
  addSummary(`two nodes: ${turns} turns a promise; ${total} mails, ${sent.join(' and ')} by each node`)
})
