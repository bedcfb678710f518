/** `users import` and `users export` by the real command: files in and out, cut off and taken up. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { importFormats } from '../../src/cli/import-formats.ts'
import { readers } from '../../src/import/readers.ts'
import { runToEnd, temporaryFolder, until, type Ended } from '../support/process.ts'
import { release } from '../support/store-fixtures.ts'
import { recordLines } from './records.ts'

const folder = temporaryFolder()
const ROOT = join(import.meta.dirname, '../..')
let places = 0

interface Place {
  readonly dataDir: string
  run(...words: readonly string[]): Promise<Ended>
  feed(input: string, ...words: readonly string[]): Promise<Ended>
  /** Every user, as an export has them. */
  exported(): Promise<string>
  file(name: string, content?: string | Buffer): string
}

function place(): Place {
  places += 1
  const dataDir = join(folder, `data-${places}`)
  const here = String(places)
  const feed = (input: string, ...words: readonly string[]) =>
    runToEnd({ dataDir, words: [...words, '--output', 'ndjson'], input, how: 'directly' })
  const run = (...words: readonly string[]) => feed('', ...words)
  return {
    dataDir,
    run,
    feed,
    exported: async () => (await run('users', 'export')).stdout,
    file(name, content) {
      const path = join(folder, `${here}-${name}`)
      if (content !== undefined) writeFileSync(path, content)
      return path
    },
  }
}

const linesOf = (text: string): readonly Record<string, unknown>[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
const modeOf = (path: string): number => statSync(path).mode & 0o777

test('the formats that the command names are those that there are readers for', () => {
  assert.deepEqual(
    [...importFormats],
    readers.map(({ name }) => name),
  )
})

test('rejected rows go to a private file with line and reason, and mended they are imported again', async () => {
  const { run, file, exported } = place()
  const [good = '', other = ''] = recordLines(2)
  const broken = JSON.stringify({ ...JSON.parse(other), email: 'nobody', password_hash: 'md5:x' })
  const users = file('users.ndjson', [good, '', broken, '{"email":', '[]', good].join('\n'))
  const [rejects, idMap] = [file('rejects.ndjson'), file('ids.ndjson')]
  writeFileSync(rejects, 'what was there before\n', { mode: 0o644 })
  const ended = await run('users', 'import', users, '--rejects', rejects, '--id-map', idMap)
  assert.equal(ended.code, 3, ended.stderr)
  const [summary] = linesOf(ended.stdout)
  assert.deepEqual(summary, {
    imported: 1,
    repeated: 1,
    rejected: 3,
    without_password: 0,
    rejected_by: { email_format: 1, unreadable: 2 },
    left_behind: {},
  })
  assert.match(ended.stderr, /3 rows were rejected/)
  assert.ok(!ended.stderr.includes('nobody'))
  assert.deepEqual([modeOf(rejects), modeOf(idMap)], [0o600, 0o600])
  const rows = linesOf(readFileSync(rejects, 'utf8'))
  assert.deepEqual(
    rows.map(({ line, code }) => [line, code]),
    [
      [3, 'email_format'],
      [4, 'unreadable'],
      [5, 'unreadable'],
    ],
  )
  assert.match(String(rows[0]?.['reason']), /address.*password hash/)
  assert.deepEqual(rows[0]?.['record'], JSON.parse(broken))
  const { id } = JSON.parse(good)
  assert.deepEqual(linesOf(readFileSync(idMap, 'utf8')), [
    { source: id, id },
    { source: id, id },
  ])

  const mended = readFileSync(rejects, 'utf8')
    .replace('nobody', 'somebody@example.com')
    .replace('"md5:x"', 'null')
  const again = await run('users', 'import', file('mended.ndjson', mended))
  assert.equal(linesOf(again.stdout)[0]?.['imported'], 1, again.stderr)
  assert.equal(linesOf(await exported()).length, 2)
})

test('BOM, CRLF, empty lines and a last line without its end are no obstacle, in NDJSON and in CSV', async () => {
  for (const format of ['ndjson', 'csv']) {
    const { run, file, exported, feed } = place()
    const emails = ['one@example.com', 'two@example.com', 'three@example.com']
    const rows =
      format === 'csv'
        ? ['email,shoe_size', ...emails.map((email) => `${email},43`)]
        : emails.map((email) => JSON.stringify({ email, shoe_size: 43 }))
    const text = `\ufeff${rows.join('\r\n\r\n')}`
    const ended = await run('users', 'import', file(`users.${format}`, text))
    assert.equal(ended.code, 0, ended.stderr)
    const [summary] = linesOf(ended.stdout)
    assert.deepEqual([summary?.['imported'], summary?.['left_behind']], [3, { shoe_size: 3 }])
    assert.deepEqual(new Set(linesOf(await exported()).map(({ email }) => email)), new Set(emails))
    const more = await feed(text.replaceAll('@', '2@'), 'users', 'import', '-', '--from', format)
    assert.equal(linesOf(more.stdout)[0]?.['imported'], 3, more.stderr)
  }
})

test('bytes that are no UTF-8 and lines that are too long are rejected, each for itself', async () => {
  const { run, file } = place()
  const [first = '', last = ''] = recordLines(2)
  const long = JSON.stringify({ email: 'long@example.com', profile: { bio: 'x'.repeat(2_000_000) } })
  const middle = JSON.stringify({ email: 'middle@example.com', profile: { bio: 'x'.repeat(50_000) } })
  const content = Buffer.concat([
    Buffer.from(`${first}\n`),
    Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
    Buffer.from(`${long}\n${middle}\n${last}`),
  ])
  const rejects = file('rejects')
  const ended = await run('users', 'import', file('users.ndjson', content), '--rejects', rejects)
  assert.equal(ended.code, 3)
  assert.equal(linesOf(ended.stdout)[0]?.['imported'], 2)
  assert.deepEqual(
    linesOf(readFileSync(rejects, 'utf8')).map(({ line }) => line),
    [2, 3, 4],
  )
})

test('a trial says what the import would, users of the file that meet each other included, and writes nothing', async () => {
  const { run, file, exported } = place()
  const [known = '', fresh = '', twin = ''] = recordLines(1203).slice(-3)
  await run('users', 'import', file('known.ndjson', known))
  const before = await exported()
  // Far enough from each other that they are in different steps.
  const between = recordLines(1200)
  const meets = JSON.stringify({ ...JSON.parse(twin), username: JSON.parse(fresh).username.toUpperCase() })
  const users = file('users.ndjson', [known, fresh, ...between, meets, '{"email": "x"}'].join('\n'))
  const trial = await run('users', 'import', users, '--dry-run', '--rejects', file('trial'))
  assert.match(trial.stderr, /nothing was written/)
  assert.equal(await exported(), before)
  const real = await run('users', 'import', users, '--rejects', file('real'))
  assert.deepEqual([trial.code, trial.stdout], [3, real.stdout])
  assert.equal(readFileSync(file('trial'), 'utf8'), readFileSync(file('real'), 'utf8'))
  assert.deepEqual(linesOf(real.stdout)[0]?.['rejected_by'], { username_taken: 1, email_format: 1 })
})

test('an import that was killed goes on: nobody is missing, nobody is there twice', async () => {
  const { run, file, dataDir, exported } = place()
  const count = release ? 200_000 : 8000
  const lines = recordLines(count)
  const users = file('users.ndjson', `${lines.join('\n')}\nno JSON\n`)
  const [rejects, idMap] = [file('rejects'), file('ids')]
  const words = ['users', 'import', users, '--rejects', rejects, '--id-map', idMap, '--output', 'ndjson']
  const child = spawn(process.execPath, ['bin/user-management.cjs', ...words], {
    cwd: ROOT,
    stdio: 'ignore',
    env: { ...process.env, UM_DATA_DIR: dataDir },
  })
  const ended = once(child, 'exit')
  const stateIsThere = () =>
    existsSync(dataDir) && readdirSync(dataDir).some((name) => /^import-[0-9a-f]{16}\.json$/.test(name))
  await until(() => stateIsThere() || null, 'the first users')
  child.kill('SIGKILL')
  assert.equal((await ended)[1], 'SIGKILL')

  const refused = await run(...words.slice(0, -2))
  assert.deepEqual([refused.code, refused.stdout], [2, ''])
  assert.match(refused.stderr, /cut off.*--resume/)

  const resumed = await run(...words.slice(0, -2), '--resume')
  assert.equal(resumed.code, 3, resumed.stderr)
  const summary = linesOf(resumed.stdout)[0]
  assert.equal(Number(summary?.['imported']) + Number(summary?.['repeated']), count)
  assert.equal(summary?.['rejected'], 1)
  assert.ok((await exported()) === `${lines.join('\n')}\n`, 'the export is not the file')
  const ids = lines.map((line) => JSON.parse(line).id)
  assert.deepEqual(
    linesOf(readFileSync(idMap, 'utf8')).map(({ source }) => source),
    ids,
  )
  assert.equal(linesOf(readFileSync(rejects, 'utf8')).length, 1)
  assert.ok(!stateIsThere())
})

test('CSV gives back exactly what went in, texts that a spreadsheet would take for formulas included', async () => {
  const { run, file, exported } = place()
  const odd = { bio: '=HYPERLINK("http://example.com")\r\n+1, @2; "x"', display_name: '-1 \ufffd' }
  const lines = recordLines(20).map((line, n) =>
    n === 7 ? JSON.stringify({ ...JSON.parse(line), profile: odd }) : line,
  )
  await run('users', 'import', file('users.ndjson', lines.join('\n')))
  const ndjson = await exported()
  const csv = file('users.csv')
  const out = await run('users', 'export', '--csv', '--out', csv)
  assert.deepEqual([out.code, out.stdout, modeOf(csv)], [0, '', 0o600])
  assert.match(out.stderr, /20 users exported.*hashes/)
  assert.ok(!existsSync(`${csv}.part`))
  const other = place()
  const back = await other.run('users', 'import', csv)
  assert.equal(back.code, 0, back.stderr)
  assert.equal(await other.exported(), ndjson)
})

test('an export without hashes holds none, and says nothing of them', async () => {
  const { run, file } = place()
  await run('users', 'import', file('users.ndjson', recordLines(3).join('\n')))
  for (const words of [['--without-hashes'], ['--without-hashes', '--csv']]) {
    const { stdout, stderr } = await run('users', 'export', ...words)
    assert.ok(stdout.includes('@example.com') && !/\$argon2|password_hash/.test(stdout))
    assert.doesNotMatch(stderr, /hash/)
  }
})

test('what can not be meant is refused before anything is done', async () => {
  const { run, file, dataDir } = place()
  const users = file('users.ndjson', recordLines(1).join('\n'))
  const wrong: readonly (readonly [words: readonly string[], code: number, says: RegExp])[] = [
    [[file('not-there.ndjson')], 1, /There is no file/],
    [[file('users', 'x')], 2, /add --from/],
    [[users, '--rejects', users], 2, /read by this very command/],
    [[users, '--profile-field', 'name'], 2, /name=value/],
    [['-', '--from', 'keycloak'], 2, /from files/],
    [['-', '--from', 'ndjson', '--resume'], 2, /--resume is for files/],
    [[users, '--dry-run', '--resume'], 2, /cannot be used with/],
  ]
  for (const [words, code, says] of wrong) {
    const ended = await run('users', 'import', ...words)
    assert.deepEqual([ended.code, ended.stdout], [code, ''], ended.stderr)
    assert.match(ended.stderr, says)
  }
  assert.ok(!existsSync(join(dataDir, 'users.db')))
  assert.equal(readFileSync(users, 'utf8'), recordLines(1).join('\n'))
})
