/** A clone works anywhere: nothing in it names one machine or one mirror. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone, places, read, trackedFiles } from './source.ts'

/** Put together here, so that this file does not find itself. */
const MACHINE_PATHS = new RegExp(
  ['/work', '/home/\\w', '/Users/\\w', '/root'].map((path) => `(?<![\\w.])${path}/`).join('|'),
  'g',
)
const REGISTRIES = new RegExp(
  ['npmjs', 'yarnpkg', 'npmmirror', 'pypi', 'jsr'].map((name) => `\\b${name}\\.(?:org|com|io)\\b`).join('|'),
  'g',
)

const BINARY = /\.(?:png|jpe?g|gif|ico|woff2?|gz|xz|db|sqlite)$/
const files = trackedFiles().filter((path) => !BINARY.test(path))

function found(pattern: RegExp): readonly string[] {
  return files.flatMap((path) => {
    const text = read(path)
    return places({ path, text, generated: false }, pattern, text)
  })
}

test('no tracked file names an absolute path of a machine', () => {
  assert.ok(files.length > 0)
  assertNone(found(MACHINE_PATHS))
})

test('no tracked file names the host of a package registry', () => {
  assertNone(found(REGISTRIES))
})

test('no data, log or secret is tracked', () => {
  assertNone(
    trackedFiles().filter(
      // Fixtures are databases of invented people.
      (path) =>
        !path.startsWith('test/fixtures/') &&
        /(?:^|\/)(?:data|node_modules)\/|\.(?:db|log|key|pem)$|(?:^|\/)\.env$/.test(path),
    ),
  )
})
