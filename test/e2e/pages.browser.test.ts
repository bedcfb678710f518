/** The pages in a real browser: the mailed links without scripts, the documentation with them, the inbox. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import {
  assertSound,
  NARROW,
  newPage,
  openBrowser,
  outsideOf,
  photograph,
  tabStops,
  WIDE,
  type Looks,
  type Watched,
} from '../support/browser.ts'
import { clientOf, mailTo, type Client } from '../support/process-client.ts'
import { startServer, temporaryFolder, type ServerProcess } from '../support/process.ts'

const password = 'seventeen purple umbrellas'
const newPassword = 'a kettle full of gravel'

let server: ServerProcess
let call: Client
let browser: Browser

before(async () => {
  server = await startServer({ dataDir: join(temporaryFolder(), 'data') })
  call = clientOf(server.url)
  browser = await openBrowser()
})
after(async () => {
  await browser.close()
  await server.end('SIGKILL')
})

async function registered(username: string): Promise<{ username: string; email: string }> {
  const person = { username, email: `${username}@page.example`, password }
  assert.equal((await call('POST /users/register', { body: person })).status, 201)
  return person
}

/** The link of the mail, which is where the browser goes. */
async function linkFor(email: string, kind: string): Promise<string> {
  return (await mailTo(call, email, kind)).links[0] ?? ''
}

async function resetLink(username: string): Promise<string> {
  const { email } = await registered(username)
  await call('POST /users/reset-password', { body: { email } })
  return linkFor(email, 'reset_password')
}

async function heading(page: Page): Promise<string> {
  return page.locator('h1').innerText()
}

function assertQuiet({ requests, complaints }: Watched): void {
  assert.deepEqual(complaints, [])
  assert.deepEqual(outsideOf(server.url, requests), [])
}

/** The page at both widths, each sound and photographed. */
async function assertSoundEverywhere(path: string, name: string, looks: Looks = {}): Promise<void> {
  const watched = await newPage(browser, looks)
  const { page } = watched
  for (const width of [WIDE, NARROW]) {
    await page.setViewportSize({ width, height: 800 })
    await page.goto(server.url + path)
    await assertSound(page)
    await photograph(page, `${name}-${width}`)
  }
  assertQuiet(watched)
  await page.context().close()
}

suite('the page behind a password link, without scripts,', () => {
  test('says what is wrong with a password, takes a good one, and is dead afterwards', async () => {
    const link = await resetLink('lantern')
    const watched = await newPage(browser, { scripts: false })
    const { page } = watched
    assert.equal((await page.goto(link))?.status(), 200)
    assert.equal(await heading(page), 'Choose a new password')
    await assertSound(page)

    await page.getByLabel('New password').fill('password1')
    await page.getByRole('button', { name: 'Save password' }).click()
    const alert = page.getByRole('alert')
    assert.match(await alert.innerText(), /common/i)
    assert.equal(await page.getByLabel('New password').getAttribute('aria-invalid'), 'true')
    assert.equal(
      await page.getByLabel('New password').inputValue(),
      '',
      'a refused password is not sent back',
    )
    assert.match(await page.title(), /^Error: /)
    await assertSound(page)
    await photograph(page, 'reset-refused-1200')

    await page.getByLabel('New password').fill(newPassword)
    await page.getByLabel('New password').press('Enter')
    assert.equal(await heading(page), 'Your password was changed')
    await assertSound(page)
    await photograph(page, 'reset-done-1200')
    const { status } = await call('POST /users/login', {
      body: { username: 'lantern', password: newPassword },
    })
    assert.equal(status, 200)

    assert.equal((await page.goto(link))?.status(), 400)
    assert.match(await heading(page), /already been used/)
    assert.equal(await page.locator('form').count(), 0)
    await assertSound(page)
    await photograph(page, 'reset-dead-1200')
    assertQuiet(watched)
  })

  test('looks right on wide and narrow screens and in the dark', async () => {
    const path = new URL(await resetLink('paper')).pathname
    await assertSoundEverywhere(path, 'reset', { scripts: false })
    await assertSoundEverywhere(path, 'reset-dark', { scripts: false, dark: true })
    await assertSoundEverywhere('/users/reset-password/nonsense', 'reset-nonsense', { scripts: false })
  })

  test('is reached by the Tab key in the order in which it is read', async () => {
    const { page } = await newPage(browser)
    await page.goto(await resetLink('tabulator'))
    assert.deepEqual(await tabStops(page, 3), ['Skip to content', 'New password', 'Save password'])
  })

  test('is not sent to another site by a page that links on', async () => {
    const { page } = await newPage(browser, { scripts: false })
    const answer = await page.goto(await resetLink('referrer'))
    assert.equal(answer?.headers()['referrer-policy'], 'same-origin')
    assert.match(
      answer?.headers()['content-security-policy'] ?? '',
      /default-src 'none'.*frame-ancestors 'none'/,
    )
  })
})

test('the page behind a confirmation link asks for the password and confirms only with the right one', async () => {
  const { email } = await registered('festival')
  const link = await linkFor(email, 'verify_email')
  const watched = await newPage(browser, { scripts: false })
  const { page } = watched
  await page.goto(link)
  assert.equal(await heading(page), 'Confirm your address')
  await page.getByLabel('Password').fill('not the password')
  await page.getByRole('button', { name: 'Confirm address' }).click()
  await page.getByRole('alert').waitFor()
  await assertSound(page)
  await photograph(page, 'verify-refused-1200')

  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Confirm address' }).click()
  assert.equal(await heading(page), 'Your address is confirmed')
  await assertSound(page)
  await photograph(page, 'verify-done-1200')
  const { body } = await call('POST /users/login', { body: { email, password } })
  assert.equal(body.user.email_verified, true)
  assertQuiet(watched)
  const other = await registered('moss')
  const path = new URL(await linkFor(other.email, 'verify_email')).pathname
  await assertSoundEverywhere(path, 'verify', { scripts: false })
})

suite('the documentation', () => {
  test('draws the whole API with nothing from any other host and nothing that its policy forbids', async () => {
    const watched = await newPage(browser)
    const { page } = watched
    await page.goto(server.url)
    assert.equal(new URL(page.url()).pathname, '/docs')
    await page.locator('.opblock').first().waitFor()
    assert.ok((await page.locator('.opblock').count()) >= 20)
    for (const path of ['/users/register', '/users/login', '/users/profile', '/users/delete']) {
      assert.ok((await page.locator(`[data-path="${path}"]`).count()) > 0, path)
    }
    await photograph(page, 'docs-1200')
    await page.setViewportSize({ width: NARROW, height: 800 })
    await photograph(page, 'docs-360')
    assertQuiet(watched)
  })

  test('signs in by its Authorize button, and then reads the profile', async () => {
    await registered('swagger')
    const watched = await newPage(browser)
    const { page } = watched
    await page.goto(`${server.url}/docs`)
    await page.getByRole('button', { name: 'Authorize' }).first().click()
    const dialog = page.locator('.modal-ux')
    await dialog.waitFor()
    await photograph(page, 'docs-authorize-1200')
    await dialog.getByLabel(/username/i).fill('swagger')
    await dialog.getByLabel(/password/i).fill(password)
    await dialog
      .getByRole('button', { name: /apply.*oauth2|^authorize$/i })
      .first()
      .click()
    await dialog
      .getByRole('button', { name: /logout|remove/i })
      .first()
      .waitFor()
    await dialog.getByRole('button', { name: /close/i }).first().click()

    const operation = page.locator('#operations-Account-profileRead')
    await operation.locator('.opblock-summary').click()
    await operation.getByRole('button', { name: 'Execute' }).click()
    const answer = operation.locator('.live-responses-table')
    await answer.waitFor()
    assert.equal((await answer.locator('tr.response td.response-col_status').innerText()).trim(), '200')
    assert.match(await answer.innerText(), /"username": "swagger"/)
    await photograph(page, 'docs-executed-1200')
    assertQuiet(watched)
  })

  test('leads from a code to its page, which says what to do', async () => {
    await assertSoundEverywhere('/docs/errors', 'errors')
    await assertSoundEverywhere('/docs/errors/password_too_common', 'error')
    await assertSoundEverywhere('/docs/errors/no-such-code', 'error-unknown')
    const watched = await newPage(browser)
    const { page } = watched
    await page.goto(`${server.url}/docs/errors`)
    await page.getByRole('link', { name: 'email_taken' }).click()
    assert.equal(await heading(page), 'email_taken')
    assert.ok(await page.getByRole('heading', { name: 'What to do' }).isVisible())
    assert.match(await page.locator('.action').innerText(), /\S.*\.$/)
    assertQuiet(watched)
  })
})

test('the inbox shows the mail, its link opens, and nothing in a mail can run', async () => {
  const { email } = await registered('inbox')
  const link = await linkFor(email, 'verify_email')
  await assertSoundEverywhere('/dev/mail', 'inbox')
  const watched = await newPage(browser)
  const { page } = watched
  await page.goto(`${server.url}/dev/mail`)
  const mail = page.getByRole('listitem').filter({ hasText: email }).first()
  await mail.locator('summary').click()
  assert.equal(await mail.getByLabel('Link').inputValue(), link)
  assert.doesNotMatch((await mail.locator('iframe').getAttribute('sandbox')) ?? '', /allow-scripts/)
  const frame = mail.frameLocator('iframe')
  await frame.getByRole('link').first().waitFor()
  await photograph(page, 'inbox-open-1200')
  await page.setViewportSize({ width: NARROW, height: 800 })
  await assertSound(page)
  await photograph(page, 'inbox-open-360')
  assertQuiet(watched)
})
