/** In which language pages and mails speak to a user. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import { startTestServer } from '../support/server.ts'

const { client, mailbox, clock } = await startTestServer()
const password = 'correct horse battery staple'
let count = 0

async function register(locale: string) {
  count += 1
  const person = { username: `reader-${count}`, email: `reader-${count}@example.com`, password }
  const answer = await client.send('POST', '/users/register', { json: { ...person, locale } })
  assert.equal(answer.status, 201, answer.text)
  return person
}

async function verifyPath(email: string): Promise<string> {
  return pathOf((await mailbox.wait({ to: email, kind: 'verify_email' })).links[0])
}

async function resetPath(email: string): Promise<string> {
  assert.equal((await client.send('POST', '/users/reset-password', { json: { email } })).status, 202)
  return pathOf((await mailbox.wait({ to: email, kind: 'reset_password' })).links[0])
}

function pathOf(link: string | undefined): string {
  return new URL(link ?? '').pathname
}

function page(path: string, acceptLanguage = '') {
  return client.send('GET', path, { headers: { 'accept-language': acceptLanguage } })
}

function languageOf({ text }: { readonly text: string }): string {
  return /<html lang="([^"]+)">/.exec(text)?.[1] ?? ''
}

test('mail and page are in the language of the user, whatever the browser asks for', async () => {
  const { email } = await register('de-AT')
  const mail = await mailbox.wait({ to: email, kind: 'verify_email' })
  assert.match(mail.subject, /^Bestätigen Sie Ihre E-Mail-Adresse/)
  assert.match(mail.html, /<html lang="de">/)
  const answer = await page(pathOf(mail.links[0]), 'en')
  assert.equal(languageOf(answer), 'de')
  assert.match(answer.text, /<h1>Adresse bestätigen<\/h1>/)
  assert.doesNotMatch(answer.text, /password of your account/)
  const english = await register('en')
  assert.equal(languageOf(await page(await verifyPath(english.email), 'de')), 'en')
})

test('a user whose language there is not gets that of the browser, and English mail', async () => {
  const { email } = await register('fr')
  const path = await verifyPath(email)
  assert.equal(languageOf(await page(path, 'fr, de;q=0.9')), 'de')
  assert.equal(languageOf(await page(path, 'it')), 'en')
  const { html } = await mailbox.wait({ to: email, kind: 'verify_email' })
  assert.match(html, /<html lang="en">/)
})

test('a language that was changed counts for the next mail and its page', async () => {
  const person = await register('en')
  const signedIn = await client.send('POST', '/users/login', { json: { email: person.email, password } })
  const { access_token: token } = signedIn.json<{ access_token: string }>()
  const json = { locale: 'de' }
  assert.equal((await client.send('PUT', '/users/profile', { token, json })).status, 200)
  const path = await resetPath(person.email)
  assert.equal(languageOf(await page(path)), 'de')
})

test('a form says what is wrong in the language of its user, and is done in it', async () => {
  const { email, username } = await register('de')
  const path = await resetPath(email)
  const token = path.split('/').at(-1) ?? ''
  const send = (text: string) =>
    client.send('POST', '/account/reset-password', { form: { token, password: text } })
  const refused = await send('kurz')
  assert.equal(refused.status, 422)
  assert.match(refused.text, /<title>Fehler: Neues Passwort wählen/)
  assert.match(refused.text, /data-code="password_too_short">Das Passwort hat weniger als 8 Zeichen\./)
  const personal = await send(`${username} ist mein Name`)
  assert.match(personal.text, /Das Passwort enthält Ihren Benutzernamen/)
  assert.doesNotMatch(refused.text + personal.text, /The password|Choose/)
  const done = await send('vier ganz zufällige Wörter')
  assert.equal(done.status, 200)
  assert.equal(languageOf(done), 'de')
  assert.match(done.text, /Ihr Passwort wurde geändert/)
  const used = await page(path, 'en')
  assert.equal(used.status, 400)
  assert.match(used.text, /<h1>Dieser Passwort-Link wurde bereits verwendet<\/h1>/)

  const other = await register('de')
  const verify = await verifyPath(other.email)
  const form = { token: verify.split('/').at(-1) ?? '', password: 'nicht das richtige' }
  const wrong = await client.send('POST', '/account/verify-email', { form })
  assert.equal(wrong.status, 403)
  assert.match(wrong.text, /Das Passwort ist nicht richtig\./)
})

test('an expired link speaks the language of its user, and one of nobody that of the browser', async () => {
  const { email } = await register('de')
  const path = await resetPath(email)
  clock.advance(lifetimes.resetTokenMs)
  const expired = await page(path, 'en')
  assert.equal(expired.status, 400)
  assert.match(expired.text, /Dieser Passwort-Link ist abgelaufen/)
  assert.match(expired.text, /Er gilt 30 Minuten\./)
  const nobody = await page('/users/reset-password/nonsense', 'de-CH,de;q=0.9,en;q=0.8')
  assert.match(nobody.text, /Dieser Passwort-Link ist nicht gültig/)
  assert.equal(languageOf(await page('/users/verify-email/nonsense')), 'en')
})

test('what ends a page is said in the language of the browser, and to developers in English', async () => {
  const headers = { 'accept-language': 'de', 'sec-fetch-site': 'cross-site' }
  const form = { token: 'x', password: 'y' }
  const refused = await client.send('POST', '/account/reset-password', { form, headers })
  assert.equal(refused.status, 403)
  assert.equal(languageOf(refused), 'de')
  assert.match(refused.text, /Das Formular wurde von einer anderen Website abgeschickt/)
  assert.match(refused.text, /cross_site_request/)
  const unknown = await page('/docs/errors/nonsense', 'de')
  assert.equal(unknown.status, 404)
  assert.equal(languageOf(unknown), 'en')
  assert.equal(languageOf(await page('/docs/errors', 'de')), 'en')
  assert.equal(languageOf(await page('/dev/mail', 'de')), 'en')
})

test('an odd Accept-Language changes nothing but the language', async () => {
  for (const odd of ['*', ';q=', 'de;q=9e9', '"><script>', 'de,'.repeat(1500)]) {
    const answer = await page('/users/reset-password/nonsense', odd)
    assert.equal(answer.status, 400, odd.slice(0, 20))
    assert.doesNotMatch(answer.text, /<script>/)
  }
})
