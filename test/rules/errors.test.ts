/** The error catalogue says what happened, why, and what to do next; the reference page says the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalogue, type CatalogueEntry } from '../../src/domain/errors.ts'
import { assertNone, read } from './source.ts'

const entries: readonly (readonly [string, CatalogueEntry])[] = Object.entries(catalogue)
/** The statuses that the API uses, each with one meaning. */
const STATUSES = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 500, 503]

function where(wrong: (entry: CatalogueEntry, code: string) => boolean): readonly string[] {
  return entries.filter(([code, entry]) => wrong(entry, code)).map(([code]) => code)
}

/** One sentence: begins with a capital, ends with its only full stop. `example.com` and `a.b` hold none. */
function isSentence(text: string): boolean {
  return /^[A-Z][^\n]*[^.\s]\.$/.test(text) && !/[.!?]\s/.test(text)
}

test('every code is lower snake_case and has a status that the API uses, or none', () => {
  assert.ok(entries.length > 30)
  assertNone(
    where(
      ({ status }, code) =>
        !/^[a-z]+(_[a-z]+)*$/.test(code) || !(status === null || STATUSES.includes(status)),
    ),
  )
})

test('every title says what happened, in a phrase without a full stop', () => {
  assertNone(where(({ title }) => !/^[A-Z][^\n]{7,}[^.\s]$/.test(title)))
})

test('every code names at least one cause, each a phrase without a full stop', () => {
  assertNone(
    where(
      ({ causes }) => causes.length === 0 || causes.some((cause) => !/^[A-Z][^\n]{5,}[^.\s]$/.test(cause)),
    ),
  )
})

test('every action is one sentence', () => {
  assertNone(where(({ action }) => !isSentence(action)))
})

test('no two codes share an action or a title', () => {
  const twice = (texts: readonly string[]): readonly string[] =>
    texts.filter((text, index) => texts.indexOf(text) !== index)
  assertNone([
    ...twice(entries.map(([, { action }]) => action)),
    ...twice(entries.map(([, { title }]) => title)),
  ])
})

test('the reference page has a section for every code, and no other', () => {
  const sections = [...read('docs/reference/errors.md').matchAll(/^### (\w+)$/gm)].map(
    (match) => match[1] ?? '',
  )
  assert.deepEqual(sections.toSorted(), entries.map(([code]) => code).toSorted())
})
