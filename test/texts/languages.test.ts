/** Every language says everything, and nothing that nobody reads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mailKinds } from '../../src/domain/ports/mailer.ts'
import { declaredErrors } from '../../src/http/route.ts'
import { routes } from '../../src/http/routes.ts'
import { builtInTemplates, hasLink, placesOf, renderMail } from '../../src/mail/templates.ts'
import { de } from '../../src/texts/de.ts'
import { en } from '../../src/texts/en.ts'
import { fill, placeholdersIn } from '../../src/texts/fill.ts'
import type { Language } from '../../src/texts/language.ts'
import { acceptedLanguages, languageFor, languages } from '../../src/texts/languages.ts'
import { spanText, timeText } from '../../src/texts/times.ts'
import { problemPage } from '../../src/web/problem-page.ts'
import { resetPasswordPage } from '../../src/web/reset-password-page.ts'
import { verifyEmailPage } from '../../src/web/verify-email-page.ts'
import { allPages, token } from '../web/all-pages.ts'

const publicUrl = 'https://accounts.example.org'
const site = { publicUrl, passwordPolicy: 'standard' } as const
const others = [...languages].filter(([tag]) => tag !== 'en')

/** Words that are the same in both, and what is no text at all. */
const ALIKE = /^(?:Status|Code|accounts)$/

/** Every text by its path; lists of paragraphs are one text each. */
function textsOf(value: unknown, path = ''): readonly (readonly [path: string, text: string])[] {
  if (typeof value === 'string') return [[path, value]]
  if (Array.isArray(value)) return [[path, value.join('\n')]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => textsOf(inner, path ? `${path}.${key}` : key))
}

/** English has the rules' own sentences for refusals: those of another language stand in for them. */
const english = new Map(textsOf({ ...en, pages: { ...en.pages, refusals: de.pages.refusals } }))

for (const [tag, language] of others) {
  const texts = new Map(textsOf(language))

  test(`${tag} has every text of English, no other, and none that is empty or not translated`, () => {
    assert.deepEqual([...texts.keys()].toSorted(), [...english.keys()].toSorted())
    const own = new Map(textsOf(en))
    const same = [...texts].filter(([path, text]) => own.get(path) === text && !ALIKE.test(text))
    assert.deepEqual(same, [])
    assert.deepEqual(
      [...texts].filter(([, text]) => text.trim() === ''),
      [],
    )
  })

  test(`${tag} has the same values in its texts as English`, () => {
    const values = (text: string | undefined) => [...new Set(placeholdersIn(text ?? ''))].toSorted()
    const different = [...texts].filter(
      ([path, text]) => values(text).join() !== values(english.get(path)).join(),
    )
    assert.deepEqual(different, [])
    assert.ok([...texts].filter(([, text]) => placeholdersIn(text).length > 0).length > 30)
  })

  test(`${tag} is found by its tag, and calls itself by it`, () => {
    assert.equal(tag, language.mails.tag.toLowerCase())
    assert.equal(tag, language.pages.tag.toLowerCase())
    assert.equal(languageFor([tag]), language)
    assert.ok(Intl.DateTimeFormat.supportedLocalesOf(language.mails.dates).length > 0)
  })
}

test('no text has a brace that belongs to no value, and each letter names only values that it gets', () => {
  for (const [tag, language] of languages) {
    for (const [path, text] of textsOf(language))
      assert.doesNotMatch(text.replaceAll(/\{[a-z_]+\}/g, ''), /[{}]/, `${tag} ${path}`)
    for (const kind of mailKinds) {
      const letter = language.mails.letters[kind]
      const named = textsOf(letter).flatMap(([, text]) => placeholdersIn(text))
      for (const name of named) assert.ok(placesOf(kind).includes(name), `${tag} ${kind} {${name}}`)
      assert.equal(letter.button !== undefined, hasLink(kind), `${tag} ${kind}`)
    }
  }
})

test('every text is read by a mail or a page', () => {
  const read = new Set<string>()
  const watched = recording(de, read)
  const mails = new Map([['de', watched.mails]])
  for (const kind of mailKinds) {
    const link = hasLink(kind) ? `${publicUrl}/users/x/${token}` : null
    const content = { link, params: { newEmail: 'neu@example.com' } }
    const templates = { ...builtInTemplates, languages: mails }
    renderMail({ kind, locale: 'de', content, createdAt: 0 }, publicUrl, templates)
  }
  allPages(publicUrl, 'text', watched)
  for (const sessionsRevoked of [0, 1])
    resetPasswordPage({ state: 'done', sessionsRevoked }, watched.pages, site)
  for (const code of keysOf(textsFor(de.pages.refusals))) {
    const errors = [{ code, message: 'in English' }]
    const form = { state: 'form', token, username: null, errors } as const
    assert.doesNotMatch(verifyEmailPage(form, watched.pages, site), /in English/, code)
  }
  for (const code of keysOf(de.pages.problem.codes)) {
    const facts = { status: 500, code, title: 't', detail: 'd', action: 'a', requestId: 'r' }
    problemPage(facts, watched.pages, { publicUrl })
  }
  const unread = textsOf(de).filter(([path]) => !read.has(path))
  assert.deepEqual(unread, [])
})

test('whatever can end a page of a user has words for users, and nothing else has', () => {
  const ends = routes.filter(({ page }) => page === 'account').flatMap((one) => declaredErrors(one))
  assert.deepEqual(keysOf(en.pages.problem.codes).toSorted(), [...new Set(ends)].toSorted())
})

test('the first wanted language counts, a region falls back to its language, and all else to English', () => {
  const chosen = (...wanted: readonly string[]) => languageFor(wanted).pages.tag
  assert.equal(chosen('de'), 'de')
  assert.equal(chosen('de-AT'), 'de')
  assert.equal(chosen('DE-ch-1996'), 'de')
  assert.equal(chosen('en-GB', 'de'), 'en')
  assert.equal(chosen('fr', 'de'), 'de')
  assert.equal(chosen('fr'), 'en')
  assert.equal(chosen('deu'), 'en', 'another tag that begins alike is another language')
  assert.equal(chosen('', '-', '__proto__'), 'en')
  assert.equal(chosen(), 'en')
})

test('Accept-Language is read by its weights, and what is no language in it is left out', () => {
  assert.deepEqual(acceptedLanguages('de-AT,de;q=0.8,en;q=0.9'), ['de-AT', 'en', 'de'])
  assert.deepEqual(acceptedLanguages('en;q=0.1, de'), ['de', 'en'])
  assert.deepEqual(acceptedLanguages('de;q=0, fr'), ['fr'])
  assert.deepEqual(acceptedLanguages('*, de;q=x, <b>, , en;q=0.5'), ['en'])
  assert.deepEqual(acceptedLanguages(undefined), [])
  assert.equal(acceptedLanguages(Array(5000).fill('de').join()).length, 32)
})

test('times are in UTC and say so, spans are in their largest whole unit', () => {
  const at = Date.UTC(2026, 10, 20, 14, 33)
  assert.equal(timeText(at, en.mails.dates), '20 November 2026 at 14:33 UTC')
  assert.equal(timeText(at, de.mails.dates), '20. November 2026 um 14:33 UTC')
  const spans = [30, 24 * 60, 7 * 24 * 60].map((minutes) => minutes * 60_000)
  assert.deepEqual(
    spans.map((span) => spanText(span, 'en')),
    ['30 minutes', '24 hours', '7 days'],
  )
  assert.deepEqual(
    spans.map((span) => spanText(span, 'de')),
    ['30 Minuten', '24 Stunden', '7 Tage'],
  )
})

test('a value is put in as it is, and never looked at for places again', () => {
  assert.equal(fill('{a} and {b}', { a: '{b}', b: '$&' }), '{b} and $&')
  assert.equal(fill('{constructor}{missing}', {}), '')
})

function textsFor<Table>(table: Table | null): Table {
  assert.ok(table !== null)
  return table
}

function keysOf<Key extends string>(table: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(table) as Key[]
}

/** The same language; whoever reads a text of it leaves the path. */
function recording(language: Language, read: Set<string>): Language {
  const watch = <Part extends object>(part: Part, path: string): Part =>
    new Proxy(part, {
      get(target, key, receiver) {
        const value: unknown = Reflect.get(target, key, receiver)
        const here = path ? `${path}.${String(key)}` : String(key)
        if (typeof value === 'string' || Array.isArray(value)) read.add(here)
        const inner = typeof value === 'object' && value !== null && !Array.isArray(value)
        return inner ? watch(value, here) : value
      },
    })
  return watch(language, '')
}
