import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'

const server = await startTestServer()
const { client, mailbox, newUser } = server

function ask(email: string) {
  return client.send('POST', '/users/reset-password', { json: { email } })
}

test('messages come newest first and are found by address without case, by kind and by what came before', async () => {
  const [one, other] = [await newUser({ emailVerified: false }), await newUser()]
  await ask(one.email)
  const first = await mailbox.wait({ to: one.email.toUpperCase() })
  await ask(other.email)
  const second = await mailbox.wait({ to: other.email })
  await client.send('POST', '/users/verify-email', { json: { email: one.email } })
  const third = await mailbox.wait({ to: one.email, kind: 'verify_email' })
  const ids = async (query: Parameters<typeof mailbox.list>[0]) =>
    (await mailbox.list(query)).map(({ id }) => id)
  assert.deepEqual(await ids({}), [third.id, second.id, first.id])
  assert.deepEqual(await ids({ after: first.id }), [third.id, second.id])
  assert.deepEqual(await ids({ after: third.id }), [])
  assert.deepEqual(await ids({ kind: 'reset_password' }), [second.id, first.id])
  assert.deepEqual(await ids({ to: one.email, after: first.id }), [third.id])
  assert.deepEqual(await ids({ to: 'nobody@example.com' }), [])
})

test('a wait ends as soon as a newer message is there, and not before', async () => {
  const user = await newUser()
  await ask(user.email)
  const { id: after } = await mailbox.wait({ to: user.email })
  const waiting = mailbox.wait({ to: user.email, after })
  await ask((await newUser()).email)
  await ask(user.email)
  const next = await waiting
  assert.notEqual(next.id, after)
  assert.equal(next.to, user.email)
})

test('a wait that finds nothing ends with an empty list', async () => {
  const answer = await client.send('GET', '/dev/mail/messages?to=nobody@example.com&wait=1')
  assert.deepEqual(answer.json(), { messages: [] })
  assert.deepEqual((await client.send('GET', '/dev/mail/messages?to=nobody@example.com')).json(), {
    messages: [],
  })
})

test('whoever waits is answered at once when the server is about to stop', async () => {
  const stopping = new AbortController()
  const { client: other } = await startVariant(server, { surroundings: { stopping: stopping.signal } })
  const waiting = other.send('GET', '/dev/mail/messages?to=nobody@example.com&wait=30')
  const began = performance.now()
  stopping.abort()
  assert.deepEqual((await waiting).json(), { messages: [] })
  assert.ok(performance.now() - began < 29_000)
})

test('a mail is there within a second of its commit, with text, HTML, link and token', async () => {
  const times: number[] = []
  for (let round = 0; round < 3; round += 1) {
    const user = await newUser()
    const asked = performance.now()
    await ask(user.email)
    const { subject, text, html, tokens } = await mailbox.wait({ to: user.email })
    times.push(performance.now() - asked)
    assert.match(subject, /password/)
    assert.equal(tokens.length, 1)
    assert.ok(text.includes(tokens[0] ?? 'no token') && html.includes(tokens[0] ?? 'no token'))
  }
  assert.ok(Math.min(...times) < 1000, 'the best of three, since other work may share the machine')
})

test('the page shows the mails and runs no script', async () => {
  const user = await newUser()
  await ask(user.email)
  const { subject } = await mailbox.wait({ to: user.email })
  const page = await client.send('GET', '/dev/mail')
  assert.equal(page.status, 200)
  assert.ok(page.text.includes(user.email) && page.text.includes(subject))
  assert.doesNotMatch(page.text, /<script/)
})

test('through another name or a proxy the inbox is not there', async () => {
  const wrong: readonly Record<string, string>[] = [
    { host: 'attacker.example' },
    { host: 'localhost.attacker.example' },
    { host: '127.0.0.1.nip.io' },
    { host: '10.0.0.1' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-host': 'localhost' },
    { 'x-forwarded-proto': 'https' },
    { forwarded: 'for=127.0.0.1' },
  ]
  for (const headers of wrong) {
    for (const path of ['/dev/mail', '/dev/mail/messages', '/dev/mail/messages?surprise=1']) {
      const answer = await client.send('GET', path, { headers })
      assert.equal(answer.status, 404, `${path} ${JSON.stringify(headers)}`)
      assert.doesNotMatch(answer.text, /@example/)
    }
  }
  const without = await client.raw('GET /dev/mail/messages HTTP/1.0\r\n\r\n')
  assert.equal(without.status, 404)
  for (const host of ['', 'localhost@attacker.example']) {
    const lines = `GET /dev/mail/messages HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
    assert.equal((await client.raw(lines)).status, 400, host)
  }
  for (const host of ['localhost', '127.0.0.1:8080', '[::1]:1', 'LOCALHOST:1'])
    assert.equal((await client.send('GET', '/dev/mail/messages', { headers: { host } })).status, 200, host)
})

test('in production there is no inbox', async () => {
  const { client: production } = await startVariant(server, {
    surroundings: { mode: 'production', inbox: null },
  })
  for (const path of ['/dev/mail', '/dev/mail/messages', '/dev/mail/messages?wait=30'])
    assert.equal((await production.send('GET', path)).status, 404, path)
})
