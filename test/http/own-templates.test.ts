/** A server with mail templates of the operator's own. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startTestServer } from '../support/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-own-templates-'))
after(() => rmSync(folder, { recursive: true }))
const subject = { subject: '{product}: is this address yours?' }
writeFileSync(join(folder, 'mail.json'), JSON.stringify({ product: 'Example Shop' }))
writeFileSync(join(folder, 'verify_email.en.json'), JSON.stringify(subject))
writeFileSync(join(folder, 'mail.css'), 'p { color: teal }')
const { client, mailbox } = await startTestServer({ UM_TEMPLATES_DIR: folder })

test('mails go out in the operator’s words and looks, and the inbox shows them in the same looks', async () => {
  const json = { username: 'ada', email: 'ada@example.com', password: 'correct horse battery staple' }
  assert.equal((await client.send('POST', '/users/register', { json })).status, 201)
  const mail = await mailbox.wait({ to: 'ada@example.com' })
  assert.equal(mail.subject, 'Example Shop: is this address yours?')
  assert.match(mail.text, /An account at Example Shop was registered/)
  assert.match(mail.html, /<style>\s*p \{ color: teal \}\s*<\/style>/)
  assert.equal(mail.links.length, 1)
  const sheet = await client.send('GET', '/assets/mail.css')
  assert.equal(sheet.text, 'p { color: teal }')
  assert.match(String(sheet.headers['content-type']), /^text\/css/)
})

test('the style sheet of pages stays the built-in one', async () => {
  assert.match((await client.send('GET', '/assets/styles.css')).text, /The one stylesheet of all pages/)
})
