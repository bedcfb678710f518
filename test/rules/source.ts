/** Reads the project's own sources for the rules: text, code without words, imports. No parser, no types. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** Never measured, since nobody writes or reads them. */
const GENERATED = ['src/crypto/common-passwords.ts']

export interface Source {
  /** From the root of the checkout, with slashes. */
  readonly path: string
  readonly text: string
  readonly generated: boolean
}

/** The files that these glob patterns find, in the order of their names. */
export function sources(...patterns: readonly string[]): readonly Source[] {
  return globSync(patterns, { cwd: ROOT })
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
    .map((path) => ({ path, text: read(path), generated: GENERATED.includes(path) }))
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** What git would put into a clone; the lines of its answer. */
export function trackedFiles(): readonly string[] {
  const list = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return list.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)))
}

type Part = 'code' | 'comment' | 'literal'

/** The text with comments blanked; every character keeps its place. */
export function withoutComments(text: string): string {
  return blank(text, ['comment'])
}

/** The text with comments and the contents of strings, templates and regular expressions blanked. */
export function codeOnly(text: string): string {
  return blank(text, ['comment', 'literal'])
}

/** Every regular expression that is written out, as `/source/flags`. */
export function regexesOf(text: string): readonly string[] {
  const literals = [...pieces(text)].filter(
    ({ part, piece }) => part === 'literal' && /^\/.+\/[a-z]*$/.test(piece),
  )
  return literals.map(({ piece }) => piece)
}

function blank(text: string, parts: readonly Part[]): string {
  let result = ''
  for (const { part, piece } of pieces(text)) {
    result += parts.includes(part) ? piece.replaceAll(/[^\n`'"]/g, ' ') : piece
  }
  return result
}

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y
const STRING = /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y
const REGEX = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y
/** A slash behind one of these begins a regular expression; behind anything else it divides. */
const BEFORE_REGEX = /(?:^|[=(,:;!&|?{}[+\n]|=>|\b(?:return|typeof|case|in|of))\s*$/

/** Cuts a text into code, comments and literals; inside a template, `${…}` is code again. */
function* pieces(text: string): Generator<{ part: Part; piece: string }> {
  /** Open braces inside each template that is open. */
  const depths: number[] = []
  let at = 0
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0] ?? null
  }
  const regexAllowed = (): boolean => BEFORE_REGEX.test(text.slice(Math.max(0, at - 20), at))
  const template = (): string | null => {
    const piece = match(TEMPLATE_TEXT)
    if (piece?.endsWith('`')) depths.pop()
    return piece
  }
  while (at < text.length) {
    const comment = match(COMMENT)
    const literal = comment ?? match(STRING) ?? (regexAllowed() ? match(REGEX) : null)
    if (literal !== null) {
      yield { part: comment === null ? 'literal' : 'comment', piece: literal }
      at += literal.length
      continue
    }
    const character = text.charAt(at)
    at += 1
    yield { part: 'code', piece: character }
    const last = depths.length - 1
    if (character === '`') depths.push(0)
    else if (character === '{' && last >= 0) depths[last] = (depths[last] ?? 0) + 1
    else if (character === '}' && last >= 0) depths[last] = (depths[last] ?? 0) - 1
    const opens = character === '`' || (character === '}' && depths[last] === -1)
    if (!opens) continue
    if (character === '}') depths[last] = 0
    const piece = template()
    if (piece === null) continue
    yield { part: 'literal', piece }
    at += piece.length
  }
}

export interface Import {
  readonly specifier: string
  /** `address`: a worker or a file, by `import.meta.resolve(…)` or `new URL(…, import.meta.url)`. */
  readonly kind: 'static' | 'type' | 'dynamic' | 'address'
  readonly line: number
}

const STATEMENT = /\b(?:import|export)\b(?<type>\s+type\b)?(?:[\w\s{},*]*?\bfrom)?\s*(['"])(?<to>[^'"\n]+)\2/g
const CALL = /\bimport\s*\(\s*(['"])(?<to>[^'"\n]+)\1/g
/** Up to the first `${`, if there is one. */
const ADDRESS =
  /\b(?:import\.meta\.resolve|new URL)\(\s*['"`](?<to>[^'"`\n$]+)(?=[^)]*(?:import\.meta\.url|\)))/g

/** Every `import`, `export … from` and `import('…')`, types included, and what is named by its address. */
export function importsOf(text: string): readonly Import[] {
  const code = withoutComments(text)
  const found = (pattern: RegExp, kind: Import['kind']): readonly Import[] =>
    [...code.matchAll(pattern)].map((match) => ({
      specifier: match.groups?.['to'] ?? '',
      kind: match.groups?.['type'] === undefined ? kind : 'type',
      line: lineAt(code, match.index),
    }))
  return [
    ...found(STATEMENT, 'static'),
    ...found(CALL, 'dynamic'),
    ...found(ADDRESS, 'address').filter(({ specifier }) => !/^\w+:|^\//.test(specifier)),
  ]
}

/** The number of the line, from 1, on which this character stands. */
function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

/** `path:line` of every place where the pattern matches. */
export function places(source: Source, pattern: RegExp, text = codeOnly(source.text)): readonly string[] {
  return [...text.matchAll(pattern)].map(
    (match) => `${source.path}:${lineAt(text, match.index)} ${match[0].trim()}`,
  )
}

/** Fails with one line for each that was found. */
export function assertNone(found: readonly string[]): void {
  if (found.length > 0) assert.fail(`${found.length} found:\n${found.join('\n')}`)
}
