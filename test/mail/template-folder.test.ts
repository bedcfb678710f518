/** The operator's own words and looks of mails, as a folder of files. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { DomainError } from '../../src/domain/errors.ts'
import { mailKinds, type MailKind } from '../../src/domain/ports/mailer.ts'
import { builtInFiles, readTemplates } from '../../src/mail/template-folder.ts'
import { builtInTemplates, renderMail, type MailTemplates } from '../../src/mail/templates.ts'
import { faultsOf } from '../web/well-formed.ts'
import { publicUrl, token } from './outbox.ts'

const createdAt = Date.UTC(2026, 10, 20, 14, 33)
const link = `${publicUrl}/users/reset-password/${token}`

function folderOf(t: TestContext, files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'um-templates-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return folder
}

/** The templates of a folder in which nothing is wrong. */
function templatesOf(t: TestContext, files: Readonly<Record<string, unknown>>): MailTemplates {
  const { templates, problems } = readTemplates(folderOf(t, files))
  assert.deepEqual(problems, [])
  return templates
}

/** What a start says about a folder. */
function refusal(t: TestContext, files: Readonly<Record<string, unknown>>): readonly string[] {
  const folder = folderOf(t, files)
  try {
    loadConfig({ UM_TEMPLATES_DIR: folder })
  } catch (error) {
    assert.ok(error instanceof DomainError && error.code === 'start_refused')
    return error.message.split('\n').map((line) => line.replaceAll(`${folder}/`, ''))
  }
  return []
}

function mail(templates: MailTemplates, locale = 'en', kind: MailKind = 'reset_password') {
  const content = { link: kind === 'reset_password' ? link : null, params: { newEmail: 'neu@example.com' } }
  return renderMail({ kind, locale, content, createdAt }, publicUrl, templates)
}

/** A whole language that is not built in. */
function french(): Record<string, unknown> {
  const files = [...builtInFiles()].filter(([name]) => name.endsWith('.en.json'))
  return Object.fromEntries(
    files.map(([name, text]) => [
      name.replace('.en.', '.fr.'),
      text.replace('Choose a new password for', 'Un nouveau mot de passe pour'),
    ]),
  )
}

test('words of the folder come first, and what it leaves out stays as it is built in', (t) => {
  const templates = templatesOf(t, {
    'reset_password.en.json': { subject: 'New password, {product}?', intro: ['Hello at {host}.'] },
  })
  const { subject, text } = mail(templates)
  assert.equal(subject, 'New password, accounts.example.org?')
  assert.match(
    text,
    /^Choose a new password\n\nHello at accounts\.example\.org\.\n\nChoose a new password:\n/,
  )
  assert.match(text, /The link works once, until 20 November 2026 at 15:03 UTC/)
  assert.equal(mail(templates, 'de').subject, mail(builtInTemplates, 'de').subject)
})

test('the operator’s name of the product is in every mail, and the host stays in the link', (t) => {
  const templates = templatesOf(t, { 'mail.json': { product: 'Nordwind <Konto>' } })
  for (const kind of mailKinds) {
    const { subject, text, html } = mail(templates, 'de', kind)
    assert.match(subject + text, /Nordwind <Konto>/)
    assert.match(html, /Nordwind &lt;Konto&gt;/)
    assert.doesNotMatch(text.replaceAll(link, ''), /accounts\.example\.org/)
  }
  assert.ok(mail(templates).text.includes(link))
})

test('a region has words of its own over those of its language, and dates of its own', (t) => {
  const templates = templatesOf(t, { 'reset_password.en-US.json': { button: 'Pick a password' } })
  assert.match(mail(templates, 'en-US').text, /^Pick a password:$/m)
  assert.match(mail(templates, 'en-US').text, /until November 20, 2026/)
  assert.match(mail(templates, 'en-US').html, /<html lang="en-US">/)
  assert.match(mail(templates, 'en-GB').text, /^Choose a new password:$/m)
})

test('a language that is not built in is added whole, and one that is not whole stops the start', (t) => {
  const files = french()
  const templates = templatesOf(t, files)
  const { subject, text, html } = mail(templates, 'fr-CA')
  assert.equal(subject, 'Un nouveau mot de passe pour accounts.example.org')
  assert.match(html, /<html lang="fr">/)
  assert.match(text, /20 novembre 2026 à 15:03 UTC \(30 minutes/)
  assert.equal(mail(templates, 'en').subject, mail(builtInTemplates, 'en').subject)

  const { 'new_device.fr.json': _left, ...others } = files
  const lacking = refusal(t, { ...others, 'verify_email.fr.json': { subject: 'Oui' } })
  assert.equal(lacking.length, 1)
  assert.match(lacking[0] ?? '', /language fr, which is not built in, without /)
  assert.match(
    lacking[0] ?? '',
    /heading, button, intro, notes in verify_email\.fr\.json; new_device\.fr\.json/,
  )
  assert.match(lacking[0] ?? '', /"user-management mail templates"/)
})

test('a layout and a style sheet of the folder are taken, and every value in them is escaped', (t) => {
  const templates = templatesOf(t, {
    'mail.json': { product: '"><b>' },
    'layout.html':
      '<!doctype html><html lang="{lang}"><head><title>{subject}</title><style>{styles}</style></head>' +
      '<body><img alt="{product}"><p>{intro}</p>{button}{notes}</body></html>',
    'mail.css': 'p { color: red } a > b { font-family: "Inter" }',
  })
  const { html } = mail(templates)
  assert.match(html, /<style>p \{ color: red \} a > b \{ font-family: "Inter" \}<\/style>/)
  assert.match(html, /<img alt="&quot;&gt;&lt;b&gt;">/)
  assert.doesNotMatch(html, /<b>/)
  assert.ok(html.includes(`href="${link}"`))
  assert.doesNotMatch(html, /class="card"/)
})

test('what "mail templates" writes changes nothing as long as nobody changes it', (t) => {
  const templates = templatesOf(t, Object.fromEntries(builtInFiles()))
  for (const locale of ['en', 'de'])
    for (const kind of mailKinds)
      assert.deepEqual(mail(templates, locale, kind), mail(builtInTemplates, locale, kind))
  assert.deepEqual(faultsOf(mail(templates).html), [])
})

test('everything that is wrong with the folder is said at once, each with its file and what to do', (t) => {
  const lines = refusal(t, {
    'reset_passwort.de.json': {},
    'reset_password.json': {},
    'notes.txt': 'x',
    'verify_email.pt-br.json': {},
    'verify_email.x.json': {},
    'verify_email.en.json': { subjekt: 'x', button: '', intro: [], notes: 'x', heading: 'a\nb' },
    'reset_password.en.json': { subject: '{newEmail}', heading: 'a { b', intro: ['{when}'] },
    'password_changed.en.json': { button: 'Click', subject: '{until}' },
    'common.de.json': { until: 'bald', when: '{product}' },
    'address_taken.en.json': '[]',
    'new_device.en.json': '{',
    'mail.json': { product: 7, title: 'x' },
    'layout.html': '{intro} {buttons} {notes}',
    'mail.css': '</style><script>',
    'session_theft.de.json': ' '.repeat(70_000),
  })
  const said = (file: string, what: RegExp) => {
    const about = lines.filter((line) => line.startsWith(`The file ${file} `))
    assert.ok(
      about.some((line) => what.test(line)),
      `${file} ${what}\n${lines.join('\n')}`,
    )
  }
  said('reset_passwort.de.json', /is no template: .*reset_password.*rename it or take it out/)
  said('reset_password.json', /is no template/)
  said('notes.txt', /is no template/)
  said('verify_email.pt-br.json', /write it pt-BR/)
  said('verify_email.x.json', /is no template/)
  said('verify_email.en.json', /has the key "subjekt"; the keys are subject, heading, button, intro, notes/)
  for (const key of ['button', 'intro', 'notes', 'heading'])
    said('verify_email.en.json', new RegExp(`has no .*"${key}"`))
  said('reset_password.en.json', /\{newEmail\}|a brace that belongs to no value \(take one of \{product\}/)
  said('reset_password.en.json', /"heading"/)
  said('reset_password.en.json', /the value \{when\} .*\{until\}/)
  said('password_changed.en.json', /has the key "button"/)
  said('password_changed.en.json', /the value \{until\} .*\{when\}/)
  said('common.de.json', /has no \{time\}/)
  said('common.de.json', /the value \{product\} \(there is none\)/)
  said('address_taken.en.json', /is no JSON object/)
  said('new_device.en.json', /is no JSON object/)
  said('mail.json', /"product"/)
  said('mail.json', /has the key "title"; the keys are product/)
  said('layout.html', /has the place \{buttons\}; take one of \{lang\}/)
  said('layout.html', /lacks \{button\}/)
  said('mail.css', /has a </)
  said('session_theft.de.json', /more than 65536 bytes/)
  assert.ok(lines.every((line) => line.endsWith('.')))
})

test('what a mounted folder holds besides, and a readme, is no mistake; a folder in it is', (t) => {
  assert.deepEqual(refusal(t, { '..data': 'x', '.DS_Store': 'x', 'README.md': 'x' }), [])
  const folder = folderOf(t, {})
  mkdirSync(join(folder, 'mail.css'))
  assert.match(readTemplates(folder).problems.join(), /is no file/)
})

test('a folder that is not there stops the start with the command that makes one', () => {
  const wrong = /UM_TEMPLATES_DIR cannot be read.*"user-management mail templates"/
  assert.throws(() => loadConfig({ UM_TEMPLATES_DIR: '/nowhere/templates' }), wrong)
})

test('the link of a mail cannot be left out by words or layout', (t) => {
  const letter = { intro: ['x'], notes: ['x'], heading: 'x', subject: 'x', button: 'x' }
  const { text, html } = mail(templatesOf(t, { 'reset_password.en.json': letter }))
  assert.ok(text.includes(link) && html.includes(link))
  assert.match(refusal(t, { 'layout.html': '{intro}{notes}{facts}' }).join(), /lacks \{button\}/)
  assert.match(refusal(t, { 'reset_password.en.json': { button: ' ' } }).join(), /"button"/)
})
