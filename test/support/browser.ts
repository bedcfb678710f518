/** A browser that writes down what pages load and what it refuses, and looks at them as an assistive program does. */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { chromiumPath } from './settings-of-the-run.ts'

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]
export const WIDE = 1200
export const NARROW = 360

export interface Watched {
  readonly page: Page
  /** Everything that the page asked for, whoever would have answered. */
  readonly requests: readonly string[]
  /** Violations of the policy, exceptions of scripts, and other errors of the console. */
  readonly complaints: readonly string[]
}

export interface Looks {
  readonly width?: number
  readonly scripts?: boolean
  readonly dark?: boolean
}

export function openBrowser(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (executablePath === null) throw new Error('there is no Chromium: this file should not have been run')
  return chromium.launch({ executablePath, args: ARGUMENTS })
}

/** A fresh profile: no cookies, nothing stored. */
export async function newPage(browser: Browser, looks: Looks = {}): Promise<Watched> {
  const { width = WIDE, scripts = true, dark = false } = looks
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    javaScriptEnabled: scripts,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const requests = new Array<string>()
  const complaints = new Array<string>()
  page.on('request', (request) => requests.push(request.url()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    const text = message.text()
    // What the browser says of every page and answer with a status from 400 on, which are asked for on purpose.
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) complaints.push(text)
  })
  return { page, requests, complaints }
}

/** Of everything that was asked for, what neither this server nor the page itself (`data:`, `blob:`) gives. */
export function outsideOf(origin: string, requests: readonly string[]): readonly string[] {
  return requests.filter((url) => !url.startsWith(`${origin}/`) && !/^(?:data|blob|about):/.test(url))
}

/** Kept where `UM_TEST_SCREENSHOTS` names a folder, for people to look at; elsewhere nobody would see it. */
export async function photograph(page: Page, name: string): Promise<void> {
  const folder = process.env['UM_TEST_SCREENSHOTS']
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, animations: 'disabled' })
}

interface Findings {
  readonly lang: string
  readonly title: string
  readonly headings: readonly number[]
  readonly mains: number
  readonly unlabelled: readonly string[]
  readonly nameless: readonly string[]
  readonly pictures: number
  readonly repeatedIds: readonly string[]
  readonly danglingIds: readonly string[]
  readonly inline: readonly string[]
  readonly tooWide: number
}

/** Run in the page, so written as text: this program knows no DOM. */
const LOOK = `(() => {
  const all = (selector) => [...document.querySelectorAll(selector)]
  const ids = all('[id]').map((element) => element.id)
  const named = (element) => (element.getAttribute('aria-label') ?? element.textContent ?? '').trim() !== ''
  const referred = all('[aria-describedby], [aria-labelledby], label[for]').flatMap((element) =>
    ['aria-describedby', 'aria-labelledby', 'for'].flatMap((name) => (element.getAttribute(name) ?? '').split(' ')))
  return {
    lang: document.documentElement.lang,
    title: document.title,
    headings: all('h1, h2, h3, h4, h5, h6').map((heading) => Number(heading.tagName[1])),
    mains: all('main').length,
    unlabelled: all('input:not([type=hidden]):not([hidden]), select, textarea')
      .filter((field) => field.labels.length === 0 && !field.getAttribute('aria-label'))
      .map((field) => field.outerHTML),
    nameless: all('a[href], button, summary, iframe').filter((element) => !named(element) && !element.title)
      .map((element) => element.outerHTML),
    pictures: all('img:not([alt]), svg:not([aria-hidden]):not([role])').length,
    repeatedIds: ids.filter((id, index) => ids.indexOf(id) !== index),
    danglingIds: referred.filter((id) => id !== '' && !ids.includes(id)),
    inline: all('script:not([src]), style, [style]:not([style=""]), [onclick], [onload]').map((element) => element.outerHTML.slice(0, 200)),
    tooWide: document.documentElement.scrollWidth - window.innerWidth,
  }
})()`

/** What every page of ours has to be, for people who don't see it, and on a telephone. */
export async function assertSound(page: Page): Promise<void> {
  const found: Findings = await page.evaluate(LOOK)
  const { headings } = found
  const skipped = headings.filter((level, index) => level > (headings[index - 1] ?? 0) + 1)
  assert.match(found.lang, /^[a-z]{2}/)
  assert.match(found.title, /\S.* · localhost:\d+$/)
  assert.equal(headings.filter((level) => level === 1).length, 1, 'one h1')
  assert.deepEqual(skipped, [], 'no level of headings is left out')
  assert.equal(found.mains, 1, 'one main landmark')
  assert.deepEqual(found.unlabelled, [], 'every field has a label')
  assert.deepEqual(found.nameless, [], 'every link and button has a name')
  assert.equal(found.pictures, 0, 'every picture has a text')
  assert.deepEqual(found.repeatedIds, [], 'no id occurs twice')
  assert.deepEqual(found.danglingIds, [], 'every reference leads somewhere')
  assert.deepEqual(found.inline, [], 'nothing inline, so that the policy needs no exception')
  assert.ok(found.tooWide <= 0, `${found.tooWide} px too wide`)
}

/** The names of what the Tab key reaches from the top of the page, one after the other. */
export async function tabStops(page: Page, count: number): Promise<readonly string[]> {
  const stops = new Array<string>()
  for (let index = 0; index < count; index += 1) {
    await page.keyboard.press('Tab')
    const name: string = await page.evaluate(
      `(() => { const e = document.activeElement; return (e.labels?.[0] ?? e).textContent.trim() || e.id })()`,
    )
    stops.push(name)
  }
  return stops
}
