/** A backup that is not what it was, or never was one, is refused with a sentence that says why. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { before, test } from 'node:test'
import { loadConfig, type Config } from '../../src/config.ts'
import { lifetimes } from '../../src/domain/limits.ts'
import { checkBackup } from '../../src/restore.ts'
import { addMark, markBytes } from '../../src/store/sqlite/backup-mark.ts'
import { runToEnd, temporaryFolder, type Ended } from '../support/process.ts'

const folder = temporaryFolder()
const dataDir = join(folder, 'data')
const good = join(folder, 'good.backup')
let config: Config
let bytes: Buffer

function command(words: string): Promise<Ended> {
  return runToEnd({ dataDir, words: words.split(' '), input: 'correct horse battery staple' })
}

before(async () => {
  mkdirSync(dataDir, { mode: 0o700 })
  for (const words of ['users create ann ann@example.com --role admin', `backup create ${good}`]) {
    const { code, stderr } = await command(words)
    assert.equal(code, 0, stderr)
  }
  config = loadConfig({ UM_DATA_DIR: dataDir })
  bytes = readFileSync(good)
})

let files = 0
/** A file of its own with this content. */
function fileOf(content: string | Uint8Array): string {
  files += 1
  const path = join(folder, `broken-${files}`)
  writeFileSync(path, content)
  return path
}

/** The database of the backup, changed by these statements, and closed with a mark that fits. */
function changed(sql: string, at = Date.now()): string {
  const path = fileOf(bytes.subarray(0, bytes.length - markBytes))
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA foreign_keys = off; ${sql}`)
  db.close()
  addMark(path, at)
  return path
}

function problemsOf(path: string, under: Config = config, now = Date.now()): string {
  const report = checkBackup(path, under, now)
  return report.kind === 'sound' ? 'sound' : report.problems.join('\n')
}

test('a backup as it was made is sound, and is not changed by being looked at', () => {
  assert.equal(problemsOf(good), 'sound')
  assert.ok(readFileSync(good).equals(bytes))
})

test('one changed bit anywhere is found', () => {
  const places = [0, 16, 30, 70, 4096, bytes.length >> 1, bytes.length - markBytes - 1]
  const inMark = [bytes.length - markBytes + 40, bytes.length - 70, bytes.length - 2]
  for (const place of [...places, ...inMark]) {
    const content = Buffer.from(bytes)
    content[place] = (content[place] ?? 0) ^ 1
    assert.match(
      problemsOf(fileOf(content)),
      /damaged|does not end as a backup does|no database|another program/,
      `byte ${place}`,
    )
  }
})

test('a backup that is cut off is refused, wherever it ends', () => {
  for (const length of [1, 50, 100, 4096, bytes.length - markBytes, bytes.length - 1]) {
    const path = fileOf(bytes)
    truncateSync(path, length)
    assert.match(problemsOf(path), /does not end as a backup does|no database|another program/, `${length}`)
  }
})

test('what is no backup of ours is refused: nothing, an empty file, a text, a folder, another database', () => {
  const foreign = join(folder, 'foreign.db')
  const db = new DatabaseSync(foreign)
  db.exec('CREATE TABLE users (id)')
  db.close()
  assert.match(problemsOf(join(folder, 'nowhere')), /There is no file/)
  assert.match(problemsOf(fileOf('')), /is empty/)
  assert.match(problemsOf(fileOf('a text\n'.repeat(99))), /no database/)
  assert.match(problemsOf(folder), /is no file/)
  assert.match(problemsOf(foreign), /another program/)
  const live = fileOf('')
  copyFileSync(join(dataDir, 'users.db'), live)
  assert.match(problemsOf(live), /not made by "backup create"/)
})

test('a backup of a newer version, or of data that do not fit together, is refused', () => {
  assert.match(problemsOf(changed('PRAGMA user_version = 9')), /newer version .*schema 9/)
  assert.match(problemsOf(changed("DELETE FROM identifiers WHERE key LIKE 'e:%'")), /user without claim/)
  assert.match(problemsOf(changed('UPDATE users SET admin = 0')), /admin count wrong/)
  const orphan = `INSERT INTO sessions SELECT zeroblob(16), zeroblob(16), 1, 1, 1, 1, 0, 1, NULL, NULL, 1, 1, 1`
  assert.match(problemsOf(changed(orphan)), /belongs to nobody/)
  assert.equal(problemsOf(changed('PRAGMA user_version = 1')), 'sound', 'the changes are what is refused')
})

test('a backup that is older than the deletion ledger goes back is refused, a day younger is not', () => {
  const now = Date.now()
  const day = 86_400_000
  assert.match(
    problemsOf(changed('', now - lifetimes.deletionLedgerMs - day), config, now),
    /goes back 400 days/,
  )
  assert.equal(problemsOf(changed('', now - lifetimes.deletionLedgerMs + day), config, now), 'sound')
})

test('a backup of another master key is refused; without a key file that is only said', () => {
  const other = join(folder, 'other.key')
  writeFileSync(other, 'ab'.repeat(32), { mode: 0o600 })
  const under = (file: string) => loadConfig({ UM_DATA_DIR: dataDir, UM_MASTER_KEY_FILE: file })
  assert.match(problemsOf(good, under(other)), /is not the one that it was made with/)
  const report = checkBackup(good, under(join(folder, 'none.key')), Date.now())
  assert.deepEqual([report.kind, report.kind === 'sound' && report.keyFile], ['sound', 'absent'])
})

test('on the command line a broken backup fails, and a restore of it leaves everything as it is', async () => {
  const content = Buffer.from(bytes)
  content[5000] = (content[5000] ?? 0) ^ 0x40
  const path = fileOf(content)
  const before = readFileSync(join(dataDir, 'users.db'))
  const verified = await command(`backup verify ${path}`)
  assert.deepEqual([verified.code, verified.stdout], [1, ''])
  assert.match(verified.stderr, /cannot be restored\.\n.*It is damaged/)
  const restored = await command(`restore ${path} --yes`)
  assert.deepEqual([restored.code, restored.stdout], [4, ''])
  assert.match(restored.stderr, /is not restored\. It is damaged/)
  assert.ok(readFileSync(join(dataDir, 'users.db')).equals(before))
})
