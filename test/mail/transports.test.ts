/** One suite for every way out for mail: what goes in comes out, by SMTP and in the inbox alike. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { DomainError } from '../../src/domain/errors.ts'
import { readEmail } from '../../src/domain/keys.ts'
import type { MailKind, MailMessage, MailTransport } from '../../src/domain/ports/mailer.ts'
import { createInbox } from '../../src/mail/inbox.ts'
import { createSmtp } from '../../src/mail/smtp.ts'
import { renderMail } from '../../src/mail/templates.ts'
import { startCaptureSmtp } from '../support/capture-smtp.ts'
import { ids, openOutbox, publicUrl, testClock, token } from './outbox.ts'

interface Received {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

interface Way {
  readonly transport: MailTransport
  /** In the order of arrival. */
  received(): Promise<readonly Received[]>
  addUser(email: string): Promise<string>
}

const kinds: readonly MailKind[] = [
  'verify_email',
  'reset_password',
  'set_password',
  'change_email',
  'email_changed',
  'password_changed',
  'address_taken',
  'new_device',
  'session_theft',
]

const ways: Readonly<Record<string, (t: TestContext) => Promise<Way>>> = {
  SMTP: async (t) => {
    const capture = await startCaptureSmtp()
    const transport = createSmtp({ url: capture.url, from: null, publicUrl, clock: testClock() })
    t.after(async () => {
      await transport.close()
      await capture.close()
    })
    const received = async (): Promise<readonly Received[]> =>
      capture.mails.map(({ recipients, subject, text, html }) => {
        return { to: recipients.join(' and '), subject, text, html }
      })
    return { transport, received, addUser: async () => ids.next() }
  },
  'the inbox': async (t) => {
    const outbox = await openOutbox()
    const inbox = createInbox({ ...outbox, publicUrl })
    t.after(outbox.close)
    const received = async (): Promise<readonly Received[]> =>
      (await inbox.list({})).map(({ to, subject, text, html }) => ({ to, subject, text, html })).toReversed()
    return { transport: inbox, received, addUser: outbox.addUser }
  },
}

function rendered(kind: MailKind): Pick<MailMessage, 'kind' | 'subject' | 'text' | 'html'> {
  const link = `${publicUrl}/users/reset-password/${token}`
  const params = { newEmail: 'Füchsin “on” 日本語 & <Linux> =41' }
  return {
    kind,
    ...renderMail({ kind, locale: 'en', content: { link, params }, createdAt: 1_795_000_000_000 }, publicUrl),
  }
}

async function sendAll(way: Way, to: string): Promise<readonly Received[]> {
  const userId = await way.addUser(to)
  for (const kind of kinds) await way.transport.send({ id: ids.next(), userId, to, ...rendered(kind) })
  return way.received()
}

for (const [name, open] of Object.entries(ways)) {
  test(`${name} hands over recipient, subject, text and HTML of every kind unchanged`, async (t) => {
    const got = await sendAll(await open(t), 'ada@example.com')
    const expected = kinds.map((kind) => {
      const { subject, text, html } = rendered(kind)
      return { to: 'ada@example.com', subject, text, html }
    })
    assert.deepEqual(got, expected)
  })
}

test('SMTP and the inbox show the same messages', async (t) => {
  const all = await Promise.all(
    Object.values(ways).map(async (open) => sendAll(await open(t), 'ada@example.com')),
  )
  assert.equal(all.length, 2)
  assert.deepEqual(all[0], all[1])
})

/** Addresses that a mail program may read in more than one way; all are stored as they stand here. */
const awkward = [
  'ada+tag@example.com',
  'Ada.Lovelace@Example.COM',
  "o'hara@example.com",
  '!#$%&+/=?^_`{|}~-@example.com',
  '*@example.com',
  'a=20b@example.com',
  'x%victim.example@example.com',
  'x!victim.example@example.com',
  'postmaster@xn--bcher-kva.example',
  'ada@münchen.example',
  `${'l'.repeat(64)}@example.com`,
  'a@a.aa',
]

test('each mail has exactly one recipient, the stored address (row 7)', async (t) => {
  const capture = await startCaptureSmtp()
  const smtp = createSmtp({ url: capture.url, from: null, publicUrl, clock: testClock() })
  t.after(async () => {
    await smtp.close()
    await capture.close()
  })
  const stored = awkward.map((typed) => readEmail(typed)?.address ?? `refused: ${typed}`)
  for (const to of stored) {
    await smtp.send({ id: ids.next(), userId: ids.next(), to, ...rendered('password_changed') })
  }
  assert.deepEqual(
    capture.rcptCommands,
    stored.map((to) => `RCPT TO:<${to}>`),
  )
  assert.deepEqual(
    capture.mails.map(({ headers }) => headers.get('to')?.replace(/^<(.*)>$/, '$1')),
    stored,
  )
})

test('a text that only looks like one address never gets a second recipient, even past the checks (rows 7, 8)', async (t) => {
  const capture = await startCaptureSmtp()
  const smtp = createSmtp({ url: capture.url, from: null, publicUrl, clock: testClock() })
  t.after(async () => {
    await smtp.close()
    await capture.close()
  })
  const hostile = [
    'attacker@evil.example,victim@example.com',
    'attacker@evil.example;victim@example.com',
    '"attacker@evil.example x"@example.com',
    'Victim <victim@example.com>, attacker@evil.example',
    'group: attacker@evil.example, victim@example.com;',
    'victim@example.com>\r\nRCPT TO:<attacker@evil.example',
    'victim@example.com\r\nBcc: attacker@evil.example',
  ]
  for (const to of hostile) {
    assert.equal(readEmail(to), null, `${to} would be stored`)
    const message = { id: ids.next(), userId: ids.next(), to, ...rendered('password_changed') }
    await smtp.send(message).catch(() => 'refused')
  }
  assert.ok(capture.rcptCommands.length <= hostile.length)
  assert.equal(
    capture.rcptCommands.some((line) => line.includes('<attacker@evil.example>')),
    false,
  )
  for (const { recipients, headers } of capture.mails) {
    assert.equal(recipients.length, 1)
    assert.equal(recipients.includes('attacker@evil.example'), false)
    assert.equal(headers.has('bcc'), false)
  }
})

test('a mail by SMTP says what it is: Message-ID, Date, From and Auto-Submitted', async (t) => {
  const capture = await startCaptureSmtp()
  const clock = { now: () => Date.UTC(2026, 10, 20, 14, 33, 7) }
  const from = '"Example, Inc." <Mail@example.org>'
  const smtp = createSmtp({ url: capture.url, from, publicUrl, clock })
  t.after(async () => {
    await smtp.close()
    await capture.close()
  })
  const id = ids.next()
  await smtp.send({ id, userId: ids.next(), to: 'ada@example.com', ...rendered('verify_email') })
  const headers = capture.mails[0]?.headers
  assert.equal(headers?.get('message-id'), `<${id}@accounts.example.org>`)
  assert.equal(headers?.get('date'), 'Fri, 20 Nov 2026 14:33:07 +0000')
  assert.equal(headers?.get('from'), '"Example, Inc." <Mail@example.org>')
  assert.equal(headers?.get('auto-submitted'), 'auto-generated')
  assert.equal(capture.mails[0]?.from, 'Mail@example.org')
})

test('without UM_MAIL_FROM the sender is no-reply at the host of the public URL', async (t) => {
  const capture = await startCaptureSmtp()
  const url = 'http://localhost:8080'
  const smtp = createSmtp({ url: capture.url, from: null, publicUrl: url, clock: testClock() })
  t.after(async () => {
    await smtp.close()
    await capture.close()
  })
  const id = ids.next()
  await smtp.send({ id, userId: ids.next(), to: 'ada@example.com', ...rendered('verify_email') })
  assert.equal(capture.mails[0]?.from, 'no-reply@localhost')
  assert.equal(capture.mails[0]?.headers.get('message-id'), `<${id}@localhost>`)
})

test('a line break in a subject adds no header', async (t) => {
  const capture = await startCaptureSmtp()
  const smtp = createSmtp({ url: capture.url, from: null, publicUrl, clock: testClock() })
  t.after(async () => {
    await smtp.close()
    await capture.close()
  })
  const mail = { ...rendered('verify_email'), subject: 'Hello\r\nBcc: attacker@evil.example\r\n\r\nBody' }
  await smtp.send({ id: ids.next(), userId: ids.next(), to: 'ada@example.com', ...mail })
  assert.equal(capture.mails[0]?.headers.has('bcc'), false)
  assert.deepEqual(capture.mails[0]?.recipients, ['ada@example.com'])
})

test('a server that answers nothing fails the mail when the time is up', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  assert.ok(address && typeof address === 'object')
  const url = `smtp://127.0.0.1:${address.port}`
  const smtp = createSmtp({ url, from: null, publicUrl, clock: testClock(), timeoutMs: 200 })
  t.after(async () => {
    await smtp.close()
    silent.close()
  })
  const message = { id: ids.next(), userId: ids.next(), to: 'ada@example.com', ...rendered('verify_email') }
  await assert.rejects(smtp.send(message))
})

test('settings of SMTP that cannot be read stop the start with the name of the setting', () => {
  const clock = testClock()
  const urls = [
    '',
    'localhost:25',
    'http://mail.example.org',
    'smtp://',
    'smtp://mail.example.org?pool=false',
  ]
  for (const url of [...urls, 'smtp://u:100%@mail.example.org']) {
    assert.throws(() => createSmtp({ url, from: null, publicUrl, clock }), refusal(/UM_SMTP_URL/))
  }
  const senders = [
    '',
    'nobody',
    'a@b.example, c@d.example',
    'A <a@b.example> <c@d.example>',
    'A\r\nB <a@b.example>',
  ]
  for (const from of senders) {
    const url = 'smtp://mail.example.org'
    assert.throws(() => createSmtp({ url, from, publicUrl, clock }), refusal(/UM_MAIL_FROM/))
  }
})

function refusal(detail: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof DomainError && error.code === 'start_refused' && detail.test(error.message)
}
