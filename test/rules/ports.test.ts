/** The ports are the contract between the rules and the world: what stands there is explained there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone, codeOnly, sources, type Source } from './source.ts'

const ports = sources('src/domain/ports/*.ts')

/** Lines that match and have no docstring right above; the place, and the name that the pattern captures. */
function undocumented({ path, text }: Source, pattern: RegExp): readonly string[] {
  const lines = text.split('\n')
  return codeOnly(text)
    .split('\n')
    .flatMap((line, index) => {
      const name = pattern.exec(line)?.[1]
      const documented = index > 0 && lines[index - 1]?.trimEnd().endsWith('*/')
      return name === undefined || documented ? [] : [`${path}:${index + 1} ${name}`]
    })
}

const EXPORTED = /^export (?:declare )?(?:interface|type|const|function|async function|class) (\w+)/
const METHOD = /^ {2}(?:readonly )?(\w+)(?:\(|<|: \()/

test('every symbol that a port exports has a docstring', () => {
  assert.ok(ports.length > 0)
  assertNone(ports.flatMap((source) => undocumented(source, EXPORTED)))
})

test('every method of a port has a docstring', () => {
  assertNone(ports.flatMap((source) => undocumented(source, METHOD)))
})

test('the store port has methods to look at', () => {
  const store = ports.find(({ path }) => path.endsWith('/store.ts'))
  const methods = store?.text.split('\n').filter((line) => METHOD.test(line)) ?? []
  assert.ok(methods.length >= 20, `only ${methods.length} methods recognised`)
})
