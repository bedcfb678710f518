/**
 * `users import` and `users export` by the real command on a stopped instance, from file to file, hashes kept:
 * `npm run bench -- import --users 1000000`, with `--engine sqlite` or `mongodb` for one of them. Beside SQLite stands
 * what SQLite itself takes of the same rows in one thread, without reading a file, rules or a queue.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { seedUser } from '../src/domain/seed.ts'
import { firstState } from '../src/domain/user-changes.ts'
import { recordOf } from '../src/domain/user-record.ts'
import { migrations } from '../src/store/sqlite/schema.ts'
import { urlOf } from '../test/support/mongodb-harness.ts'
import { givenServers, startReplicaSet } from '../test/support/mongodb-servers.ts'
import { mongodbSource } from '../test/support/settings-of-the-run.ts'

const ROOT = join(import.meta.dirname, '..')
const USERS_MAX = 5_000_000
const STEP = 1000
const LOOK_EVERY_MS = 50
const HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hhc2hoYXNoYXNoaGFzaGFzaGhhc2hhc2g'

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const moved = (number: number) => firstState(seedUser(number, HASH))

export async function benchImport(args: readonly string[]): Promise<void> {
  const options = { users: { type: 'string', default: '100000' }, engine: { type: 'string' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const users = Number(values.users)
  if (!Number.isInteger(users) || users < 1 || users > USERS_MAX)
    throw new Error(`--users is a whole number from 1 to ${USERS_MAX}`)
  const folder = mkdtempSync(join(tmpdir(), 'um-bench-'))
  try {
    const file = join(folder, 'users.ndjson')
    await pipeline(recordLines(users), createWriteStream(file))
    const size = Math.round(statSync(file).size / 1e6)
    print(
      `${users} users, a file of ${size} MB, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}`,
    )
    if (values.engine !== 'mongodb') {
      print(`sqlite: ${rate(users, rawSeconds(users, folder))} inserted by SQLite itself, in one thread`)
      await benchEngine('sqlite', { file, users, settings: { UM_DATA_DIR: join(folder, 'sqlite') } })
    }
    if (values.engine === 'sqlite') return
    if (mongodbSource() === null) return print('mongodb: none found, so not measured')
    const servers = givenServers() ?? (await startReplicaSet({ members: 1 }))
    const settings = {
      UM_DATA_DIR: join(folder, 'mongodb'),
      UM_DATABASE_URL: urlOf(servers.url, `um_import_${process.pid}`),
    }
    try {
      await benchEngine('mongodb', { file, users, settings })
    } finally {
      await servers.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Move {
  readonly file: string
  readonly users: number
  readonly settings: Readonly<Record<string, string>>
}

async function benchEngine(name: string, { file, users, settings }: Move): Promise<void> {
  const out = `${file}.${name}`
  const taken = await runCommand(['users', 'import', file], settings)
  print(`${name}: ${rate(users, taken.seconds)} imported, ${taken.peakMb} MB of memory at the most`)
  const given = await runCommand(['users', 'export', '--out', out], settings)
  print(`${name}: ${rate(users, given.seconds)} exported, ${given.peakMb} MB of memory at the most`)
  const same = readFileSync(out).equals(readFileSync(file))
  print(`${name}: what came out is ${same ? '' : 'NOT '}what went in`)
}

function rate(users: number, seconds: number): string {
  return `${Math.round(users / seconds)} users/s in ${seconds.toFixed(1)} s`
}

function* recordLines(users: number): Generator<string> {
  for (let number = 1; number <= users; number += 1) yield `${JSON.stringify(recordOf(moved(number)))}\n`
}

/** Runs a command to its end. The peak is there on Linux only. */
export async function runCommand(
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly seconds: number; readonly peakMb: number }> {
  const began = performance.now()
  const env = { ...process.env, ...settings }
  const child = spawn(process.execPath, ['src/main.ts', ...words], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  let peakMb = 0
  const look = setInterval(() => (peakMb = Math.max(peakMb, peakOf(child.pid ?? 0))), LOOK_EVERY_MS)
  const [code]: unknown[] = await once(child, 'close')
  clearInterval(look)
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${String(code)}:\n${said}`)
  return { seconds: (performance.now() - began) / 1000, peakMb }
}

function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024)
  } catch {
    return 0
  }
}

function rawSeconds(users: number, folder: string): number {
  const db = new DatabaseSync(join(folder, 'raw.db'))
  db.exec(
    'PRAGMA journal_mode = wal; PRAGMA synchronous = 2; PRAGMA secure_delete = 1; PRAGMA wal_autocheckpoint = 10000',
  )
  for (const { sql } of migrations) db.exec(sql)
  const user = db.prepare(`INSERT INTO users VALUES (${Array.from({ length: 17 }, () => '?').join(', ')})`)
  const claim = db.prepare('INSERT INTO identifiers (key, user_id) VALUES (?, ?)')
  let seconds = 0
  for (let from = 0; from < users; from += STEP) {
    const some = Array.from({ length: Math.min(STEP, users - from) }, (_, place) => moved(from + place + 1))
    const began = performance.now()
    db.exec('BEGIN IMMEDIATE')
    for (const one of some) {
      const id = Buffer.from(one.id.replaceAll('-', ''), 'hex')
      const verified = Number(one.emailVerified)
      const texts = [
        one.status,
        one.locale,
        JSON.stringify(one.profile),
        one.createdAt,
        one.updatedAt,
        null,
        1,
        1,
        1,
      ]
      user.run(id, one.username, one.email, verified, null, HASH, '["user"]', 0, ...texts)
      claim.run(`e:${one.email}`, id)
      claim.run(`u:${one.username}`, id)
    }
    db.exec('COMMIT')
    seconds += (performance.now() - began) / 1000
  }
  db.close()
  return seconds
}
