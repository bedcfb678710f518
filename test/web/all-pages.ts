/** Every page in every state, once with ordinary data and once with data that would break out of careless markup. */
import { catalogue } from '../../src/domain/errors.ts'
import type { MailKind } from '../../src/domain/ports/mailer.ts'
import { en } from '../../src/texts/en.ts'
import type { Language, PageTexts } from '../../src/texts/language.ts'
import { errorIndexPage, errorPage, isErrorCode } from '../../src/web/error-pages.ts'
import { inboxPage } from '../../src/web/inbox-page.ts'
import { problemPage } from '../../src/web/problem-page.ts'
import { resetPasswordPage } from '../../src/web/reset-password-page.ts'
import { setupPage } from '../../src/web/setup-page.ts'
import { verifyEmailPage } from '../../src/web/verify-email-page.ts'

export const token = 'T0kenT0kenT0kenT0kenT0kenT0kenT0kenT0kenT0k'

/** Pages by name. `text` stands wherever a page shows what came from outside. */
export function allPages(
  publicUrl: string,
  text: string,
  { pages: texts }: Language = en,
): ReadonlyMap<string, string> {
  const site = { publicUrl, passwordPolicy: 'standard' } as const
  const form = { state: 'form', token: text, username: text, errors: [] } as const
  const failed = {
    ...form,
    username: null,
    errors: [
      { code: 'password_too_short', message: text },
      { code: 'password_too_common', message: text },
    ],
  } as const
  const setup = { state: 'form', token: text, username: text, email: text, errors: [] } as const
  const setupFailed = {
    ...setup,
    errors: [
      { pointer: '/username', code: 'username_format', message: text },
      { pointer: '/email', code: 'email_taken', message: text },
      { pointer: '/password', code: 'password_too_short', message: text },
      { pointer: '/password', code: 'password_too_common', message: text },
    ],
  } as const
  const setupDone = { state: 'done', username: text, email: text, confirmFirst: false, inbox: false } as const
  const codes = Object.keys(catalogue).filter(isErrorCode)
  return new Map([
    ['reset', resetPasswordPage(form, texts, site)],
    ['reset-failed', resetPasswordPage(failed, texts, site)],
    ['reset-done', resetPasswordPage({ state: 'done', sessionsRevoked: 2 }, texts, site)],
    ['reset-invalid', resetPasswordPage({ state: 'dead', code: 'reset_token_invalid' }, texts, site)],
    ['reset-expired', resetPasswordPage({ state: 'dead', code: 'reset_token_expired' }, texts, site)],
    ['reset-used', resetPasswordPage({ state: 'dead', code: 'reset_token_used' }, texts, site)],
    ['verify', verifyEmailPage(form, texts, site)],
    ['verify-failed', verifyEmailPage(failed, texts, site)],
    ['verify-done', verifyEmailPage({ state: 'done', email: text }, texts, site)],
    ['verify-invalid', verifyEmailPage({ state: 'dead', code: 'verify_token_invalid' }, texts, site)],
    ['verify-expired', verifyEmailPage({ state: 'dead', code: 'verify_token_expired' }, texts, site)],
    ['verify-used', verifyEmailPage({ state: 'dead', code: 'verify_token_used' }, texts, site)],
    ['setup', setupPage(setup, texts, site)],
    ['setup-failed', setupPage(setupFailed, texts, site)],
    ['setup-done', setupPage(setupDone, texts, site)],
    ['setup-done-all', setupPage({ ...setupDone, confirmFirst: true, inbox: true }, texts, site)],
    ['setup-invalid', setupPage({ state: 'dead', why: 'invalid' }, texts, site)],
    ['setup-expired', setupPage({ state: 'dead', why: 'expired' }, texts, site)],
    ['setup-used', setupPage({ state: 'dead', why: 'used' }, texts, site)],
    ['problem', problem(publicUrl, text, null)],
    ['problem-of-user', problem(publicUrl, text, texts)],
    ['inbox', inboxPage({ messages: [message('reset_password', text), message('new_device', text)] }, site)],
    ['inbox-empty', inboxPage({ messages: [] }, site)],
    ['errors', errorIndexPage(site)],
    ...codes.map((code): [string, string] => [`errors-${code}`, errorPage(code, site)]),
  ])
}

function problem(publicUrl: string, text: string, texts: PageTexts | null): string {
  const facts = { status: 503, code: 'overloaded', title: text, detail: text, action: text, requestId: text }
  return problemPage(facts, texts, { publicUrl })
}

function message(kind: MailKind, text: string) {
  const html = `<!doctype html><html lang="en"><head><title>t</title><style>p { margin: 0 }</style></head><body><p>hello</p></body></html>`
  const seen = { subject: text, text, to: text, links: [text, text], tokens: [text] }
  return { id: `0198c5a2-7c1e-7b3a-9d42-5f6e8a1b2c3d`, kind, html, sentAt: 1_795_000_000_000, ...seen }
}
