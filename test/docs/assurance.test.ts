/** The page of assurance says no more than the tests show, and leaves out nothing that they name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone, read, sources, withoutComments } from '../rules/source.ts'

const page = read('docs/reference/assurance.md')

const TITLE = /(?<![.\w])(?:t\.)?(?:test|it)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g

/** As the page quotes them: with `…` for what a title takes from its case. */
const titles = new Set(
  sources('test/**/*.ts').flatMap(({ text }) =>
    [...withoutComments(text).matchAll(TITLE)].map((match) =>
      (match[2] ?? '').replaceAll(/\\(.)/g, '$1').replaceAll(/\$\{[^}]*\}(?:`\}`?)?/g, '…'),
    ),
  ),
)

/** How many requirements each group has, and how many rows of flaws there are. */
const groups = { P: 12, T: 7, J: 13, A: 7, I: 15, D: 9 }
const ROWS = 64
const numbered = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
const expected = [
  ...Object.entries(groups).flatMap(([prefix, count]) => numbered(count, prefix)),
  ...numbered(ROWS, ''),
]

interface Entry {
  readonly id: string
  readonly line: string
  readonly quoted: readonly string[]
}

const entries: readonly Entry[] = page.split('\n').flatMap((line) => {
  const id = /^\| ([PTJAID]?\d+) \|/.exec(line)?.[1]
  return id === undefined ? [] : [{ id, line, quoted: quotedIn(line) }]
})

/** The titles of the last cell. */
function quotedIn(line: string): readonly string[] {
  const cell = line.split(' | ').at(-1) ?? ''
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
}

/** The ids at the end, or at the beginning, of a title: `… (I4, rows 7, 8)`, `P1: …`. */
function idsOf(title: string): readonly string[] {
  const behind = (/\(([^()]*)\)$/.exec(title)?.[1] ?? '').split(/,\s*/)
  const ahead = /^(\w+): /.exec(title)?.[1] ?? ''
  return [...behind.map((id) => id.replace(/^rows? /, '')), ahead].filter((id) => expected.includes(id))
}

test('every requirement and every row of flaws stands on the page exactly once', () => {
  assert.deepEqual(
    entries.map(({ id }) => id),
    expected,
  )
})

test('what is held names a test, and what is not applicable or not met names none and says why', () => {
  for (const { id, line, quoted } of entries) {
    const without = /\| (?:not applicable|not met)\b/.test(line)
    assert.equal(quoted.length === 0, without, id)
    const isApplicable = !line.includes('not applicable')
    assert.ok(isApplicable || /not applicable: \w+ \w+ \w+/.test(line), id)
  }
  const states = page.match(/^\| [PTJAID]\d+ \| (?:met|partly met|not met|not applicable) \|/gm) ?? []
  assert.equal(states.length, expected.length - ROWS)
})

test('every test that the page quotes exists', () => {
  const quoted = page.split('\n').flatMap(quotedIn)
  const named = quoted.filter((text) => text.includes(' '))
  assert.ok(named.length > 120, `${named.length}`)
  assertNone(named.filter((title) => !titles.has(title)))
})

test('every test that names a requirement or a row is quoted there', () => {
  const missing = [...titles].flatMap((title) =>
    idsOf(title)
      .filter((id) => !entries.some((entry) => entry.id === id && entry.quoted.includes(title)))
      .map((id) => `${id}: ${title}`),
  )
  assert.ok([...titles].some((title) => idsOf(title).length > 1))
  assertNone(missing)
})

test('the page claims no level of a standard', () => {
  assert.doesNotMatch(page, /\bASVS\b[^`|\n]*\b(?:L[123]|level [123])\b|\bcompliant\b|\bcertified\b/i)
  assert.match(page, /No level of any standard is claimed/)
})
