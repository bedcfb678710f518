/** The deliverer on the real store, most of it against a real SMTP server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { DomainError } from '../../src/domain/errors.ts'
import { lifetimes, mail as limits } from '../../src/domain/limits.ts'
import type { MailKind, MailMessage, MailTransport } from '../../src/domain/ports/mailer.ts'
import type { AuditEvent } from '../../src/domain/ports/records.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import { startDeliverer } from '../../src/mail/deliver.ts'
import type { Deliverer, DelivererParts } from '../../src/mail/deliver.ts'
import { createInbox } from '../../src/mail/inbox.ts'
import { createSmtp } from '../../src/mail/smtp.ts'
import { builtInTemplates } from '../../src/mail/templates.ts'
import { startCaptureSmtp } from '../support/capture-smtp.ts'
import type { CaptureSmtp } from '../support/capture-smtp.ts'
import { ids, openOutbox, publicUrl, token } from './outbox.ts'
import type { Outbox } from './outbox.ts'

interface Bench extends Outbox {
  readonly smtp: CaptureSmtp
  /** What has been finished, in order. */
  readonly finished: readonly { readonly id: string; readonly audit: AuditEvent | null }[]
  toSmtp(): MailTransport
  start(parts?: Partial<DelivererParts>): Deliverer
  /** Rows that are due now, without a lease on them. */
  due(): Promise<number>
}

async function bench(t: TestContext): Promise<Bench> {
  const outbox = await openOutbox()
  const smtp = await startCaptureSmtp()
  const { store, secrets, clock, log } = outbox
  const finished: { id: string; audit: AuditEvent | null }[] = []
  const watched: Store = {
    ...store,
    async finishMail(done) {
      await store.finishMail(done)
      finished.push(done)
    },
  }
  const closing: (() => Promise<void>)[] = []
  t.after(async () => {
    for (const close of closing) await close()
    await smtp.close()
    await outbox.close()
  })
  const toSmtp = (): MailTransport => {
    const transport = createSmtp({ url: smtp.url, from: null, publicUrl, clock })
    closing.push(transport.close)
    return transport
  }
  return {
    ...outbox,
    store: watched,
    smtp,
    finished,
    toSmtp,
    start(parts) {
      const common = { store: watched, secrets, clock, ids, log, publicUrl, transports: [toSmtp()] } as const
      const deliverer = startDeliverer({ ...common, ...parts })
      closing.unshift(deliverer.stop)
      return deliverer
    },
    due: async () =>
      (await store.claimMail({ now: clock.now(), leaseUntil: clock.now(), limit: 1000 })).length,
  }
}

/** A transport that keeps what it is given; `before` may refuse it or hold it up. */
function memory(before: (message: MailMessage) => Promise<void> = async () => {}) {
  const sent: MailMessage[] = []
  const transport: MailTransport = {
    async send(message) {
      await before(message)
      sent.push(message)
    },
    async close() {},
  }
  return { transport, sent }
}

test('a mail goes to the address that the user has at delivery, or to the one that it names', async (t) => {
  const { addUser, queue, start, smtp } = await bench(t)
  const ada = await addUser('ada@example.com')
  await queue(ada, 'password_changed')
  await queue(ada, 'email_changed', { to: 'former@example.com' })
  await start().flush()
  const recipients = smtp.mails.map((mail) => mail.recipients.join(' and '))
  assert.deepEqual(recipients.toSorted(), ['ada@example.com', 'former@example.com'])
})

test('a mail is in the language of its reader, its region aside, and in English where there is no other', async (t) => {
  const { addUser, queue, start, smtp } = await bench(t)
  for (const locale of ['de', 'de-AT', 'DE', 'fr', 'en-GB'])
    await queue(await addUser(`${ids.next()}@example.com`, 'active', locale), 'reset_password')
  await start().flush()
  const german = smtp.mails.filter(
    ({ subject }) => subject === 'Wählen Sie ein neues Passwort für accounts.example.org',
  )
  assert.equal(smtp.mails.length, 5)
  assert.equal(german.length, 3)
  for (const { html, text } of german) {
    assert.match(html, /<html lang="de">/)
    assert.match(text, /bis zum \d+\. \p{L}+ \d{4} um \d\d:\d\d UTC \(30 Minuten nach der Anforderung\)/u)
    assert.doesNotMatch(text, /\bthe\b|works once/)
  }
})

test('the operator’s own words go out in place of the built-in ones', async (t) => {
  const { addUser, queue, start, smtp } = await bench(t)
  await queue(await addUser('ada@example.com'), 'reset_password')
  await start({ templates: { ...builtInTemplates, product: 'Example Shop' } }).flush()
  assert.equal(smtp.mails[0]?.subject, 'Choose a new password for Example Shop')
})

test('a refused mail is tried again later and arrives once, under the same Message-ID', async (t) => {
  const { addUser, queue, start, smtp, clock, finished, due } = await bench(t)
  const row = await queue(await addUser('ada@example.com'), 'reset_password')
  const deliverer = start()
  smtp.refuse(true)
  await deliverer.flush()
  assert.equal(smtp.refused.length, 1)
  await deliverer.flush()
  assert.equal(smtp.refused.length, 1, 'it was tried again before its time')
  clock.advance(limits.retryMs[0])
  await deliverer.flush()
  assert.equal(smtp.refused.length, 2)
  clock.advance(limits.retryMs[0])
  await deliverer.flush()
  assert.equal(smtp.refused.length, 2, 'the second wait is longer than the first')
  smtp.refuse(false)
  clock.advance(limits.retryMs[1])
  await deliverer.flush()
  await deliverer.flush()
  const messageIds = [...smtp.refused, ...smtp.mails].map(({ headers }) => headers.get('message-id'))
  assert.deepEqual(messageIds, Array(3).fill(`<${row.id}@accounts.example.org>`))
  assert.equal(smtp.mails.length, 1)
  assert.deepEqual(finished, [{ id: row.id, audit: null }])
  clock.advance(limits.leaseMs)
  assert.equal(await due(), 0)
})

test('the event of sending is written with the mail, by nobody and about the user', async (t) => {
  const { addUser, queue, start, smtp, finished, clock } = await bench(t)
  const ada = await addUser('ada@example.com')
  const audit = { id: ids.next(), action: 'reset-password', requestId: ids.next() }
  await queue(ada, 'reset_password', { audit })
  const before = clock.now()
  await start().flush()
  assert.equal(smtp.mails.length, 1)
  const event = finished[0]?.audit
  assert.ok(event && event.at >= before && event.at <= clock.now())
  const expected = { ...audit, at: event.at, actorId: null, userId: ada, detail: 'reset_password' }
  assert.deepEqual(event, expected)
})

test('a decoy is erased, and nobody gets a mail or an event', async (t) => {
  const { queue, start, smtp, finished, due, clock } = await bench(t)
  const audit = { id: ids.next(), action: 'reset-password', requestId: ids.next() }
  const row = await queue(null, 'reset_password', { to: 'stranger@example.com', audit })
  await start().flush()
  assert.deepEqual(smtp.rcptCommands, [])
  assert.deepEqual(finished, [{ id: row.id, audit: null }])
  clock.advance(limits.leaseMs)
  assert.equal(await due(), 0)
})

test('a deleted user gets no mail, whether it was queued or claimed already', async (t) => {
  const { addUser, queue, start, smtp, store, clock, finished } = await bench(t)
  const audit = { id: ids.next(), action: 'reset-password', requestId: ids.next() }
  const remove = async (userId: string): Promise<void> => {
    const now = clock.now()
    const event = {
      id: ids.next(),
      at: now,
      action: 'delete-account',
      actorId: userId,
      userId,
      requestId: '',
      detail: null,
    }
    const { kind } = await store.deleteUser(
      { userId, expectEpoch: 1, idHash: new Uint8Array(32), now },
      { audit: { ...event, requestId: ids.next() } },
    )
    assert.equal(kind, 'deleted')
  }
  const ada = await addUser('ada@example.com')
  await queue(ada, 'reset_password', { to: 'ada@example.com', audit })
  await remove(ada)
  await start().flush()
  const bob = await addUser('bob@example.com')
  await queue(bob, 'reset_password', { to: 'bob@example.com', audit })
  const claimedFirst: Store = {
    ...store,
    async claimMail(claim) {
      const rows = await store.claimMail(claim)
      if (rows.some(({ userId }) => userId === bob)) await remove(bob)
      return rows
    },
  }
  await start({ store: claimedFirst }).flush()
  assert.deepEqual(smtp.rcptCommands, [])
  assert.deepEqual(
    finished.map((done) => done.audit),
    [null],
  )
})

test('a disabled user gets no link, and still gets notices', async (t) => {
  const { addUser, queue, start, smtp, finished } = await bench(t)
  const mallory = await addUser('mallory@example.com', 'disabled')
  const audit = { id: ids.next(), action: 'reset-password', requestId: ids.next() }
  const kinds: readonly MailKind[] = ['reset_password', 'set_password', 'verify_email', 'change_email']
  for (const kind of kinds) await queue(mallory, kind, { to: 'mallory@example.com', audit })
  await queue(mallory, 'password_changed')
  await start().flush()
  assert.deepEqual(
    smtp.mails.map(({ subject }) => subject),
    ['Your password at accounts.example.org was changed'],
  )
  assert.equal(finished.length, kinds.length + 1)
  assert.ok(finished.every((done) => done.audit === null))
})

test('a mail that nobody wants any more is erased with a warning and an event that says so', async (t) => {
  const { addUser, queue, start, smtp, clock, finished, lines } = await bench(t)
  const ada = await addUser('ada@example.com')
  const row = await queue(ada, 'reset_password')
  clock.advance(lifetimes.resetTokenMs)
  await start().flush()
  assert.deepEqual(smtp.rcptCommands, [])
  assert.deepEqual(
    finished.map(({ id, audit }) => [id, audit?.action, audit?.userId, audit?.actorId, audit?.detail]),
    [[row.id, 'send-mail', ada, null, 'reset_password given up: expired']],
  )
  const said = lines.find(({ fields }) => fields['mailId'] === row.id)
  assert.deepEqual([said?.level, said?.fields['reason']], ['warn', 'expired'])
})

test('two deliverers on one outbox send every mail once', async (t) => {
  const { addUser, queue, start } = await bench(t)
  const ada = await addUser('ada@example.com')
  const count = 2 * limits.batch + 7
  const rows = await Promise.all(Array.from({ length: count }, () => queue(ada, 'password_changed')))
  const { transport, sent } = memory()
  const pair = [start({ transports: [transport] }), start({ transports: [transport] })]
  await Promise.all(pair.map((deliverer) => deliverer.flush()))
  assert.deepEqual(sent.map(({ id }) => id).toSorted(), rows.map(({ id }) => id).toSorted())
})

test('a mail on lease is nobody else’s until the lease is over', async (t) => {
  const { addUser, queue, start, smtp, store, clock } = await bench(t)
  await queue(await addUser('ada@example.com'), 'password_changed')
  const now = clock.now()
  const [claimed] = await store.claimMail({ now, leaseUntil: now + limits.leaseMs, limit: 1 })
  assert.ok(claimed)
  const deliverer = start()
  await deliverer.flush()
  assert.equal(smtp.mails.length, 0)
  clock.advance(limits.leaseMs)
  await deliverer.flush()
  assert.equal(smtp.mails.length, 1)
})

test('a copy is kept in the inbox after SMTP has taken the mail, and none of a refused one', async (t) => {
  const { addUser, queue, start, smtp, toSmtp, store, secrets, clock } = await bench(t)
  const inbox = createInbox({ store, secrets, clock, publicUrl })
  const row = await queue(await addUser('ada@example.com'), 'reset_password')
  const deliverer = start({ transports: [toSmtp(), inbox] })
  smtp.refuse(true)
  await deliverer.flush()
  assert.deepEqual(await inbox.list({}), [])
  smtp.refuse(false)
  clock.advance(limits.retryMs[0])
  await deliverer.flush()
  const [copy] = await inbox.list({ to: 'ada@example.com' })
  assert.equal(copy?.id, row.id)
  assert.deepEqual(copy?.tokens, [token])
  assert.equal(copy?.text, smtp.mails[0]?.text)
})

test('a copy that cannot be kept sends nothing twice', async (t) => {
  const { addUser, queue, start, finished, clock, lines } = await bench(t)
  const first = memory()
  const full = memory(() => Promise.reject(new DomainError('store_unavailable')))
  const row = await queue(await addUser('ada@example.com'), 'password_changed')
  const deliverer = start({ transports: [first.transport, full.transport] })
  await deliverer.flush()
  clock.advance(limits.leaseMs)
  await deliverer.flush()
  assert.equal(first.sent.length, 1)
  assert.equal(full.sent.length, 0)
  assert.deepEqual(finished, [{ id: row.id, audit: null }])
  assert.ok(lines.some(({ level, fields }) => level === 'warn' && fields['code'] === 'store_unavailable'))
})

test('a store that goes away and comes back stops nothing, and the log says it once', async (t) => {
  const { addUser, queue, start, store, lines } = await bench(t)
  await queue(await addUser('ada@example.com'), 'password_changed')
  let away = true
  const shaky: Store = {
    ...store,
    async claimMail(claim) {
      if (away) throw new DomainError('store_unavailable')
      return store.claimMail(claim)
    },
  }
  const { transport, sent } = memory()
  const deliverer = start({ store: shaky, transports: [transport] })
  await deliverer.flush()
  await deliverer.flush()
  assert.equal(lines.filter(({ level }) => level === 'warn').length, 1)
  away = false
  await deliverer.flush()
  assert.equal(sent.length, 1)
  assert.equal(lines.at(-1)?.message, 'the outbox can be read again')
})

test('a mail that went out as the store went away is not sent again by the same process', async (t) => {
  const { addUser, queue, start, store, clock, finished } = await bench(t)
  const audit = { id: ids.next(), action: 'reset-password', requestId: ids.next() }
  const row = await queue(await addUser('ada@example.com'), 'reset_password', { audit })
  let failures = 1
  const shaky: Store = {
    ...store,
    async finishMail(done) {
      if (failures-- > 0) throw new DomainError('store_unavailable')
      await store.finishMail(done)
    },
  }
  const { transport, sent } = memory()
  const deliverer = start({ store: shaky, transports: [transport] })
  await deliverer.flush()
  assert.equal(finished.length, 0)
  clock.advance(limits.leaseMs)
  await deliverer.flush()
  assert.equal(sent.length, 1)
  assert.deepEqual(
    finished.map((done) => [done.id, done.audit?.id]),
    [[row.id, audit.id]],
  )
})

test('mails go out by themselves, without being asked', async (t) => {
  const { addUser, queue, start, smtp } = await bench(t)
  start()
  await queue(await addUser('ada@example.com'), 'password_changed')
  await smtp.taken(1)
  await queue(await addUser('bob@example.com'), 'password_changed')
  await smtp.taken(2)
  assert.equal(smtp.mails.length, 2)
})

test('no more mails go out than the rate allows, the others wait, and none is lost', async (t) => {
  const { addUser, queue, start, clock } = await bench(t)
  const ada = await addUser('ada@example.com')
  const rows = await Promise.all(Array.from({ length: 25 }, () => queue(ada, 'password_changed')))
  const { transport, sent } = memory()
  const deliverer = start({ transports: [transport], rate: { limit: 10, windowMs: 60_000 } })
  const counts: number[] = []
  for (const wait of [0, 0, 59_000, 1000, 60_000, 60_000]) {
    clock.advance(wait)
    await deliverer.flush()
    counts.push(sent.length)
  }
  assert.deepEqual(counts, [10, 10, 10, 20, 25, 25])
  assert.deepEqual(sent.map(({ id }) => id).toSorted(), rows.map(({ id }) => id).toSorted())
})

test('a mail that waits for the rate is no longer delayed by a lease: another node may send it at once', async (t) => {
  const { addUser, queue, start, due } = await bench(t)
  const ada = await addUser('ada@example.com')
  for (let count = 0; count < 5; count += 1) await queue(ada, 'password_changed')
  const [one, other] = [memory(), memory()]
  const rate = { limit: 2, windowMs: 60_000 }
  await start({ transports: [one.transport], rate }).flush()
  assert.equal(await due(), 3)
  await start({ transports: [other.transport], rate }).flush()
  assert.deepEqual([one.sent.length, other.sent.length], [2, 2])
})

test('decoys and mails that nobody gets use up nothing of the rate, and hold up no mail', async (t) => {
  const { addUser, queue, start, finished } = await bench(t)
  const [ada, mallory] = [await addUser('ada@example.com'), await addUser('m@example.com', 'disabled')]
  for (let count = 0; count < 20; count += 1) await queue(count % 2 ? null : mallory, 'reset_password')
  await queue(ada, 'password_changed')
  const { transport, sent } = memory()
  await start({ transports: [transport], rate: { limit: 2, windowMs: 60_000 } }).flush()
  assert.equal(sent.length, 1)
  assert.equal(finished.length, 21)
})

test('an attempt that the mail server refuses counts, too, and a clock set back holds up nothing', async (t) => {
  const { addUser, queue, start, clock } = await bench(t)
  const ada = await addUser('ada@example.com')
  for (let count = 0; count < 4; count += 1) await queue(ada, 'password_changed')
  let refuse = true
  const { transport, sent } = memory(async () => {
    if (refuse) throw new Error('not now')
  })
  let backMs = 0
  const back = { now: () => clock.now() - backMs }
  const deliverer = start({ transports: [transport], clock: back, rate: { limit: 2, windowMs: 60_000 } })
  await deliverer.flush()
  refuse = false
  await deliverer.flush()
  assert.equal(sent.length, 0, 'both of this minute were refused')
  clock.advance(120_000)
  await deliverer.flush()
  assert.equal(sent.length, 2)
  backMs = 90_000
  await deliverer.flush()
  assert.equal(sent.length, 4)
})

test('stopping waits for the mails in flight and begins no new ones', async (t) => {
  const { addUser, queue, start } = await bench(t)
  const ada = await addUser('ada@example.com')
  await queue(ada, 'password_changed')
  const started = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const { transport, sent } = memory(async () => {
    started.resolve()
    await gate.promise
  })
  const deliverer = start({ transports: [transport] })
  const flushed = deliverer.flush()
  await started.promise
  await queue(ada, 'password_changed')
  let ended = false
  const stopped = deliverer.stop().then(() => (ended = true))
  await new Promise(setImmediate)
  assert.equal(ended, false)
  gate.resolve()
  await stopped
  await flushed
  assert.equal(sent.length, 1)
  await deliverer.flush()
  assert.equal(sent.length, 1)
})

test('between two mails of a batch other work has its turn', async (t) => {
  const { start, addUser, queue } = await bench(t)
  const userId = await addUser('ada@example.com')
  for (let mail = 0; mail < 20; mail += 1) await queue(userId, 'reset_password')
  let turn = 0
  const seen: number[] = []
  const { transport, sent } = memory(async () => void seen.push(turn))
  const count = (): void => {
    turn += 1
    counting = setImmediate(count)
  }
  let counting = setImmediate(count)
  await start({ transports: [transport] }).flush()
  clearImmediate(counting)
  assert.equal(sent.length, 20)
  assert.equal(new Set(seen).size, 20, `mails went out in turns ${seen.join(', ')}`)
})

test('the caller is told the kind of each mail that went out, and of no other', async (t) => {
  const { addUser, queue, start, smtp } = await bench(t)
  const ada = await addUser('ada@example.com')
  const kinds: MailKind[] = []
  const deliverer = start({ onDelivered: (kind) => kinds.push(kind) })
  await queue(ada, 'verify_email')
  await queue(null, 'reset_password')
  await deliverer.flush()
  smtp.refuse(true)
  await queue(ada, 'password_changed')
  await deliverer.flush()
  assert.deepEqual(kinds, ['verify_email'])
})

test('the log holds ids and codes, and no address, token or subject', async (t) => {
  const { addUser, queue, start, smtp, clock, lines, store } = await bench(t)
  const ada = await addUser('ada@example.com')
  const user = await store.findUser({ id: ada })
  const row = await queue(ada, 'reset_password')
  const deliverer = start()
  smtp.refuse(true)
  await deliverer.flush()
  clock.advance(lifetimes.resetTokenMs)
  await deliverer.flush()
  assert.equal(lines.length, 2)
  assert.ok(lines.every(({ fields }) => fields['mailId'] === row.id && fields['userId'] === ada))
  assert.equal(lines[0]?.fields['responseCode'], 451)
  const text = JSON.stringify(lines)
  for (const secret of ['example.com', token, user?.username ?? '?', 'Choose']) {
    assert.equal(text.includes(secret), false, `${secret} is in the log`)
  }
})

test('a row that another key has sealed is dropped with an error and never sent', async (t) => {
  const { addUser, queue, start, smtp, lines, secrets, finished } = await bench(t)
  await queue(await addUser('ada@example.com'), 'reset_password')
  await start({ secrets: { ...secrets, open: () => null } }).flush()
  assert.deepEqual(smtp.rcptCommands, [])
  assert.equal(finished.length, 1)
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['error'],
  )
})
