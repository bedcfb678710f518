/** Generated files are committed, and nobody edits them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generators, staleFiles } from '../../scripts/generate.ts'
import { assertNone } from './source.ts'

test('every generated file is what its generator makes of the sources', async () => {
  assert.ok(generators.length > 0)
  assertNone(await staleFiles())
})

test('a generator makes the same text twice', async () => {
  for (const { path, make } of generators) assert.equal(await make(), await make(), path)
})
