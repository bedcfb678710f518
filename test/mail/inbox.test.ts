import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createSecrets } from '../../src/crypto/secrets.ts'
import { http } from '../../src/domain/limits.ts'
import type { MailKind } from '../../src/domain/ports/mailer.ts'
import { createInbox } from '../../src/mail/inbox.ts'
import { ids, openOutbox, publicUrl, token } from './outbox.ts'

async function openInbox(t: TestContext) {
  const outbox = await openOutbox()
  t.after(outbox.close)
  const parts = { ...outbox, publicUrl }
  const inbox = createInbox(parts)
  const userId = await outbox.addUser('ada@example.com')
  return {
    ...outbox,
    inbox,
    /** The inbox of another node on the same store. */
    other: createInbox(parts),
    async put(kind: MailKind, text: string, to = 'ada@example.com'): Promise<string> {
      const id = ids.next()
      await inbox.send({ id, userId, kind, to, subject: kind, text, html: '<p>hello</p>' })
      return id
    },
  }
}

test('the list is newest first and is filtered by recipient, kind and the last one seen', async (t) => {
  const { inbox, put } = await openInbox(t)
  const first = await put('verify_email', 'one')
  const second = await put('reset_password', 'two')
  const third = await put('reset_password', 'three', 'bob@example.com')
  const idsOf = async (query: Parameters<typeof inbox.list>[0]) =>
    (await inbox.list(query)).map(({ id }) => id)
  assert.deepEqual(await idsOf({}), [third, second, first])
  assert.deepEqual(await idsOf({ to: 'Ada@example.com' }), [second, first])
  assert.deepEqual(await idsOf({ kind: 'reset_password' }), [third, second])
  assert.deepEqual(await idsOf({ after: first, to: 'ada@example.com' }), [second])
  assert.deepEqual(await idsOf({ kind: 'no_such_kind' }), [])
})

test('links are taken from the text, and tokens from our own links only', async (t) => {
  const { inbox, put } = await openInbox(t)
  const link = `${publicUrl}/users/reset-password/${token}`
  const outside = 'https://elsewhere.example/users/reset-password/NotOurs'
  const lookalike = `${publicUrl}.evil.example/users/reset-password/NotOurs`
  await put('reset_password', `Open ${link}, or see ${publicUrl}/docs. (${outside}) ${lookalike}\n${link}\n`)
  const [message] = await inbox.list({})
  assert.deepEqual(message?.links, [link, `${publicUrl}/docs`, outside, lookalike])
  assert.deepEqual(message?.tokens, [token])
})

test('what is stored tells nothing without the key, and is passed over with another one', async (t) => {
  const { inbox, put, store, clock } = await openInbox(t)
  await put('reset_password', `${publicUrl}/users/reset-password/${token}`)
  const [row] = await store.listInboxMessages({ limit: 1 })
  assert.ok(row)
  const bytes = Buffer.from(row.sealed).toString('latin1')
  for (const secret of [token, 'ada@example.com', 'reset_password'])
    assert.equal(bytes.includes(secret), false)
  const secrets = createSecrets(new Uint8Array(32).fill(9))
  assert.deepEqual(await createInbox({ store, secrets, clock, publicUrl }).list({}), [])
  assert.equal((await inbox.list({})).length, 1)
})

test('a mail that is put in twice is there once', async (t) => {
  const { inbox, addUser } = await openInbox(t)
  const userId = await addUser('bob@example.com')
  const kind = 'verify_email'
  const message = {
    id: ids.next(),
    userId,
    kind,
    to: 'b@example.com',
    subject: 's',
    text: 't',
    html: 'h',
  } as const
  await inbox.send(message)
  await inbox.send(message)
  assert.equal((await inbox.list({})).length, 1)
})

test('waiting ends at once when a matching message is there already', async (t) => {
  const { inbox, put } = await openInbox(t)
  await put('verify_email', 'one')
  const found = await inbox.wait({ to: 'ada@example.com' }, 60_000)
  assert.equal(found.length, 1)
})

test('waiting ends when a matching message comes, on this node and on another', async (t) => {
  const { inbox, other, put } = await openInbox(t)
  const seen = await put('verify_email', 'one')
  const query = { to: 'ada@example.com', kind: 'reset_password', after: seen }
  const waits = [inbox.wait(query, 60_000), other.wait(query, 60_000)]
  await put('verify_email', 'not this one')
  await put('reset_password', 'nor this one', 'bob@example.com')
  const wanted = await put('reset_password', 'this one')
  for (const found of await Promise.all(waits))
    assert.deepEqual(
      found.map(({ id }) => id),
      [wanted],
    )
})

test('waiting for nothing gives an empty list when the time is up', async (t) => {
  const { inbox, put } = await openInbox(t)
  const seen = await put('verify_email', 'one')
  const began = performance.now()
  assert.deepEqual(await inbox.wait({ after: seen }, 3 * http.inboxPollMs), [])
  assert.ok(performance.now() - began >= 2 * http.inboxPollMs)
})

test('waiting ends when the client hangs up or the inbox closes', async (t) => {
  const { inbox } = await openInbox(t)
  const client = new AbortController()
  const given = inbox.wait({}, 60_000, client.signal)
  client.abort()
  assert.deepEqual(await given, [])
  const open = inbox.wait({}, 60_000)
  await inbox.close()
  assert.deepEqual(await open, [])
})
