/**
 * JSON texts made from the grammar of RFC 8259: to take, what its productions give; to refuse, what breaks one
 * of them in one place, and what the RFC leaves open and we decide (docs/reference/http.md).
 */

type Text = string | Uint8Array

export interface JsonCorpus {
  readonly taken: readonly string[]
  readonly refused: readonly Text[]
}

export function jsonCorpus(): JsonCorpus {
  const taken = [
    ...literals,
    ...numbers,
    ...strings.map(quoted),
    ...structures(),
    ...spaced(),
    ...atTheLimits(),
  ]
  const refused: readonly Text[] = [
    ...brokenLiterals(),
    ...brokenNumbers(),
    ...brokenStrings(),
    ...brokenStructures(),
    ...wrongSpace(),
    ...brokenBytes(),
    ...beyondTheLimits(),
    ...decided(),
  ]
  return { taken: unique(taken), refused: [...new Set(refused)] }
}

const literals = ['true', 'false', 'null']

/** Section 6: number = [ minus ] int [ frac ] [ exp ]. */
const numbers = product(
  ['', '-'],
  ['0', '7', '10', '9007199254740991'],
  ['', '.0', '.50'],
  ['', 'e0', 'E-2', 'e+00'],
)
  .map((parts) => parts.join(''))
  .filter((text) => Math.abs(Number(text)) <= Number.MAX_SAFE_INTEGER)

/** Section 7: the ends of the ranges of `unescaped`, and every escape. */
const strings = [
  '',
  ' ',
  '!',
  '#',
  '[',
  ']',
  '~',
  '\u007f',
  '\u0080',
  '\u2028',
  '\ufeff',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
  ...['"', '\\', '/', 'b', 'f', 'n', 'r', 't'].map((letter) => `\\${letter}`),
  ...['0001', '0020', '005C', '005c', '00E9', '2028', 'FfFf', 'D834\\udd1e', 'dbff\\uDFFF'].map(
    (hex) => `\\u${hex}`,
  ),
]

/** Section 2: ws may stand before and after each of the six structural characters. */
const SAMPLE = ['{', '"a"', ':', '[', '1', ',', 'true', ']', ',', '"b"', ':', 'null', '}']

function quoted(text: string): string {
  return `"${text}"`
}

function structures(): readonly string[] {
  const values = [...literals, '0', '"x"', '[]', '{}']
  const objects = values.flatMap((value) => [
    `{"k":${value}}`,
    `{"k":${value},"":${value}}`,
    `{"k":{"k":${value}}}`,
  ])
  const lists = values.flatMap((value) => [
    `[${value}]`,
    `[${value},${value}]`,
    `[[${value}],{"k":[${value}]}]`,
  ])
  return ['{}', '[]', ...objects, ...lists]
}

function spaced(): readonly string[] {
  return [' ', '\t', '\n', '\r', ' \r\n\t'].flatMap((space) => [
    SAMPLE.join(space),
    `${space}${SAMPLE.join('')}${space}`,
  ])
}

function atTheLimits(): readonly string[] {
  return [nested('[', ']', 8), `${'{"k":'.repeat(8)}1${'}'.repeat(8)}`, listOf(64), objectOf(64)]
}

function brokenLiterals(): readonly string[] {
  const prefixes = literals.flatMap((word) => [...word].map((_, index) => word.slice(0, index)))
  const others = literals.flatMap((word) => [
    word.toUpperCase(),
    `${word.charAt(0).toUpperCase()}${word.slice(1)}`,
    `${word}x`,
    `${word} ${word}`,
  ])
  return [...prefixes, ...others, 'undefined', 'NaN', 'Infinity', '-Infinity', 'None', 'nil', 'a', '$', '`x`']
}

/** Each part of a number in a form that the grammar does not have. */
function brokenNumbers(): readonly string[] {
  const signs = ['+', '--', '-+', '- '].map((sign) => `${sign}1`)
  const whole = [
    '00',
    '01',
    '-01',
    '-',
    '0x1',
    '0b1',
    '0o1',
    '1_000',
    '1n',
    '1,000',
    '\uff11',
    '\u0661',
    "1'0",
  ]
  const fractions = ['.5', '-.5', '1.', '-1.', '1.e1', '1..0', '1.0.0', '1. 0', '1.x']
  const exponents = ['1e', '1E+', '1e-', '1e+-1', '1e1.0', '1ee1', 'e1', '1e 1', '1e0x1', '.e1']
  return [...signs, ...whole, ...fractions, ...exponents].flatMap((text) => [text, `[${text}]`])
}

function brokenStrings(): readonly string[] {
  const controls = range(0, 0x1f).map((code) => `a${String.fromCharCode(code)}`)
  const letters = range(0x21, 0x7e).map((code) => String.fromCharCode(code))
  const escapes = letters.filter((letter) => !/["\\/bfnrtu]/.test(letter)).map((letter) => `\\${letter}`)
  const hex = [
    '',
    '0',
    '00',
    '004',
    '004g',
    'g041',
    '+041',
    '-041',
    ' 041',
    '{41}',
    '\uff10041',
    '0x41',
    'd83d\\u',
  ]
  const inner = [...controls, ...escapes, ...hex.map((digits) => `\\u${digits}`), '"', '\\']
  return [...inner.map(quoted), '"', '"x', 'x"', "'x'", '\u201cx\u201d', '"x"y', '"x""y"', '"\\"']
}

/** A text without one of its tokens, with one of them twice, or cut off; and the habits of other notations. */
function brokenStructures(): readonly string[] {
  const without = SAMPLE.map((_, index) => SAMPLE.toSpliced(index, 1).join(' '))
  const twice = SAMPLE.map((token, index) => SAMPLE.toSpliced(index, 0, token).join(' '))
  const cut = SAMPLE.map((_, index) => SAMPLE.slice(0, index).join(''))
  const habits = [
    '[1,]',
    '[,1]',
    '[,]',
    '{"a":1,}',
    '{,}',
    '{a:1}',
    "{'a':1}",
    '{1:1}',
    '{null:1}',
    '{"a"=1}',
    '{"a":1;"b":2}',
  ]
  const mixed = [
    '[1}',
    '{"a":1]',
    '["a":1]',
    '{"a"}',
    '{"a","b"}',
    '{[]:1}',
    '[1 2]',
    '(1)',
    '<a/>',
    'a=b',
    '[...]',
  ]
  const comments = ['// c\n1', '1 // c', '/* c */1', '[1/* c */]', '# c\n1', '<!-- c -->1', '--1']
  const trailing = ['x', '1', '}', ']', ',', ':', '{}', '\0', ';', '"', '\\'].map((rest) => `{} ${rest}`)
  return [
    ...without,
    ...twice,
    ...cut,
    ...habits,
    ...mixed,
    ...comments,
    ...trailing,
    ")]}',\n{}",
    'while(1);{}',
  ]
}

/** White space of other notations is none here (section 2). */
function wrongSpace(): readonly string[] {
  const spaces = '\v\f\b\0\u001c\u0085\u00a0\u1680\u180e\u2003\u200b\u2028\u2029\u202f\u2060\u3000\ufeff'
  return Array.from(spaces).flatMap((space) => [`${space}{}`, `{}${space}`, `{${space}}`, `[1,${space}2]`])
}

/** Section 8.1: UTF-8 and nothing else. */
function brokenBytes(): readonly Uint8Array[] {
  const sequences = [
    '80',
    'bf',
    'c0',
    'c080',
    'c1bf',
    'c3',
    'c328',
    'e28080ff',
    'e282',
    'e080af',
    'eda080',
    'edbfbf',
    'f0808080',
    'f08080af',
    'f4908080',
    'f5808080',
    'f888808080',
    'fc8480808080',
    'fe',
    'ff',
    'fffe',
    'feff',
  ]
  const inText = sequences.map((hex) =>
    Buffer.concat([Buffer.from('["'), Buffer.from(hex, 'hex'), Buffer.from('"]')]),
  )
  const utf16 = Buffer.from('["x"]', 'utf16le')
  const marked = Buffer.concat([Buffer.from('fffe', 'hex'), utf16])
  return [...inText, utf16, marked, Buffer.from(utf16).swap16(), Buffer.from('[\u00e9]', 'latin1')]
}

function beyondTheLimits(): readonly string[] {
  const deep = [9, 100, 6000].flatMap((depth) => [
    nested('[', ']', depth),
    '['.repeat(depth),
    `${'{"":'.repeat(depth / 2 + 8)}1${'}'.repeat(depth / 2 + 8)}`,
  ])
  return [...deep, listOf(65), objectOf(65), `{"k":${listOf(65)}}`]
}

/** What section 4, 6, 7, 8.1 and 9 leave to the reader. */
function decided(): readonly string[] {
  const twice = [
    '"a":1,"a":1',
    '"a":1,"\\u0061":2',
    '"":1,"":2',
    '"a":{},"b":1,"a":[]',
    '"\\n":1,"\\u000a":1',
    '"\\"":1,"\\u0022":1',
  ]
  const inherited = ['__proto__', 'constructor', 'prototype', '\\u005f_proto__', 'c\\u006fnstructor']
  const texts = [
    '\\u0000',
    'a\\u0000b',
    '\\ud800',
    '\\udfff',
    'a\\uD83D',
    '\\ude00\\ud83d',
    '\\ud83d\\ud83d\\ude00',
    '\\ud83d \\ude00',
    '\\ud83d\\n',
  ]
  const large = [
    '9007199254740992',
    '-9007199254740992',
    '9007199254740993',
    '1e16',
    '-1E+16',
    '1e308',
    '1e309',
    '-1e309',
    '1E400',
    `1${'0'.repeat(400)}`,
    `${'9'.repeat(30)}.5`,
  ]
  return [
    ...twice.flatMap((members) => [`{${members}}`, `[{"k":{${members}}}]`]),
    ...inherited.flatMap((key) => [`{"${key}":1}`, `[[{"${key}":{}}]]`]),
    ...texts.flatMap((text) => [quoted(text), `["x",{"k":"${text}"}]`, `{"${text}":1}`]),
    ...large.flatMap((number) => [number, `{"k":[${number}]}`]),
    '\ufeff{}',
    '\ufeff"x"',
    '\ufeff\ufeff1',
    '\ufeff',
    '',
    ' ',
    '\n',
  ]
}

function nested(open: string, close: string, depth: number): string {
  return open.repeat(depth) + close.repeat(depth)
}

function listOf(count: number): string {
  return `[${range(1, count).join(',')}]`
}

function objectOf(count: number): string {
  return `{${range(1, count)
    .map((each) => `"k${each}":${each}`)
    .join(',')}}`
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

function product(...lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return lists.reduce<readonly (readonly string[])[]>(
    (rows, list) => rows.flatMap((row) => list.map((each) => [...row, each])),
    [[]],
  )
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}
