/** A reader can get everywhere: what the pages link to is there, and every page is reached from the index. */
import assert from 'node:assert/strict'
import { existsSync, globSync } from 'node:fs'
import { posix } from 'node:path'
import { test } from 'node:test'
import { assertNone, read, ROOT } from '../rules/source.ts'

const pages = ['*.md', 'docs/**/*.md', 'client/*.md', 'deploy/*.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: ROOT }).map((file) => file.replaceAll('\\', '/')),
)

/** Files and folders of this repository that a page links to, from its root; without code, in which brackets mean something else. */
function linksOf(page: string): readonly string[] {
  const text = read(page)
    .replaceAll(/^```[^]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map(([, target = '']) =>
    posix.normalize(posix.join(posix.dirname(page), target)),
  )
}

test('what the pages link to is there', () => {
  assert.ok(pages.length > 20)
  assertNone(
    pages.flatMap((page) =>
      linksOf(page)
        .filter((target) => !existsSync(posix.join(ROOT, target)))
        .map((target) => `${page} links to ${target}`),
    ),
  )
})

test('every page of the documentation is reached from its index, and the index from the README', () => {
  assert.ok(linksOf('README.md').includes('docs/README.md'))
  const seen = new Set<string>()
  const waiting = ['docs/README.md']
  for (let page = waiting.pop(); page !== undefined; page = waiting.pop()) {
    if (seen.has(page) || !page.endsWith('.md') || !existsSync(posix.join(ROOT, page))) continue
    seen.add(page)
    waiting.push(...linksOf(page))
  }
  assertNone(pages.filter((page) => page.startsWith('docs/') && !seen.has(page)))
})

test('a page with commands says what the command is called in a checkout', () => {
  const typed = pages.filter((page) => /^```sh[^`]*^ *user-management /m.test(read(page)))
  assert.ok(typed.length > 3)
  assertNone(typed.filter((page) => !read(page).includes('bin/user-management.cjs')))
})

test('headings that the pages link to are there', () => {
  const anchors = (page: string) =>
    [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    )
  assertNone(
    pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)]
        .map(([, target = '', anchor = '']) => ({
          target: target ? posix.join(posix.dirname(page), target) : page,
          anchor,
        }))
        .filter(
          ({ target, anchor }) =>
            target.endsWith('.md') &&
            existsSync(posix.join(ROOT, target)) &&
            !anchors(target).includes(anchor),
        )
        .map(({ target, anchor }) => `${page} links to ${target}#${anchor}`),
    ),
  )
})
