/** The documentation, done as it says: see `test/support/doc-page.ts` for how a page marks what is run. */
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { suite, test } from 'node:test'
import { findPython, readDocPage, runDocPage } from '../support/doc-page.ts'
import { addSummary } from '../support/summary.ts'
import { read, ROOT } from '../rules/source.ts'

const python = findPython()
const pages = globSync('docs/**/*.md', { cwd: ROOT })
  .map((file) => file.replaceAll('\\', '/'))
  .toSorted()
  .map((file) => ({ file, page: readDocPage(read(file)) }))
const runnable = pages.filter(({ page }) => page.steps.some(({ kind }) => kind === 'shell'))
let run = 0

/** A page waits for one command after the other, so that two of them use two cores. */
suite('the documentation:', { concurrency: 2 }, () => {
  for (const { file, page } of runnable) {
    test(`${file} does what it says`, { timeout: 180_000 }, async () => {
      const blocks = await runDocPage(page, python)
      run += blocks
    })
  }
})

test('a good part of the commands of the documentation is run', () => {
  const all = pages.reduce((sum, { page }) => sum + page.shellBlocks, 0)
  addSummary(`documentation: ${run} of ${all} blocks of commands run, on ${runnable.length} pages`)
  if (!python)
    addSummary('documentation: PYTHON BLOCKS DID NOT RUN, no python3 with PyJWT and cryptography here')
  assert.ok(run >= all / 2, `${run} of ${all}`)
  assert.ok(python !== null || process.env['CI'] !== 'true', 'in CI the blocks for Python have to run')
})

test('a page whose command fails, or prints something else, is found', async () => {
  const page = (text: string) => runDocPage(readDocPage(text), null)
  assert.equal(
    await page('```sh test\nA=1\n```\n\n```sh test\necho "$A and 2"\n```\n\n```text output\n1 … 2\n```\n'),
    2,
  )
  await assert.rejects(page('```sh test\nfalse\ntrue\n```\n'), /line 1: exit code 1/)
  await assert.rejects(page('```sh test\necho 1\n```\n\n```text output\n2\n```\n'), /printed something else/)
  assert.throws(() => readDocPage('```text output\n2\n```\n'), /without a block/)
  assert.throws(() => readDocPage('<!-- test: dance -->\n'), /dance/)
})
