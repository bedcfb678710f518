import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { MailKind } from '../../src/domain/ports/mailer.ts'
import type { JsonObject } from '../../src/domain/ports/runtime.ts'
import { renderMail } from '../../src/mail/templates.ts'
import { languages } from '../../src/texts/languages.ts'
import { faultsOf } from '../web/well-formed.ts'

const publicUrl = 'https://accounts.example.org'
const createdAt = Date.UTC(2026, 10, 20, 14, 33)
const token = 'T0kenT0kenT0kenT0kenT0kenT0kenT0kenT0kenT0k'
const paths: Readonly<Partial<Record<MailKind, string>>> = {
  verify_email: '/users/verify-email/',
  reset_password: '/users/reset-password/',
  set_password: '/users/reset-password/',
  change_email: '/users/verify-email/',
}
const all: readonly MailKind[] = [
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

function mail(kind: MailKind, params: JsonObject = {}, locale = 'en') {
  const path = paths[kind]
  const link = path === undefined ? null : publicUrl + path + token
  return { link, ...renderMail({ kind, locale, content: { link, params }, createdAt }, publicUrl) }
}

for (const kind of all) {
  test(`a ${kind} mail names the server, is well-formed and says who may ignore it or what to do`, () => {
    const { link, subject, text, html } = mail(kind, { newEmail: 'neu@example.com' })
    assert.match(subject, /accounts\.example\.org$|accounts\.example\.org was/)
    assert.deepEqual(faultsOf(html), [])
    assert.match(text, /ignore this mail|If it was not you|If you cannot explain it/)
    const links = text.match(/https?:\S+/g) ?? []
    assert.deepEqual(links, link === null ? [] : [link])
    const targets = [...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1])
    assert.deepEqual(targets, link === null ? [] : [link, link])
  })

  test(`a ${kind} mail loads nothing, runs nothing and has no inline style`, () => {
    const { html } = mail(kind, { newEmail: 'neu@example.com' })
    assert.doesNotMatch(html, /<(?:script|img|link|iframe|object|base|form|svg)\b/i)
    assert.doesNotMatch(html, /\s(?:src|style|background|on\w+)\s*=/i)
    assert.doesNotMatch(html, /url\(|@import/i)
  })

  test(`a ${kind} mail escapes every parameter and keeps it on one line`, () => {
    const bad = `<script>alert(1)</script>"'&\r\nBcc: x@evil.example\u2028\u202Egnp.\u0000`
    const names = ['newEmail', 'device', 'username', 'email', 'display_name', 'ip']
    const params = Object.fromEntries(names.map((name) => [name, bad]))
    const { subject, text, html } = mail(kind, params)
    assert.doesNotMatch(subject, /[\r\n<]/)
    assert.doesNotMatch(html, /<script/i)
    assert.deepEqual(faultsOf(html), [])
    assert.doesNotMatch(text, /^Bcc:/m)
    assert.doesNotMatch((text + html).replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}]/u)
  })
}

test('mails to an address that may not be proven, or about a stranger, hold no text that a user chose', () => {
  const params = { newEmail: 'CHOSEN', device: 'CHOSEN', username: 'CHOSEN', display_name: 'CHOSEN' }
  const early: readonly MailKind[] = [
    'verify_email',
    'change_email',
    'reset_password',
    'set_password',
    'address_taken',
    'new_device',
    'session_theft',
  ]
  for (const locale of languages.keys())
    for (const kind of early) assert.doesNotMatch(JSON.stringify(mail(kind, params, locale)), /CHOSEN/)
})

test('the parameters that a notice shows are there, and are left out where they are missing', () => {
  assert.match(
    mail('email_changed', { newEmail: 'neu@example.com' }).text,
    /^New address: neu@example\.com$/m,
  )
  assert.doesNotMatch(mail('email_changed').text, /New address/)
  assert.doesNotMatch(mail('email_changed', { newEmail: 7 }).html, /New address/)
})

test('a parameter is cut where it is too long', () => {
  const { text } = mail('email_changed', { newEmail: 'x'.repeat(5000) })
  assert.match(text, /^New address: x{320}$/m)
})

test('each link says how long it works and until when', () => {
  assert.match(mail('reset_password').text, /until 20 November 2026 at 15:03 UTC \(30 minutes after/)
  assert.match(mail('verify_email').text, /until 21 November 2026 at 14:33 UTC \(24 hours after/)
  assert.match(mail('change_email').text, /until 21 November 2026 at 14:33 UTC \(24 hours after/)
  assert.match(mail('set_password').text, /until 27 November 2026 at 14:33 UTC \(7 days after/)
})

for (const locale of languages.keys()) {
  test(`mails in ${locale} name the server and the language, are well-formed and hold their link twice`, () => {
    for (const kind of all) {
      const { link, subject, text, html } = mail(kind, { newEmail: 'neu@example.com' }, locale)
      assert.match(subject, /accounts\.example\.org/, kind)
      assert.match(html, new RegExp(`^<!doctype html>\n<html lang="${locale}">`))
      assert.deepEqual(faultsOf(html), [], kind)
      assert.deepEqual(text.match(/https?:\S+/g) ?? [], link === null ? [] : [link], kind)
      assert.doesNotMatch(
        subject + text + html.replace(/<style>[^<]*<\/style>/, ''),
        /[{}]|undefined|null/,
        kind,
      )
    }
  })
}

test('only web addresses become links', () => {
  for (const link of ['javascript:alert(1)', 'data:text/html,x', 'not a link', 'file:///x']) {
    const { text, html } = renderMail(
      { kind: 'reset_password', locale: 'en', content: { link, params: {} }, createdAt },
      publicUrl,
    )
    assert.equal(text.includes(link), false)
    assert.doesNotMatch(html, /href/)
  }
})

test('the style sheet of mails passes the escaping template unchanged', () => {
  const styles = readFileSync(new URL('../../src/web/mail.css', import.meta.url), 'utf8')
  assert.doesNotMatch(styles, /[<>&"']/)
  assert.doesNotMatch(styles, /url\(|@import/i)
})
