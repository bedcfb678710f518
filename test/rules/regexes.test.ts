/** No regular expression of ours, and no pattern of the contract, can be made to run for long by whoever writes the text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone, read, regexesOf, sources } from './source.ts'

const LIMIT_MS = 50
/** Backtracking that doubles with each character shows at the first of them, one that squares at the last. */
const LENGTHS = [20, 25, 1000, 10_000, 100_000]
const PAIRS_UP_TO = 10_000
const GENERAL = ['a', 'Z', '0', ' ', '\t', '\n', '.', '-', '/', '"', '\\', '%', '@', '\u00e9', '\0']
const ENDS = ['', '\0', '\n']

/**
 * What squares with the length of its text, and reads only short ones: how long they can be, and why.
 */
const SHORT: Readonly<Record<string, readonly [length: number, why: string]>> = {
  'src/config.ts /\\/+$/': [1000, 'a setting of the operator'],
  'src/http/network.ts /%.*$/': [
    1000,
    'a header: no more than 8 KiB, and no line feed, behind which alone it squares',
  ],
  'src/http/network.ts /(\\d+)\\.(\\d+)\\.(\\d+)\\.(\\d+)$/': [50, 'a text that is an IPv6 address'],
  'src/mail/inbox.ts /[.,;:!?)\\]]+$/': [1000, 'a link in a mail that was written here'],
  'src/mail/letter.ts /\\s*\\n\\s*/g': [
    1000,
    'the white space between the tags of a mail that was written here',
  ],
}

interface Found {
  readonly where: string
  readonly regex: RegExp
}

function written(): readonly Found[] {
  return sources('src/**/*.ts').flatMap(({ path, text }) =>
    regexesOf(text).map((literal) => {
      const end = literal.lastIndexOf('/')
      return { where: `${path} ${literal}`, regex: new RegExp(literal.slice(1, end), literal.slice(end + 1)) }
    }),
  )
}

/** Of the schemas that every body and query is held to. */
function inTheContract(): readonly Found[] {
  const found = new Set<string>()
  JSON.parse(read('docs/reference/openapi.json'), (key, value: unknown) => {
    if (key === 'pattern' && typeof value === 'string') found.add(value)
    return value
  })
  return [...found].map((pattern) => ({ where: `pattern ${pattern}`, regex: new RegExp(pattern, 'u') }))
}

/** Texts of one or two repeated pieces that the expression knows, behind what it has to begin with. */
function* attacks(regex: RegExp, length: number): Generator<string> {
  const known = regex.source.match(/[^\\^$*+?()[\]{}|]/gu) ?? []
  const single = [...new Set([...GENERAL, ...known])]
  const own = [...new Set([...known, 'a', '0', ' '])].slice(0, 10)
  const pairs = length > PAIRS_UP_TO ? [] : own.flatMap((one) => own.map((other) => one + other))
  const start = /^\^?(?:\(\?:)?((?:\\[^\w]|[\w:" -])*)/.exec(regex.source)?.[1]?.replaceAll('\\', '') ?? ''
  for (const prefix of new Set(['', start])) {
    for (const unit of [...single, ...pairs]) {
      const body = prefix + unit.repeat(length / unit.length)
      for (const end of ENDS) yield body + end
    }
  }
}

function timeOf(regex: RegExp, text: string): number {
  const began = performance.now()
  text.replace(regex, '')
  return performance.now() - began
}

/** The first text that takes too long, three times in a row; null where none does. */
function slowText(regex: RegExp, longest: number): string | null {
  for (const length of LENGTHS.filter((each) => each <= longest)) {
    for (const text of attacks(regex, length)) {
      const time = () => timeOf(regex, text)
      // A busy machine is slow once, and a slow expression every time.
      if (time() > LIMIT_MS && time() > LIMIT_MS && time() > LIMIT_MS)
        return `${JSON.stringify(text.slice(0, 12))}… ${text.length} characters`
    }
  }
  return null
}

test('no expression and no pattern takes more than 50 ms for 100,000 characters (I7)', () => {
  const all = [...written(), ...inTheContract()]
  assert.ok(all.length > 60, `${all.length}`)
  assertNone(Object.keys(SHORT).filter((where) => !all.some((one) => one.where === where)))
  const slow = all.flatMap(({ where, regex }) => {
    const text = slowText(regex, SHORT[where]?.[0] ?? Infinity)
    return text === null ? [] : [`${where} by ${text}`]
  })
  assertNone(slow)
})

test('this way of looking finds expressions that are known to be slow', () => {
  const known = [/^(a+)+$/, /^(\w+\s?)*$/, /^(a|a)*$/, /\s+$/]
  for (const regex of known) assert.ok(slowText(regex, Infinity), String(regex))
})
