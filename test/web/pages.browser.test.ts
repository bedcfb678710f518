/** The pages in a real browser, under the policy that they are served with. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { renderMail } from '../../src/mail/templates.ts'
import { de } from '../../src/texts/de.ts'
import { en } from '../../src/texts/en.ts'
import { inboxPage } from '../../src/web/inbox-page.ts'
import { stylesheets } from '../../src/web/layout.ts'
import { resetPasswordPage } from '../../src/web/reset-password-page.ts'
import { chromiumPath } from '../support/settings-of-the-run.ts'
import { allPages, token } from './all-pages.ts'

const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
const long = 'abcdefghijklmnopqrstuvwxyz0123456789'.repeat(6)

const pages = new Map<string, string>()
const posted: string[] = []
const server = createServer((request, answer) => {
  const path = request.url ?? '/'
  const sheet = stylesheets.find((each) => each.path === path)
  if (sheet) {
    const headers = { 'content-type': 'text/css', 'cross-origin-resource-policy': 'same-origin' }
    answer.writeHead(200, headers).end(readFileSync(new URL(`../../src/web/${sheet.file}`, import.meta.url)))
    return
  }
  request.setEncoding('utf8').on('data', (chunk) => posted.push(String(chunk)))
  const document = pages.get(path.slice(1))
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY }
  request.on('end', () => answer.writeHead(document ? 200 : 404, headers).end(document ?? 'nothing'))
})
let browser: Browser
let origin = ''

before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  origin = `http://127.0.0.1:${address.port}`
  for (const [name, document] of allPages(origin, long)) pages.set(name, document)
  // German words are the longer ones.
  for (const [name, document] of allPages(origin, long, de))
    if (/^(?:reset|verify|setup|problem-of-user)/.test(name)) pages.set(`${name}-de`, document)
  browser = await chromium.launch({ executablePath: chromiumPath() ?? '', args: ['--no-sandbox'] })
})

after(async () => {
  await browser.close()
  server.close()
  server.closeAllConnections()
})

/**
 * A tab without JavaScript that keeps what the browser complains about; the driver’s own script is blocked
 * in frames.
 */
async function openTab(width: number): Promise<{ tab: Page; complaints: string[] }> {
  const tab = await browser.newPage({ viewport: { width, height: 800 }, javaScriptEnabled: false })
  const complaints: string[] = []
  tab.on('console', (message) => {
    const ofThisTest = message.text().startsWith("Blocked script execution in 'about:srcdoc'")
    if (message.type() === 'error' && !ofThisTest) complaints.push(`${tab.url()}: ${message.text()}`)
  })
  tab.on('requestfailed', (request) => complaints.push(`${tab.url()}: ${request.url()}`))
  return { tab, complaints }
}

test('every kind of page fits a window of 320 pixels, and the browser complains of nothing', async () => {
  const { tab, complaints } = await openTab(320)
  const examples = ['errors-email_taken', 'errors-field_read_only', 'errors-store_incompatible']
  const shown = [...pages.keys()].filter((name) => !name.startsWith('errors-') || examples.includes(name))
  for (const name of shown) {
    await tab.goto(`${origin}/${name}`)
    const width = await tab.evaluate<number>('document.documentElement.scrollWidth')
    assert.ok(width <= 320, `${name} is ${width} pixels wide`)
  }
  assert.deepEqual(complaints, [])
  await tab.close()
})

test('the inbox shows the HTML of a mail with its looks, and its link opens in a new tab', async () => {
  const link = `${origin}/reset`
  const content = { link, params: {} }
  const mail = renderMail(
    { kind: 'reset_password', locale: 'en', content, createdAt: 1_795_000_000_000 },
    origin,
  )
  const facts = {
    id: 'id-1',
    kind: 'reset_password',
    to: 'ada@example.com',
    sentAt: 1_795_000_000_000,
  } as const
  pages.set(
    'inbox-real',
    inboxPage({ messages: [{ ...facts, ...mail, links: [link], tokens: [token] }] }, { publicUrl: origin }),
  )
  const { tab, complaints } = await openTab(1200)
  await tab.goto(`${origin}/inbox-real`)
  await tab.getByText('Choose a new password for').click()
  const frame = tab.frameLocator('iframe')
  const button = frame.getByRole('link', { name: 'Choose a new password' })
  const corner = "getComputedStyle(document.querySelector('.button td')).borderTopLeftRadius"
  await button.waitFor()
  assert.equal(await tab.frames().at(1)?.evaluate<string>(corner), '8px')
  const opened = tab.waitForEvent('popup')
  await button.click()
  const reset = await opened
  await reset.waitForURL(link)
  assert.equal(await reset.locator('h1').textContent(), 'Choose a new password')
  assert.equal(await tab.getByLabel('Token').inputValue(), token)
  assert.deepEqual(complaints, [])
  await reset.close()
  await tab.close()
})

test('the password form works by keyboard alone and posts token and password', async () => {
  const state = { state: 'form', token, username: 'ada', errors: [] } as const
  pages.set('form', resetPasswordPage(state, en.pages, { publicUrl: origin, passwordPolicy: 'standard' }))
  const { tab } = await openTab(360)
  await tab.goto(`${origin}/form`)
  await tab.keyboard.press('Tab')
  assert.equal(await tab.locator(':focus').textContent(), 'Skip to content')
  await tab.keyboard.press('Tab')
  await tab.keyboard.type('short')
  await tab.keyboard.press('Enter')
  assert.equal(new URL(tab.url()).pathname, '/form', 'the browser let a short password through')
  await tab.getByLabel('New password').fill('four random words')
  await tab.keyboard.press('Enter')
  await tab.waitForURL('**/account/reset-password')
  assert.deepEqual(
    [...new URLSearchParams(posted.join(''))],
    [
      ['token', token],
      ['password', 'four random words'],
    ],
  )
  await tab.close()
})
