/** A mail server that is away, refuses, or goes away at the worst moment: against a real one, on a test clock. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { lifetimes, mail as limits } from '../../src/domain/limits.ts'
import type { MailKind } from '../../src/domain/ports/mailer.ts'
import type { AuditEvent } from '../../src/domain/ports/records.ts'
import type { Store } from '../../src/domain/ports/store.ts'
import { startDeliverer } from '../../src/mail/deliver.ts'
import { createSmtp } from '../../src/mail/smtp.ts'
import { startCaptureSmtp, type CapturedMail } from '../support/capture-smtp.ts'
import { addSummary } from '../support/summary.ts'
import { ids, openOutbox, publicUrl } from './outbox.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

async function post(t: TestContext) {
  const outbox = await openOutbox()
  const smtp = await startCaptureSmtp()
  const finished: { id: string; audit: AuditEvent | null }[] = []
  const store: Store = {
    ...outbox.store,
    async finishMail(done) {
      await outbox.store.finishMail(done)
      finished.push(done)
    },
  }
  const transport = createSmtp({ url: smtp.url, from: null, publicUrl, clock: outbox.clock })
  const { secrets, clock, log } = outbox
  const deliverer = startDeliverer({ store, secrets, clock, ids, log, publicUrl, transports: [transport] })
  t.after(async () => {
    await deliverer.stop()
    await transport.close()
    await smtp.close()
    await outbox.close()
  })
  /** So much time goes by, a quarter of a minute at a time, and what is due is tried. */
  const goBy = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= MINUTE_MS / 4) {
      clock.advance(Math.min(left, MINUTE_MS / 4))
      await deliverer.flush()
    }
  }
  const waiting = async () =>
    (
      await outbox.store.claimMail({
        now: clock.now() + 30 * 24 * HOUR_MS,
        leaseUntil: clock.now(),
        limit: 1000,
      })
    ).length
  return { ...outbox, smtp, finished, flush: deliverer.flush, goBy, waiting }
}

function messageIds(mails: readonly CapturedMail[]): readonly string[] {
  return mails.map(({ headers }) => headers.get('message-id') ?? '')
}

test('a mail server that is down for an hour loses no mail that is still wanted, and none arrives twice', async (t) => {
  const { smtp, addUser, queue, flush, goBy, finished, lines, waiting } = await post(t)
  const lifetimeOf: Partial<Record<MailKind, number>> = {
    reset_password: lifetimes.resetTokenMs,
    verify_email: lifetimes.verifyTokenMs,
    set_password: lifetimes.setPasswordTokenMs,
    password_changed: lifetimes.noticeMailMs,
    new_device: lifetimes.noticeMailMs,
  }
  const kinds = Object.keys(lifetimeOf) as (keyof typeof lifetimeOf)[]
  await smtp.goDown()
  const rows = await Promise.all(
    Array.from({ length: 50 }, async (_, count) => {
      const kind = kinds[count % kinds.length] ?? 'verify_email'
      const user = await addUser(`reader-${count}@example.com`)
      return queue(user, kind, { audit: null }, lifetimeOf[kind])
    }),
  )
  await flush()
  await goBy(HOUR_MS)
  assert.equal(smtp.mails.length, 0)
  await smtp.comeBack()
  await goBy(limits.retryMs.at(-1) ?? 0)

  const wanted = rows.filter(({ kind }) => kind !== 'reset_password')
  assert.equal(wanted.length, 40)
  const expected = wanted.map(({ id }) => `<${id}@accounts.example.org>`)
  assert.deepEqual(messageIds(smtp.mails).toSorted(), expected.toSorted())
  assert.equal(new Set(smtp.mails.map(({ recipients }) => recipients.join())).size, 40)
  assert.equal(await waiting(), 0)

  const resets = rows.filter(({ kind }) => kind === 'reset_password')
  const events = resets.map(({ id }) => finished.find((done) => done.id === id)?.audit)
  assert.ok(events.every((event) => event?.action === 'send-mail'))
  assert.ok(events.every((event) => event?.detail === 'reset_password given up: expired'))
  assert.deepEqual(
    events.map((event) => event?.userId),
    resets.map(({ userId }) => userId),
  )
  const said = lines
    .filter(({ fields }) => fields['reason'] === 'expired')
    .map(({ fields }) => String(fields['mailId']))
  assert.deepEqual(said.toSorted(), resets.map(({ id }) => id).toSorted())
  assert.ok(lines.some(({ fields }) => fields['originalCode'] === 'ECONNREFUSED'))
  addSummary(
    `mail: the server down for an hour, ${rows.length} mails queued: ${smtp.mails.length} arrived once, ` +
      `${resets.length} with a dead link were given up, 0 lost, 0 twice`,
  )
})

test('a reset mail that waits shorter than its link lives arrives', async (t) => {
  const { smtp, addUser, queue, flush, goBy } = await post(t)
  await smtp.goDown()
  await queue(await addUser('ada@example.com'), 'reset_password')
  await flush()
  await goBy(10 * MINUTE_MS)
  await smtp.comeBack()
  await goBy(5 * MINUTE_MS)
  assert.equal(smtp.mails.length, 1)
})

test('a mailbox that does not exist is given up at once, and never asked again', async (t) => {
  const { smtp, addUser, queue, flush, goBy, finished, lines, waiting } = await post(t)
  const gone = await addUser('gone@example.com')
  const answers = ['550 5.1.1 no such mailbox', '553 5.1.3 bad address', '550 5.2.1 disabled']
  for (const answer of answers) {
    const row = await queue(gone, 'password_changed')
    smtp.refuseRecipients(answer)
    await flush()
    const done = finished.at(-1)
    assert.equal(done?.id, row.id, answer)
    assert.deepEqual(
      [done.audit?.action, done.audit?.userId, done.audit?.detail],
      ['send-mail', gone, 'password_changed given up: no_mailbox'],
    )
    assert.equal(lines.at(-1)?.fields['reason'], 'no_mailbox')
  }
  assert.doesNotMatch(JSON.stringify(lines), /example\.com|no such mailbox/)
  smtp.refuseRecipients(null)
  await goBy(HOUR_MS)
  assert.deepEqual([smtp.mails.length, smtp.rcptCommands.length], [0, answers.length])
  assert.equal(await waiting(), 0)
})

test('every other refusal, for good or for now, may be about us or pass: such a mail is tried again', async (t) => {
  const { smtp, addUser, queue, flush, goBy, finished } = await post(t)
  const ada = await addUser('ada@example.com')
  const answers = [
    '450 4.2.1 try again later',
    '451 4.7.1 greylisted',
    '550 5.7.1 relaying denied',
    '553 5.1.8 bad sender',
    '552 5.2.2 mailbox full',
    '550 who knows why',
  ]
  for (const [before, answer] of answers.entries()) {
    const row = await queue(ada, 'password_changed', {}, HOUR_MS)
    const asked = smtp.rcptCommands.length
    smtp.refuseRecipients(answer)
    await flush()
    await goBy(MINUTE_MS / 2)
    assert.ok(smtp.rcptCommands.length >= asked + 2, answer)
    assert.equal(finished.length, before, answer)
    smtp.refuseRecipients(null)
    await goBy(3 * MINUTE_MS)
    assert.equal(messageIds(smtp.mails).at(-1), `<${row.id}@accounts.example.org>`, answer)
    assert.deepEqual(finished.slice(before), [{ id: row.id, audit: null }], answer)
  }
  assert.equal(smtp.mails.length, answers.length)
})

test('a refusal that never ends is tried for as long as the mail is wanted, and no longer', async (t) => {
  const { smtp, addUser, queue, flush, goBy, finished, waiting } = await post(t)
  await queue(await addUser('ada@example.com'), 'verify_email', {}, 2 * HOUR_MS)
  smtp.refuseRecipients('550 5.7.1 relaying denied')
  await flush()
  await goBy(3 * HOUR_MS)
  const tries = smtp.rcptCommands.length
  assert.ok(tries >= 6 && tries <= 12, `${tries} tries`)
  assert.equal(finished[0]?.audit?.detail, 'verify_email given up: expired')
  assert.equal(await waiting(), 0)
  await goBy(HOUR_MS)
  assert.equal(smtp.rcptCommands.length, tries)
})

test('a connection that is cut off between the mail and its answer sends it again, under the same Message-ID', async (t) => {
  const { smtp, addUser, queue, flush, goBy, finished } = await post(t)
  const row = await queue(await addUser('ada@example.com'), 'password_changed')
  smtp.beforeAnswer(() => {
    smtp.beforeAnswer(null)
    return 'cut off'
  })
  await flush()
  assert.deepEqual(
    [smtp.mails.length, finished.length],
    [1, 0],
    'the first one has arrived, and nobody knows',
  )
  await goBy(MINUTE_MS)
  const id = `<${row.id}@accounts.example.org>`
  assert.deepEqual(messageIds(smtp.mails), [id, id])
  assert.deepEqual(finished, [{ id: row.id, audit: null }])
  await goBy(HOUR_MS)
  assert.equal(smtp.mails.length, 2)
})
