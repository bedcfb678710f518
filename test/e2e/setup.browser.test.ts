/** The page of the first administrator in a real browser without scripts, from the link in the file to the sign-in. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
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
  type Watched,
} from '../support/browser.ts'
import { clientOf, type Client } from '../support/process-client.ts'
import { startServer, temporaryFolder, type ServerProcess } from '../support/process.ts'

const password = 'nine quiet harbour lamps'
const dataDir = join(temporaryFolder(), 'data')
let server: ServerProcess
let call: Client
let browser: Browser
let link = ''

before(async () => {
  server = await startServer({ dataDir })
  link = readFileSync(join(dataDir, 'setup-link'), 'utf8').trim()
  call = clientOf(server.url)
  browser = await openBrowser()
})
after(async () => {
  await browser.close()
  await server.end('SIGKILL')
})

async function heading(page: Page): Promise<string> {
  return page.locator('h1').innerText()
}

function assertQuiet({ requests, complaints }: Watched): void {
  assert.deepEqual(complaints, [])
  assert.deepEqual(outsideOf(server.url, requests), [])
}

/** The page as it is now at both widths, each sound and photographed. */
async function assertSoundAtBothWidths(page: Page, name: string): Promise<void> {
  for (const width of [WIDE, NARROW]) {
    await page.setViewportSize({ width, height: 800 })
    await assertSound(page)
    await photograph(page, `${name}-${width}`)
  }
}

async function fill(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value)
}

test('the form looks right on wide and narrow screens, in the light and in the dark', async () => {
  for (const dark of [false, true]) {
    const watched = await newPage(browser, { scripts: false, dark })
    assert.equal((await watched.page.goto(link))?.status(), 200)
    assert.equal(await heading(watched.page), 'Create the first administrator')
    await assertSoundAtBothWidths(watched.page, dark ? 'setup-dark' : 'setup')
    assertQuiet(watched)
  }
  const watched = await newPage(browser, { scripts: false })
  await watched.page.goto(`${server.url}/setup/nonsense`)
  await assertSoundAtBothWidths(watched.page, 'setup-nonsense')
  assertQuiet(watched)
})

test('the Tab key reaches the fields in the order in which they are read', async () => {
  const { page } = await newPage(browser)
  await page.goto(link)
  assert.deepEqual(await tabStops(page, 5), [
    'Skip to content',
    'Username',
    'E-mail address',
    'Password',
    'Create administrator',
  ])
})

test('without scripts the form says what is wrong where it is wrong, then makes the administrator', async () => {
  const body = { username: 'somebody', email: 'somebody@page.example', password }
  assert.equal((await call('POST /users/register', { body })).status, 201)
  for (const dark of [false, true]) {
    const watched = await newPage(browser, { scripts: false, dark })
    const { page } = watched
    await page.goto(link)
    await page.getByRole('button', { name: 'Create administrator' }).click()
    assert.equal(page.url(), link, 'the browser itself asks for what is missing')
    await fill(page, { Username: 'no spaces', 'E-mail address': 'keeper@page.example', Password: password })
    await page.getByRole('button', { name: 'Create administrator' }).click()
    assert.equal(page.url(), link, 'the browser itself knows the form of a username')

    const wrong = { Username: 'keeper', 'E-mail address': 'keeper@localhost', Password: 'keeper123' }
    await fill(page, wrong)
    await page.getByRole('button', { name: 'Create administrator' }).click()
    assert.match(await page.title(), /^Error: /)
    const alert = page.getByRole('alert')
    assert.match(await alert.innerText(), /E-mail address:.*name@example\.com[^]*Password:.*your name/)
    assert.equal(await page.getByLabel('Username').inputValue(), 'keeper')
    assert.equal(await page.getByLabel('E-mail address').inputValue(), 'keeper@localhost')
    assert.equal(await page.getByLabel('Password').inputValue(), '', 'a refused password is not sent back')
    assert.equal(await page.getByLabel('Username').getAttribute('aria-invalid'), null)
    assert.equal(await page.getByLabel('Password').getAttribute('aria-invalid'), 'true')
    await assertSoundAtBothWidths(page, dark ? 'setup-refused-dark' : 'setup-refused')
    await alert.getByRole('link', { name: 'Password' }).click()
    assert.equal(await page.locator(':focus').getAttribute('id'), 'password')
    assertQuiet(watched)
  }

  const watched = await newPage(browser, { scripts: false })
  const { page } = watched
  await page.goto(link)
  await fill(page, { Username: 'Somebody', 'E-mail address': 'keeper@page.example', Password: password })
  await page.getByLabel('Password').press('Enter')
  assert.match(await page.getByRole('alert').innerText(), /Username:.*in use/)

  await fill(page, { Username: 'keeper', Password: password })
  await page.getByLabel('Password').press('Enter')
  assert.equal(await heading(page), 'You are the administrator')
  await assertSoundAtBothWidths(page, 'setup-done')
  const signedIn = await call('POST /users/login', { body: { username: 'keeper', password } })
  assert.equal(signedIn.status, 200)
  assert.equal((await call('GET /users', { token: signedIn.body.access_token })).status, 200)

  await page.getByRole('link', { name: 'built-in inbox' }).click()
  assert.ok(await page.getByText('to keeper@page.example').first().isVisible())
  assert.equal((await page.goto(link))?.status(), 400)
  assert.equal(await heading(page), 'There is an administrator already')
  assert.equal(await page.locator('form').count(), 0)
  await assertSoundAtBothWidths(page, 'setup-dead')
  assertQuiet(watched)
})
