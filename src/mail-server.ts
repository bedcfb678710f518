/** The way to the operator's mail server; part of the composition root (see `app.ts`). */
import { randomUUIDv7 } from 'node:crypto'
import type { Config } from './config.ts'
import { DomainError } from './domain/errors.ts'
import type { MailTransport } from './domain/ports/mailer.ts'
import type { Clock } from './domain/ports/runtime.ts'
import type { SmtpTransport } from './mail/smtp.ts'
import type { SmtpFailure } from './mail/smtp-failure.ts'

/** Null where none is set. Throws `start_refused` for a setting that can't be read. */
export async function mailServerOf(
  { smtpUrl: url, mailFrom: from }: Config,
  publicUrl: string,
  clock: Clock,
): Promise<SmtpTransport | null> {
  if (url === null) return null
  // Loaded only here: 7 MB and some 40 ms that a server without SMTP has no use for.
  const { createSmtp } = await import('./mail/smtp.ts')
  return createSmtp({ url, from, publicUrl, clock })
}

/** The first one counts, the inbox of development gets copies. Throws `start_refused` where there is none. */
export function transportsOf(
  smtp: MailTransport | null,
  inbox: MailTransport | null,
): [MailTransport, ...MailTransport[]] {
  if (smtp) return inbox ? [smtp, inbox] : [smtp]
  if (inbox) return [inbox]
  throw new DomainError('start_refused', { detail: 'There is no way to send mail; set UM_SMTP_URL.' })
}

/** Whether the mail server takes our mail, as far as that shows without sending any; throws where not. */
export async function checkMailServer(config: Config, clock: Clock): Promise<void> {
  const smtp = await mailServerOf(config, publicUrlOf(config), clock)
  try {
    await smtp?.check()
  } finally {
    await smtp?.close()
  }
}

/** How the mail server took a mail: its answer, or what went wrong. */
export type TestMail =
  | { readonly kind: 'taken'; readonly answer: string }
  | { readonly kind: 'failed'; readonly failure: SmtpFailure; readonly sentence: string }

/** Sends one mail at once, past the outbox. Throws `start_refused` where no mail server is set. */
export async function sendTestMail(config: Config, to: string, clock: Clock): Promise<TestMail> {
  const publicUrl = publicUrlOf(config)
  const smtp = await mailServerOf(config, publicUrl, clock)
  if (!smtp) throw new DomainError('start_refused', { detail: NO_SERVER })
  const [{ testMail }, { readFailure }] = await Promise.all([
    import('./mail/test-mail.ts'),
    import('./mail/smtp-failure.ts'),
  ])
  const id = randomUUIDv7()
  const content = testMail({ at: clock.now(), publicUrl, templates: config.templates })
  try {
    return { kind: 'taken', answer: await smtp.deliver({ id, userId: id, to, ...content }) }
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error)
    return { kind: 'failed', failure: readFailure(error), sentence }
  } finally {
    await smtp.close()
  }
}

const NO_SERVER =
  'UM_SMTP_URL is not set: mails go nowhere but into the built-in inbox; set it to something like ' +
  'smtps://user:password@mail.example.com.'

function publicUrlOf({ publicUrl, port }: Config): string {
  return publicUrl ?? `http://localhost:${port}`
}
