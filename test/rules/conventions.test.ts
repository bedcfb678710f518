/** Names and forms that the house rules forbid. */
import { test } from 'node:test'
import { assertNone, codeOnly, places, sources, type Source } from './source.ts'

const all = sources('src/**/*.ts')
const written = sources('src/**/*.ts', 'scripts/**/*.ts', 'test/**/*.ts')
const stemOf = ({ path }: Source): string => path.slice(path.lastIndexOf('/') + 1).replace(/\..*$/, '')

/** Classes that are allowed, with the reason. */
const CLASSES = new Map([['src/domain/errors.ts DomainError', 'the one error class']])

test('no file is a drawer: nothing is named utils, helpers, common and the like', () => {
  const drawer = /^(?:index|utils?|helpers?|common|shared|misc|lib)$|-(?:utils?|helpers?|support|misc)$/
  assertNone(written.filter((source) => drawer.test(stemOf(source))).map(({ path }) => path))
})

test('every file name is in kebab-case', () => {
  const kebab = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
  assertNone(written.filter((source) => !kebab.test(stemOf(source))).map(({ path }) => path))
})

test('nothing is exported by default and nothing is passed on as a barrel', () => {
  const pattern = /\bexport\s+default\b|\bexport\s+(?:type\s+)?(?:\*|\{[^}]*\}\s*from\b)/g
  assertNone(written.flatMap((source) => places(source, pattern)))
})

test('there is no class but the error class', () => {
  const found = all.flatMap((source) =>
    [...codeOnly(source.text).matchAll(/^\s*(?:export\s+)?(?:abstract\s+)?class\s+(\w+)/gm)].map(
      (match) => `${source.path} ${match[1]}`,
    ),
  )
  assertNone(found.filter((name) => !CLASSES.has(name)))
  assertNone([...CLASSES.keys()].filter((name) => !found.includes(name)))
})

test('nothing outside the adapters implements the store port', () => {
  const pattern =
    /\bimplements\s+Store\b|\bsatisfies\s+Store\b|\bas\s+(?:unknown\s+as\s+)?Store\b|:\s*Store\s*=\s*\{(?!\s*\.\.\.)|\)\s*:\s*Store\s*\{|\)\s*:\s*Store\s*=>\s*\(\{/g
  const found = written
    .filter(({ path }) => !/^src\/store\/[^/]+\//.test(path))
    .flatMap((source) => places(source, pattern))
  assertNone(found)
})

test('a comment silences the linter for one line and with a reason, and never the type checker', () => {
  const silencers =
    /@ts-(?:ignore|nocheck|expect-error)|(?:oxlint|eslint)-(?:dis|en)able\S*(?: [\w/-]+ -- \S)?/g
  const found = written
    .filter(({ path }) => !path.startsWith('test/rules/'))
    .flatMap((source) => places(source, silencers, source.text))
  assertNone(found.filter((place) => !/ oxlint-disable-next-line [\w/-]+ -- \S$/.test(place)))
})
