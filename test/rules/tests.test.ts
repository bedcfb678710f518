/** Rules for the tests themselves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone, codeOnly, places, sources, withoutComments } from './source.ts'

const files = sources('test/**/*.test.ts')
const all = sources('test/**/*.ts')

/** What defines a test or a group; the title is the first argument. */
const TITLE = /(?<![.\w])(?:t\.)?(?:test|it|describe|suite)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g

test('no test can be left out: nothing is skipped, postponed or singled out', () => {
  const call = /\b(?:test|it|describe|suite|t|context)\.(?:skip|todo|only|runOnly)\b/g
  const option =
    /\b(?:test|it|describe|suite)\(\s*(?:'[^']*'|"[^"]*"|`[^`]*`)\s*,\s*\{[^}]*\b(?:skip|todo|only)\b/g
  assert.ok(files.length > 0)
  assertNone(all.flatMap((source) => [...places(source, call), ...places(source, option)]))
})

test('no test sleeps: it waits for what it needs, within the time limit of the runner', () => {
  const sleep = /(?<![.\w])setTimeout\(|\bsetInterval\(/g
  const pause = /\bfrom ['"](?:node:)?timers\/promises['"]/g
  const outside = all.filter(({ path }) => !path.startsWith('test/support/'))
  assertNone(
    outside.flatMap((source) => [
      ...places(source, sleep),
      ...places(source, pause, withoutComments(source.text)),
    ]),
  )
})

test('no two tests of a file have the same title', () => {
  const repeated = files.flatMap(({ path, text }) => {
    const titles = titlesOf(text)
    return titles
      .filter((title, index) => titles.indexOf(title) !== index)
      .map((title) => `${path}: ${title}`)
  })
  assertNone(repeated)
})

test('every test title is a sentence about behaviour', () => {
  const wrong = files.flatMap(({ path, text }) =>
    testTitlesOf(text)
      .filter((title) => title.split(/\s+/).length < 3 || /^(?:should|tests?|checks?|works?)\b/i.test(title))
      .map((title) => `${path}: ${title}`),
  )
  assertNone(wrong)
})

test('every test asserts something of its own accord', () => {
  const silent = files.filter(({ text }) => !/\bassert|\bContract\b|contracts?\//i.test(codeOnly(text)))
  assertNone(silent.map(({ path }) => path))
})

function titlesOf(text: string): readonly string[] {
  return [...withoutComments(text).matchAll(TITLE)].map((match) => match[2] ?? '')
}

/** Without groups, whose titles are names of things. */
function testTitlesOf(text: string): readonly string[] {
  const defined = [...withoutComments(text).matchAll(TITLE)]
  return defined.filter((match) => !/^(?:describe|suite)/.test(match[0])).map((match) => match[2] ?? '')
}
