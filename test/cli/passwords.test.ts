import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openPasswordList } from '../../src/crypto/password-list.ts'
import { compileCache } from '../support/process.ts'

const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'um-cli-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function run(words: readonly string[], input = '') {
  const args = [main, 'passwords', 'build-list', ...words]
  const env = { NODE_COMPILE_CACHE: compileCache() }
  return spawnSync(process.execPath, args, { encoding: 'utf8', env, cwd: folder, input })
}

test('a list is built from words, breach lines and standard input, and refuses exactly those', (t) => {
  const words = [
    '\uFEFFten lazy badgers',
    'crlf at the end\r',
    'short',
    'x'.repeat(5000),
    '',
    'cafe\u0301 au lait',
  ]
  writeFileSync(join(folder, 'words.txt'), `${words.join('\n')}\nno line end here`)
  const breach = [`${hash('sha1', 'Breached Once')}:1`, `${hash('sha1', 'only padding')}:0`]
  writeFileSync(join(folder, 'breach.txt'), `${breach.join('\r\n')}\r\n`)
  const words2 = ['words.txt', 'breach.txt', '-', '--out', 'list', '--output', 'json']
  const { status, stdout, stderr } = run(words2, 'from standard input\nten lazy badgers\n')
  assert.deepEqual([status, stderr], [0, ''])
  const list = openPasswordList(join(folder, 'list'))
  t.after(() => list.close())
  const said = JSON.parse(stdout)
  assert.deepEqual([said.entries, said.lines, said.skipped], [6, 11, 4])
  const there = ['ten lazy badgers', 'crlf at the end', 'caf\u00e9 au lait', 'no line end here']
  for (const text of [...there, 'Breached Once', 'from standard input']) assert.ok(list.has(text), text)
  const absent = ['short', '', 'only padding', 'breached once', '\uFEFFten lazy badgers', 'crlf at the end\r']
  for (const text of absent) assert.equal(list.has(text), false, text)
})

test('what is wrong ends with a sentence, and leaves no file', () => {
  writeFileSync(join(folder, 'mixed'), `${hash('sha1', 'x')}:1\npassword1\n`)
  const before = readdirSync(folder)
  const wrong = [
    [['words.txt'], 2, /--out <file>/],
    [['--out', 'none'], 2, /input/],
    [['mixed', '--out', 'none'], 1, /The file mixed, line 2 of all is no SHA1:count/],
    [['missing', '--out', 'none'], 1, /The file missing cannot be read \(ENOENT\)/],
    [['-', '--out', 'none'], 1, /No line can be a password/],
    [['-', '--out', 'no/such/folder'], 1, /cannot be written \(ENOENT\)/, 'a fine password\n'],
  ] as const
  for (const [words, code, sentence, input] of wrong) {
    const { status, stdout, stderr } = run(words, input)
    assert.deepEqual([status, stdout], [code, ''], stderr)
    assert.match(stderr, sentence)
  }
  assert.deepEqual(readdirSync(folder), before)
})
