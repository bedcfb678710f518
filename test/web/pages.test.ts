import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { catalogue } from '../../src/domain/errors.ts'
import { en } from '../../src/texts/en.ts'
import { errorIndexPage, errorPage, isErrorCode } from '../../src/web/error-pages.ts'
import { inboxPage } from '../../src/web/inbox-page.ts'
import { resetPasswordPage } from '../../src/web/reset-password-page.ts'
import { setupPage } from '../../src/web/setup-page.ts'
import { verifyEmailPage } from '../../src/web/verify-email-page.ts'
import { allPages, token } from './all-pages.ts'
import { faultsOf, tagsOf } from './well-formed.ts'
import type { Tag } from './well-formed.ts'

const publicUrl = 'https://accounts.example.org'
const site = { publicUrl, passwordPolicy: 'standard' } as const
const hostile = `"><script>alert(1)</script><p style='x' onclick="y()">&amp;\u0000`
const pages = [...allPages(publicUrl, 'ordinary'), ...allPages(publicUrl, hostile)]

const named = (document: string, name: string): readonly Tag[] =>
  tagsOf(document).filter((tag) => tag.name === name)
const attribute = (tag: Tag | undefined, name: string): string => tag?.attributes.get(name) ?? ''

test('every page in every state is well-formed, whatever is put into it', () => {
  assert.ok(pages.length > 100)
  for (const [name, document] of pages) assert.deepEqual(faultsOf(document), [], name)
})

test('no page has a script, a style or a handler of its own, or loads from another host', () => {
  for (const [name, document] of pages) {
    for (const tag of tagsOf(document)) {
      assert.equal(
        ['script', 'style', 'object', 'embed', 'base'].includes(tag.name),
        false,
        `${name}: ${tag.name}`,
      )
      for (const key of tag.attributes.keys()) assert.doesNotMatch(key, /^(?:style|on.*)$/, `${name}: ${key}`)
      const loads = ['link', 'img'].includes(tag.name) ? [attribute(tag, 'href'), attribute(tag, 'src')] : []
      for (const address of loads) assert.match(address, /^(?:\/assets\/[\w-]+\.css|data:,|)$/, name)
    }
  }
})

test('every page has a language, one h1, a main landmark and a way to it past the header', () => {
  for (const [name, document] of pages) {
    assert.equal(attribute(named(document, 'html')[0], 'lang'), 'en', name)
    assert.equal(named(document, 'h1').length, 1, name)
    assert.equal(attribute(named(document, 'main')[0], 'id'), 'main', name)
    assert.deepEqual(
      [...(named(document, 'a')[0]?.attributes ?? [])],
      [
        ['class', 'skip'],
        ['href', '#main'],
      ],
      name,
    )
    assert.equal(named(document, 'title').length, 1, name)
  }
})

test('every field has a label, and what describes a field is on the page', () => {
  for (const [name, document] of pages) {
    const tags = tagsOf(document)
    const ids = new Set(tags.map((tag) => attribute(tag, 'id')))
    const labelled = new Set(named(document, 'label').map((tag) => attribute(tag, 'for')))
    for (const field of named(document, 'input')) {
      const hidden = attribute(field, 'type') === 'hidden' || field.attributes.has('hidden')
      if (!hidden) assert.ok(labelled.has(attribute(field, 'id')), `${name}: a field without label`)
      const described = attribute(field, 'aria-describedby').split(' ').filter(Boolean)
      for (const id of described) assert.ok(ids.has(id), `${name}: nothing has the id ${id}`)
    }
    for (const frame of named(document, 'iframe')) assert.notEqual(attribute(frame, 'title'), '', name)
  }
})

test('the password form posts the token and one new password of at least 8 characters', () => {
  const state = { state: 'form', token, username: 'ada', errors: [] } as const
  const document = resetPasswordPage(state, en.pages, site)
  const form = named(document, 'form')[0]
  assert.equal(attribute(form, 'method'), 'post')
  assert.equal(attribute(form, 'action'), '/account/reset-password')
  const fields = named(document, 'input').filter((field) => field.attributes.has('name'))
  assert.deepEqual(
    fields.map((field) => attribute(field, 'name')),
    ['token', 'password'],
  )
  assert.equal(attribute(fields[0], 'value'), token)
  assert.equal(attribute(fields[1], 'autocomplete'), 'new-password')
  assert.equal(attribute(fields[1], 'minlength'), '8')
  assert.equal(fields[1]?.attributes.has('value'), false)
  const username = named(document, 'input').find((field) => attribute(field, 'autocomplete') === 'username')
  assert.equal(attribute(username, 'value'), 'ada')
})

test('the confirmation form posts the token and the account’s own password', () => {
  const document = verifyEmailPage({ state: 'form', token, username: null, errors: [] }, en.pages, site)
  assert.equal(attribute(named(document, 'form')[0], 'action'), '/account/verify-email')
  const fields = named(document, 'input')
  assert.deepEqual(
    fields.map((field) => attribute(field, 'name')),
    ['token', 'password'],
  )
  assert.equal(attribute(fields[1], 'autocomplete'), 'current-password')
  assert.equal(fields[1]?.attributes.has('minlength'), false)
})

test('the setup form posts a token, a name, an address and a new password that is never sent back', () => {
  const errors = [
    { pointer: '/username', code: 'username_taken', message: 'This username is in use.' },
    { pointer: '/password', code: 'password_too_common', message: 'The password is too common.' },
    { pointer: '/password', code: 'password_contains_personal', message: 'It contains your name.' },
  ] as const
  const document = setupPage(
    { state: 'form', token, username: 'ada', email: 'ada@a.example', errors },
    en.pages,
    site,
  )
  assert.equal(attribute(named(document, 'form')[0], 'action'), '/account/setup')
  const fields = named(document, 'input')
  assert.deepEqual(
    fields.map((field) => [
      attribute(field, 'name'),
      attribute(field, 'value'),
      attribute(field, 'autocomplete'),
    ]),
    [
      ['token', token, ''],
      ['username', 'ada', 'username'],
      ['email', 'ada@a.example', 'email'],
      ['password', '', 'new-password'],
    ],
  )
  assert.match(document, /<title>Error: /)
  assert.match(document, /role="alert"/)
  for (const { pointer, code, message } of errors) {
    const name = pointer.slice(1)
    const field = fields.find((each) => attribute(each, 'name') === name)
    assert.equal(attribute(field, 'aria-invalid'), 'true')
    assert.match(attribute(field, 'aria-describedby'), new RegExp(`\\b${name}-errors\\b`))
    assert.ok(document.includes(`<a href="#${name}">`), 'the summary leads to the field')
    assert.ok(document.includes(`<li data-code="${code}">${message}</li>`))
  }
  const email = fields.find((field) => attribute(field, 'name') === 'email')
  assert.equal(email?.attributes.has('aria-invalid'), false, 'nothing is said of a field that is right')
  assert.equal(attribute(email, 'aria-describedby'), 'email-hint')
})

test('what was wrong with a password is announced, linked to the field and in the title', () => {
  const errors = [{ code: 'password_too_short', message: 'Choose at least 8 characters.' }] as const
  const state = { state: 'form', token, username: null, errors } as const
  for (const document of [resetPasswordPage(state, en.pages, site), verifyEmailPage(state, en.pages, site)]) {
    assert.match(document, /<title>Error: /)
    assert.match(document, /role="alert"/)
    assert.match(document, /Choose at least 8 characters\./)
    const field = named(document, 'input').find((tag) => attribute(tag, 'name') === 'password')
    assert.equal(attribute(field, 'aria-invalid'), 'true')
    assert.match(attribute(field, 'aria-describedby'), /\bpassword-errors\b/)
  }
})

test('a dead link has no form, and says why and what to do next', () => {
  for (const [name, document] of pages.filter(
    ([page]) => /-(?:invalid|expired|used)$/.test(page) && !page.startsWith('errors'),
  )) {
    assert.equal(named(document, 'form').length, 0, name)
    assert.match(document, /Likely causes/, name)
    assert.match(document, /[Aa]sk for a new|Start the server again|Sign in with that account/, name)
  }
})

test('the index of errors leads to a page for every code', () => {
  const targets = named(errorIndexPage(site), 'a').map((tag) => attribute(tag, 'href'))
  for (const code of Object.keys(catalogue)) assert.ok(targets.includes(`/docs/errors/${code}`), code)
})

test('the page of every error has its title, causes, action and an example that is JSON of this server', () => {
  for (const code of Object.keys(catalogue).filter(isErrorCode)) {
    const document = errorPage(code, site)
    const plain = unescaped(document.replaceAll(/<\/?code>/g, ''))
    const { title, causes, action, status } = catalogue[code]
    for (const text of [title, action, ...causes]) assert.ok(plain.includes(text), `${code}: ${text}`)
    const example = /<pre[^>]*><code>([^<]*)<\/code><\/pre>/.exec(document.replaceAll(/\s+>/g, '>'))?.[1]
    if (code === 'store_incompatible' || code === 'start_refused') {
      assert.equal(example, undefined)
      continue
    }
    const problem = JSON.parse(unescaped(example ?? ''))
    const outer = status === null ? 'validation_failed' : code
    assert.equal(problem.type, `${publicUrl}/docs/errors/${outer}`)
    assert.equal(problem.code, outer)
    assert.equal(problem.status, status ?? 422)
    assert.equal(problem.instance, `urn:uuid:${problem.request_id}`)
    if (status === null) assert.equal(problem.errors[0].code, code)
  }
})

test('a text that is no error code is told from one', () => {
  for (const text of ['', 'nothing', '__proto__', 'constructor', 'toString'])
    assert.equal(isErrorCode(text), false)
  assert.equal(isErrorCode('email_taken'), true)
})

test('the inbox shows a mail with its HTML in a frame where nothing can run', () => {
  const html = '<html><head><style>p { color: red }</style></head><body><p>“quoted”</p></body></html>'
  const link = `${publicUrl}/users/reset-password/${token}`
  const mail = {
    id: 'id-1',
    kind: 'reset_password',
    to: 'a@b.example',
    subject: 'S',
    text: 'T',
    sentAt: 0,
  } as const
  const document = inboxPage({ messages: [{ ...mail, html, links: [link], tokens: [token] }] }, site)
  const frame = named(document, 'iframe')[0]
  assert.doesNotMatch(attribute(frame, 'sandbox'), /allow-scripts|allow-forms|allow-top-navigation/)
  assert.doesNotMatch(attribute(frame, 'srcdoc'), /style&gt;p|color: red/)
  assert.match(attribute(frame, 'srcdoc'), /\/assets\/mail\.css/)
  const values = named(document, 'input').map((field) => attribute(field, 'value'))
  assert.deepEqual(values, [link, token, 'id-1'])
  assert.match(document, /\/dev\/mail\/messages\?to=/)
  assert.match(inboxPage({ messages: [] }, site), /\/users\/register/)
})

test('text and edges have the contrast of WCAG 2.2 AA in both schemes', () => {
  const styles = readFileSync(new URL('../../src/web/styles.css', import.meta.url), 'utf8')
  const colours = new Map(
    [...styles.matchAll(/--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
      ([, name = '', light = '', dark = '']): [string, readonly string[]] => [name, [light, dark]],
    ),
  )
  const grounds = ['ground', 'paper', 'code']
  const inks = ['ink', 'quiet', 'accent'].flatMap((ink) =>
    grounds.map((ground) => [ink, ground, 4.5] as const),
  )
  const pairs = [
    ...inks,
    ['bad', 'bad-ground', 4.5],
    ['bad', 'paper', 4.5],
    ['edge', 'paper', 3],
    ['accent', 'ground', 3],
  ] as const
  for (const scheme of [0, 1]) {
    for (const [ink, ground, least] of pairs) {
      const found = contrast(colours.get(ink)?.[scheme] ?? '', colours.get(ground)?.[scheme] ?? '')
      assert.ok(found >= least, `${ink} on ${ground}: ${found.toFixed(2)}`)
    }
    for (const name of ['button', 'button-over']) {
      const found = contrast('#ffffff', colours.get(name)?.[scheme] ?? '')
      assert.ok(found >= 4.5, `white on ${name}: ${found.toFixed(2)}`)
    }
  }
})

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function unescaped(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_whole, name: string) => entities[name] ?? '')
}
