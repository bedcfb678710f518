/** What only the SQLite adapter has: one owner, one file, one writer thread, erasure down to the bytes. */
import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test, type TestContext } from 'node:test'
import { DomainError } from '../src/domain/errors.ts'
import { counters, lists, store as limits } from '../src/domain/limits.ts'
import type { Store } from '../src/domain/ports/store.ts'
import { openStore } from '../src/store/open-store.ts'
import { openDatabase, refuseOldSqlite, type Database } from '../src/store/sqlite/connection.ts'
import { createPrivateFile } from '../src/store/sqlite/data-file.ts'
import { failureOf, portError } from '../src/store/sqlite/failures.ts'
import { prepareFile } from '../src/store/sqlite/migrations.ts'
import { registry } from '../src/store/sqlite/registry.ts'
import { migrations, type Migration } from '../src/store/sqlite/schema.ts'
import { startUpkeep } from '../src/store/sqlite/upkeep.ts'
import { startWriter, type Writer, type WriterLimits } from '../src/store/sqlite/writer.ts'
import {
  filesWith,
  sizeOf,
  startLedgerChild,
  temporaryFolder,
  until,
  valueIn,
} from './support/store-files.ts'
import {
  hashOfId,
  issued,
  newId,
  newKeptLog,
  newTestClock,
  newTrail,
  newUser,
  registered,
  release,
  signedIn,
  tally,
  upTo,
  type TestClock,
} from './support/store-fixtures.ts'
import { filesWithStatements, statements } from './support/store-statements.ts'

interface Opened {
  readonly store: Store
  readonly folder: string
  readonly file: string
  readonly clock: TestClock
}

/** A fresh store in a folder of its own; closed and erased with the test. */
async function opened(t: TestContext): Promise<Opened> {
  const stores: Store[] = []
  const folder = temporaryFolder(t, async () => {
    for (const store of stores) await store.close()
  })
  const clock = newTestClock()
  const store = await reopened(folder, clock)
  stores.push(store)
  return { store, folder, file: join(folder, 'users.db'), clock }
}

function reopened(folder: string, clock = newTestClock()): Promise<Store> {
  return openStore({ dataDir: folder, clock, log: newKeptLog() })
}

/** A prepared file that nobody has open. */
function preparedFile(t: TestContext, steps = migrations): string {
  const file = join(temporaryFolder(t), 'users.db')
  createPrivateFile(file)
  prepareFile(file, steps)
  return file
}

function incompatible(sentence: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DomainError)
    assert.equal(error.code, 'store_incompatible')
    assert.match(error.message, sentence)
    assert.doesNotMatch(error.message, /SQLITE_|errcode|\bat \//)
    return true
  }
}

suite('one owner', { concurrency: 4 }, () => {
  test('a second opener of the same folder is refused in a plain sentence, and the first goes on', async (t) => {
    const { store, folder } = await opened(t)
    await assert.rejects(reopened(folder), incompatible(/Another process.*UM_DATA_DIR/))
    await registered(store)
  })

  test('an opener that waits gets the file as soon as its owner has closed it', async (t) => {
    const { store, folder } = await opened(t)
    const user = await registered(store)
    const waiting = reopened(folder)
    await store.close()
    const next = await waiting
    assert.deepEqual(await next.findUser({ id: user.id }), user)
    await next.close()
  })

  test('no acknowledged step is lost and none is half done, however often the process is killed', async (t) => {
    const folder = temporaryFolder(t)
    const ledger: string[] = []
    for (const round of upTo(release ? 100 : 10)) {
      const child = startLedgerChild(folder)
      await child.written(20 + ((round * 37) % 400))
      child.process.kill('SIGKILL')
      await child.ended
      ledger.push(...child.lines)
      assert.equal(child.lines[0], 'open', 'the file could not be opened after a kill')
    }
    await assertLedger(folder, ledger)
  })

  test('while another program holds the write lock, writes end as overloaded and reads go on', async (t) => {
    const { store, file } = await opened(t)
    const user = await registered(store)
    const intruder = new DatabaseSync(file)
    intruder.exec('BEGIN IMMEDIATE')
    const refused = newUser()
    const outcome = store.createUser({ user: refused }, newTrail(refused.id))
    assert.deepEqual(await store.findUser({ id: user.id }), user)
    await assert.rejects(outcome, { code: 'overloaded' })
    intruder.close()
    assert.equal(await store.findUser({ id: refused.id }), null)
    assert.equal((await store.createUser({ user: refused }, newTrail(refused.id))).kind, 'created')
  })

  test('a disk that takes no more ends writes as unavailable, and keeps what was acknowledged', async (t) => {
    const folder = temporaryFolder(t)
    const child = startLedgerChild(folder, 3000)
    await child.ended
    const verdict = child.lines.filter((line) => /^(?:failed|writable|readable) /.test(line))
    assert.deepEqual(verdict, ['failed store_unavailable', 'writable false', 'readable true'])
    assert.ok(child.lines.length > 100, child.lines.join())
    await assertLedger(folder, child.lines)
  })
})

suite('counted attempts', () => {
  const lasting = { key: 'account:x', cost: 1, limit: 100, windowMs: 1_000_000, durable: true }
  const passing = { key: 'login:192.0.2.1', cost: 1, limit: 100, windowMs: 1_000_000 }
  const counted = async (store: Store, now: number): Promise<(number | undefined)[]> => {
    const looks = [lasting, passing].map((hit) => ({ ...hit, cost: 0 }))
    return (await store.hit({ hits: looks, now })).map(({ count }) => count)
  }

  test('a server that stops or crashes again and again forgets no failure at an account', async (t) => {
    const folder = temporaryFolder(t)
    for (const round of upTo(5)) {
      const clock = newTestClock()
      const store = await reopened(folder, clock)
      assert.deepEqual(await counted(store, clock.now()), [round, 0])
      await store.hit({ hits: [lasting, passing], now: clock.now() })
      // As a process finds the file that dies here: what was answered is in it.
      const copy = join(temporaryFolder(t), 'users.db')
      for (const end of ['', '-wal']) copyFileSync(`${join(folder, 'users.db')}${end}`, `${copy}${end}`)
      assert.equal(valueIn(copy, 'SELECT count FROM counters'), round + 1)
      await store.close()
    }
  })

  test('whoever fills the memory with buckets brings no account a fresh start', async (t) => {
    const { store, clock } = await opened(t)
    const now = clock.now()
    await store.hit({ hits: [lasting, passing], now })
    for (const thousand of upTo(counters.keptInMemory / 1000 + 1)) {
      const hits = upTo(1000).map((n) => ({ ...passing, key: `login:${thousand}-${n}` }))
      await store.hit({ hits, now })
    }
    assert.deepEqual(await counted(store, now), [1, 0], 'the network is forgotten, the account is not')
    const [next] = await store.hit({ hits: [lasting], now })
    assert.equal(next?.count, 2)
  })
})

/** Everything that was acknowledged is there or gone, and every user that is there is whole. */
async function assertLedger(folder: string, lines: readonly string[]): Promise<void> {
  const store = await reopened(folder)
  const named = (step: string): Set<string> =>
    new Set(lines.filter((line) => line.startsWith(`${step} `)).map((line) => line.slice(step.length + 1)))
  const deleted = named('deleted')
  const perhaps = named('deleting')
  for (const id of named('created')) {
    const user = await store.findUser({ id })
    if (deleted.has(id)) assert.equal(user, null, 'an acknowledged deletion is undone')
    else if (!perhaps.has(id)) assert.ok(user, 'an acknowledged registration is lost')
  }
  await store.close()
  const file = join(folder, 'users.db')
  assert.equal(valueIn(file, 'PRAGMA integrity_check'), 'ok')
  assert.equal(valueIn(file, 'SELECT count(*) FROM pragma_foreign_key_check'), 0)
  const users = Number(valueIn(file, 'SELECT count(*) FROM users'))
  assert.ok(users > 0)
  assert.equal(valueIn(file, 'SELECT count(*) FROM identifiers'), users * 2)
  assert.equal(valueIn(file, 'SELECT count(*) FROM outgoing_mails'), users)
  const eventless = 'SELECT count(*) FROM users WHERE id NOT IN (SELECT user_id FROM audit_events)'
  assert.equal(valueIn(file, eventless), 0)
}

suite('the file', () => {
  test('folder and files are for their owner only', async (t) => {
    const outer = temporaryFolder(t)
    const folder = join(outer, 'data')
    const store = await reopened(folder)
    await registered(store)
    assert.equal(statSync(folder).mode & 0o777, 0o700)
    const names = readdirSync(folder)
    assert.ok(names.includes('users.db') && names.includes('users.db-wal'))
    for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name)
    await store.close()
    assert.deepEqual(readdirSync(folder).toSorted(), ['owner.lock.db', 'users.db'])
  })

  test('both connections have every pragma, and the reading one cannot write', (t) => {
    const file = preparedFile(t)
    const writer = openDatabase(file, 'write')
    const reader = openDatabase(file, 'read')
    const expected = {
      journal_mode: 'wal',
      synchronous: 2,
      secure_delete: 1,
      foreign_keys: 1,
      trusted_schema: 0,
      busy_timeout: 5000,
      wal_autocheckpoint: 10_000,
      journal_size_limit: 64 * 1024 * 1024,
    }
    for (const db of [writer, reader]) {
      for (const [name, value] of Object.entries(expected)) {
        assert.deepEqual(Object.values(db.get(`PRAGMA ${name}`) ?? {}), [value], name)
      }
    }
    assert.throws(() => reader.exec("INSERT INTO meta VALUES ('x', 1)"))
    assert.throws(() => writer.exec('UPDATE sqlite_schema SET sql = NULL'), 'the defensive mode is off')
    writer.close()
    reader.close()
  })

  test('SQLite before 3.51.3 is refused, and newer ones are not', () => {
    for (const old of ['3.51.2', '3.50.9', '3.9.0', '2.99.99', '']) {
      assert.throws(() => refuseOldSqlite(old), incompatible(/3\.51\.3 or newer is needed/))
    }
    for (const good of ['3.51.3', '3.53.4', '3.60.0', '4.0.0', process.versions['sqlite']]) {
      assert.doesNotThrow(() => refuseOldSqlite(good))
    }
  })

  test('a URL that no adapter serves stops the start with a sentence that names the setting', async (t) => {
    const dataDir = temporaryFolder(t)
    const urls = ['postgres://x', 'sqlite:', 'sqlite::memory:', '']
    for (const url of urls) {
      const opening = openStore({ url, dataDir, clock: newTestClock(), log: newKeptLog() })
      await assert.rejects(opening, { code: 'start_refused', message: /UM_DATABASE_URL/ })
    }
    assert.deepEqual(readdirSync(dataDir), [])
  })

  test('a folder that cannot be made and a file that cannot be written stop the start', async (t) => {
    const folder = temporaryFolder(t)
    writeFileSync(join(folder, 'file'), 'x')
    const refusal = { code: 'start_refused', message: /cannot be opened for writing/ }
    await assert.rejects(reopened(join(folder, 'file')), refusal)
    await (await reopened(folder)).close()
    markReadOnly(join(folder, 'users.db'))
    await assert.rejects(reopened(folder), refusal)
    await assert.rejects(reopened(folder), refusal, 'the lock was not released')
  })
})

/** A file format of a later SQLite that this one may only read: byte 18 of the header (also holds for root). */
function markReadOnly(file: string): void {
  const bytes = readFileSync(file)
  bytes[18] = 3
  writeFileSync(file, bytes)
}

suite('migrations', () => {
  const [first] = migrations
  assert.ok(first)
  const second: Migration = { version: 2, sql: 'ALTER TABLE users ADD COLUMN extra TEXT' }
  const third: Migration = { version: 3, sql: "UPDATE users SET extra = 'x'; INSERT INTO nowhere VALUES (1)" }
  const addUser = (db: Database): void => {
    db.exec(`INSERT INTO users VALUES (randomblob(16), 'ann', 'a@example.com', 0, NULL, NULL, '[]', 0, 'active',
      'en', '{}', 1, 1, NULL, 1, 1, 1)`)
    db.exec("UPDATE meta SET value = 1 WHERE key = 'clean_stop'")
    db.close()
  }

  test('an older file is brought up to date with its data, and the copy made before is erased', (t) => {
    const file = preparedFile(t, [first])
    addUser(openDatabase(file, 'write'))
    prepareFile(file, [first, second])
    assert.deepEqual(readdirSync(join(file, '..')), ['users.db'])
    assert.equal(valueIn(file, 'PRAGMA user_version'), 2)
    assert.equal(valueIn(file, 'SELECT username FROM users WHERE extra IS NULL'), 'ann')
    prepareFile(file, [first, second])
    assert.equal(valueIn(file, 'SELECT count(*) FROM users'), 1)
  })

  test('a migration that fails leaves the file at the last whole step, and the copy as it was before', (t) => {
    const file = preparedFile(t, [first])
    addUser(openDatabase(file, 'write'))
    assert.throws(() => prepareFile(file, [first, second, third]))
    assert.equal(valueIn(file, 'PRAGMA user_version'), 2)
    assert.equal(valueIn(file, 'SELECT count(*) FROM users WHERE extra IS NULL'), 1)
    const copy = `${file}.before-schema-2`
    assert.equal(statSync(copy).mode & 0o777, 0o600)
    assert.equal(valueIn(copy, 'PRAGMA user_version'), 1)
    assert.equal(valueIn(copy, 'SELECT username FROM users'), 'ann')
  })

  test('a file of a newer version is refused with a remedy and stays as it is, byte for byte', async (t) => {
    const folder = temporaryFolder(t)
    await (await reopened(folder)).close()
    const file = join(folder, 'users.db')
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 99')
    db.close()
    const before = readFileSync(file)
    await assert.rejects(reopened(folder), incompatible(/newer version.*start that version, or restore/))
    assert.ok(readFileSync(file).equals(before))
  })

  test('the file of another program, or no database at all, is refused and stays as it is', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, 'users.db')
    const db = new DatabaseSync(file)
    db.exec('CREATE TABLE theirs (x)')
    db.close()
    const before = readFileSync(file)
    await assert.rejects(reopened(folder), incompatible(/no database of this program/))
    assert.ok(readFileSync(file).equals(before))
    writeFileSync(file, 'These are my notes. '.repeat(500))
    await assert.rejects(reopened(folder), incompatible(/no database of this program/))
    assert.match(readFileSync(file, 'utf8'), /^These are my notes/)
  })

  test('a damaged file is found out after an unclean stop, and refused', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, 'users.db')
    const store = await reopened(folder)
    for (const _ of upTo(50)) await registered(store)
    await store.close()
    const db = new DatabaseSync(file)
    db.exec("DELETE FROM meta WHERE key = 'clean_stop'")
    db.close()
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0x5a, 3 * 4096, 5 * 4096))
    await assert.rejects(reopened(folder), incompatible(/damaged.*restore the newest backup/))
  })
})

interface Writing {
  readonly writer: Writer
  readonly file: string
}

async function writing(t: TestContext, writerLimits?: WriterLimits): Promise<Writing> {
  let writer: Writer | undefined
  const file = join(
    temporaryFolder(t, async () => writer?.kill()),
    'users.db',
  )
  createPrivateFile(file)
  prepareFile(file, migrations)
  writer = await startWriter(file, newKeptLog(), writerLimits)
  return { writer, file }
}

function create(writer: Writer, user = newUser()): Promise<{ readonly kind: string }> {
  return writer.write('createUser', { user }, newTrail(user.id))
}

/** Commits in a log file: frames that bear a database size (file format, section 4.1). */
function commitsIn(log: string): number {
  const bytes = readFileSync(log)
  let commits = 0
  for (let frame = 32; frame < bytes.length; frame += 24 + 4096) {
    if (bytes.readUInt32BE(frame + 4) > 0) commits += 1
  }
  return commits
}

suite('the writer', () => {
  test('what is queued together is committed together, and a conflict does not spoil its group', async (t) => {
    const { writer, file } = await writing(t)
    const outcomes = await Promise.all(
      upTo(400).map((n) => create(writer, newUser(n % 2 ? { email: `same-${n % 3}@example.com` } : {}))),
    )
    assert.deepEqual(tally(outcomes), { created: 203, conflict: 197 })
    const commits = commitsIn(`${file}-wal`)
    assert.ok(commits >= 400 / 128 && commits < 40, `${commits} commits for 400 requests`)
  })

  test('a request that is a defect fails alone, and leaves nothing of itself', async (t) => {
    const { writer, file } = await writing(t)
    const broken = newUser({ createdAt: 0.5 })
    const results = await Promise.allSettled([create(writer), create(writer, broken), create(writer)])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    await writer.close()
    assert.equal(valueIn(file, 'SELECT count(*) FROM users'), 2)
    assert.equal(valueIn(file, 'SELECT count(*) FROM identifiers'), 4)
    assert.equal(valueIn(file, 'SELECT count(*) FROM audit_events'), 2)
  })

  test('more requests than may wait are refused as overloaded, surely not applied', async (t) => {
    const { writer, file } = await writing(t, { writesPerTransaction: 4, writesWaiting: 10 })
    const results = await Promise.allSettled(upTo(30).map(() => create(writer)))
    const refused = results.filter((result) => result.status === 'rejected')
    assert.equal(refused.length, 20)
    for (const { reason } of refused) {
      assert.ok(reason instanceof DomainError)
      assert.equal(reason.code, 'overloaded')
      assert.ok((reason.retryAfterSeconds ?? 0) > 0)
    }
    assert.equal((await create(writer)).kind, 'created')
    await writer.close()
    assert.equal(valueIn(file, 'SELECT count(*) FROM users'), 11)
  })

  test('when the thread dies, what waits and what comes later fails as unavailable', async (t) => {
    const { writer } = await writing(t)
    const waiting = Promise.allSettled(upTo(200).map(() => create(writer)))
    await writer.kill()
    for (const result of await waiting) {
      if (result.status === 'rejected') assert.equal(codeOf(result.reason), 'store_unavailable')
    }
    await assert.rejects(create(writer), { code: 'store_unavailable' })
    await assert.rejects(writer.chore('truncate'), { code: 'store_unavailable' })
    await writer.close()
  })

  test('each failure of the database is one of the two that the port promises, or a defect', () => {
    const kinds = new Map<string, readonly number[]>([
      ['busy', [5, 6, 261, 517]],
      ['away', [3, 7, 8, 9, 10, 11, 13, 14, 22, 23, 24, 26, 266, 522, 778, 1032, 1034, 1544]],
      ['defect', [1, 18, 19, 20, 21, 25, 1555, 2067]],
    ])
    const codes = new Map([
      ['busy', 'overloaded'],
      ['away', 'store_unavailable'],
      ['defect', undefined],
    ])
    for (const [kind, errcodes] of kinds) {
      for (const errcode of errcodes) {
        const failure = failureOf(Object.assign(new Error('secret'), { errcode }))
        assert.equal(failure.kind, kind, `code ${errcode}`)
        const error = portError(failure)
        assert.equal(codeOf(error), codes.get(kind))
        assert.doesNotMatch(error.message, /secret/)
      }
    }
    assert.equal(failureOf(new TypeError('x')).kind, 'defect')
  })

  test('a mail on lease, or put off, is due again as soon as its file has a new owner', async (t) => {
    const { store, folder, clock } = await opened(t)
    await issued(store, await registered(store))
    clock.advance(60_000)
    const now = clock.now()
    const claim = { now, leaseUntil: now + 120_000, limit: 9 }
    const leased = await store.claimMail(claim)
    assert.ok(leased.length > 0)
    assert.deepEqual(await store.claimMail(claim), [], 'nobody else gets it meanwhile')
    await store.close()
    const next = await reopened(folder, clock)
    t.after(() => next.close())
    const again = await next.claimMail({ ...claim, now: clock.now() })
    const states = (mails: typeof again) => mails.map(({ id, attempts }) => [id, attempts])
    assert.deepEqual(
      states(again),
      states(leased).map(([id]) => [id, 1]),
    )
  })

  test('a poll of an empty outbox writes nothing', async (t) => {
    const { store, file } = await opened(t)
    const before = sizeOf(`${file}-wal`)
    for (const _ of upTo(20)) await store.claimMail({ now: Date.now(), leaseUntil: Date.now(), limit: 9 })
    assert.equal(sizeOf(`${file}-wal`), before)
    await registered(store)
    assert.notEqual(sizeOf(`${file}-wal`), before)
  })
})

function codeOf(error: unknown): string | undefined {
  return error instanceof DomainError ? error.code : undefined
}

suite('the schema', () => {
  test('no file has statements that these tests do not look at', () => {
    const folder = join(import.meta.dirname, '../src/store/sqlite')
    const having = readdirSync(folder).filter((name) =>
      /^export const sql = /m.test(readFileSync(join(folder, name), 'utf8')),
    )
    assert.deepEqual(having.toSorted(), filesWithStatements.toSorted())
  })

  test('every statement finds its rows by an index, but for those that want the whole table (row 60)', (t) => {
    const wholeTable = [
      // How many there are, and whether there is one.
      'copies.ts count',
      'copies.ts isEmpty',
      'inbox.ts firstBeyond',
      'keys.ts all',
      'mail.ts backlog',
      'set-up.ts useAll',
      'sweep.ts setupTokens',
      // These read a partial index, the rows of their own recursion, or the list that they are given.
      'user-candidates.ts disabled',
      'user-candidates.ts roleSets',
      'user-candidates.ts unverified',
      'user-order.ts traits',
    ]
    const db = openDatabase(preparedFile(t), 'read')
    const all = statements()
    assert.ok(all.size > 50)
    const scanning: string[] = []
    for (const [name, sql] of all) {
      const plan = db.all(`EXPLAIN QUERY PLAN ${sql}`).map((step) => String(step['detail']))
      if (plan.some((detail) => /\bSCAN\b/.test(detail) && detail !== 'SCAN CONSTANT ROW'))
        scanning.push(name)
    }
    db.close()
    assert.deepEqual(scanning.toSorted(), wholeTable)
  })

  test('every column that refers to a user, by key or by name, has its entry in the registry', (t) => {
    const db = openDatabase(preparedFile(t), 'read')
    const found = new Set<string>()
    for (const { name: table } of db.all("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
      for (const key of db.all(`SELECT * FROM pragma_foreign_key_list('${String(table)}')`)) {
        if (key['table'] === 'users') found.add(`${String(table)}.${String(key['from'])}`)
      }
      for (const { name } of db.all(`SELECT name FROM pragma_table_info('${String(table)}')`)) {
        if (/(?:user|actor|owner|subject)_id$/.test(String(name)))
          found.add(`${String(table)}.${String(name)}`)
      }
    }
    db.close()
    const entries = registry.flatMap(({ name, userColumns }) =>
      userColumns.map((column) => `${name}.${column}`),
    )
    assert.deepEqual(found, new Set(entries))
    assert.equal(entries.length, new Set(entries).size)
  })

  test('the id of a user stands in no column but its own and those of the registry', async (t) => {
    const { store, file } = await opened(t)
    const user = await registered(store)
    await signedIn(store, user)
    await issued(store, user)
    await store.putInboxMessage({ id: newId(), userId: user.id, sealed: new Uint8Array(1), sentAt: 1 }, 9)
    await store.close()
    const idBytes = user.id.replaceAll('-', '')
    const found = new Set<string>()
    const db = openDatabase(file, 'read')
    for (const { name: table } of db.all("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
      for (const row of db.all(`SELECT * FROM ${String(table)}`)) {
        for (const [column, value] of Object.entries(row)) {
          const bytes = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
          if (bytes.includes(idBytes) || bytes.includes(user.id)) found.add(`${String(table)}.${column}`)
        }
      }
    }
    db.close()
    const entries = registry.flatMap(({ name, userColumns }) =>
      userColumns.map((column) => `${name}.${column}`),
    )
    assert.deepEqual(found, new Set(['users.id', ...entries]))
  })
})

suite('erasure', () => {
  const canary = 'canary-7c1f'

  /** Enough users to split pages, every second one of them with the canary everywhere. */
  async function populated(store: Store, count: number): Promise<string[]> {
    const marked: string[] = []
    for (const n of upTo(count)) {
      const word = n % 2 ? 'healthy' : canary
      const user = await registered(store, {
        username: `${word}-${n}`,
        email: `${word}-${n}@example.com`,
        profile: { bio: `${word} `.repeat(40) },
      })
      await signedIn(store, user, { userAgent: `${word} browser` })
      await issued(store, user)
      if (word === canary) marked.push(user.id)
    }
    return marked
  }

  function remove(store: Store, userId: string, now: number): ReturnType<Store['deleteUser']> {
    const deletion = { userId, expectEpoch: null, idHash: hashOfId(userId), now }
    return store.deleteUser(deletion, newTrail(userId))
  }

  test('after a scrub nothing of deleted users is readable in any file, and the others are all there', async (t) => {
    const { store, folder, clock } = await opened(t)
    const marked = await populated(store, 300)
    assert.ok(filesWith(folder, canary).length > 0)
    for (const userId of marked) {
      const deleted = await remove(store, userId, clock.now())
      assert.equal(deleted.kind, 'deleted')
      assert.deepEqual(
        deleted.retained.map(({ what }) => what),
        ['audit_events', 'deletion_ledger', 'database_free_space'],
      )
      assert.equal(deleted.retained[2]?.until, clock.now() + limits.scrubLatestMs)
    }
    await store.scrub()
    assert.deepEqual(filesWith(folder, canary), [])
    assert.deepEqual(filesWith(folder, 'healthy'), ['users.db'])
    assert.equal(valueIn(join(folder, 'users.db'), 'SELECT count(*) FROM users'), 150)
  })

  test('a deletion empties the log file by itself, and an open read elsewhere only puts that off', async (t) => {
    const { store, folder, file, clock } = await opened(t)
    const marked = await populated(store, 6)
    const [first, second] = marked
    assert.ok(first && second)
    await remove(store, first, clock.now())
    await until(() => sizeOf(`${file}-wal`) === 0)
    const elsewhere = new DatabaseSync(file, { readOnly: true })
    elsewhere.exec('BEGIN')
    elsewhere.prepare('SELECT count(*) FROM users').get()
    clock.advance(1000)
    await remove(store, second, clock.now())
    for (const _ of upTo(20)) await registered(store)
    assert.notEqual(sizeOf(`${file}-wal`), 0)
    elsewhere.close()
    await until(() => sizeOf(`${file}-wal`) === 0)
    assert.deepEqual(filesWith(folder, `${canary}-2`), [])
  })

  test('a scrub that is due is not forgotten over a restart, and comes when the store is idle', async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, 'users.db')
    const clock = newTestClock()
    const pending = (): unknown => valueIn(file, "SELECT value FROM meta WHERE key = 'unscrubbed_since'")
    const before = await reopened(folder, clock)
    const [marked = ''] = await populated(before, 2)
    const since = clock.now()
    await remove(before, marked, since)
    await before.close()
    assert.equal(pending(), since)
    const after = await reopened(folder, clock)
    assert.equal(pending(), since)
    clock.advance(limits.scrubIdleMs)
    await until(() => pending() === undefined)
    await until(() => sizeOf(`${file}-wal`) === 0)
    assert.deepEqual(filesWith(folder, canary), [])
    await after.close()
  })

  test('scrubbing waits for a pause of writes, but a day at most', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const clock = newTestClock()
    const chores: string[] = []
    let since: number | null = null
    const upkeep = startUpkeep({
      clock,
      log: newKeptLog(),
      unscrubbedSince: () => since,
      writer: {
        chore: async (chore) => {
          chores.push(chore)
          if (chore === 'scrub') since = null
          return true
        },
      },
    })
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    const tick = async (): Promise<void> => {
      await settled()
      clock.advance(1000)
      t.mock.timers.tick(1000)
      await settled()
    }
    since = clock.now()
    const day = since + limits.scrubLatestMs
    upkeep.deleted()
    for (const _ of upTo(3)) upkeep.deleted()
    await tick()
    assert.deepEqual(chores, ['truncate', 'truncate'])
    while (clock.now() < day - 1000) {
      upkeep.wrote()
      await tick()
    }
    assert.equal(chores.includes('scrub'), false)
    upkeep.wrote()
    await tick()
    assert.equal(chores.filter((chore) => chore === 'scrub').length, 1)
    for (const _ of upTo(100)) await tick()
    assert.equal(chores.filter((chore) => chore === 'scrub').length, 1)
    since = clock.now()
    upkeep.wrote()
    upkeep.deleted()
    for (const _ of upTo(limits.scrubIdleMs / 1000 - 1)) await tick()
    assert.equal(chores.filter((chore) => chore === 'scrub').length, 1)
    await tick()
    assert.equal(chores.filter((chore) => chore === 'scrub').length, 2)
    await upkeep.stop()
  })
})

suite('administration on SQLite', () => {
  test('the check of everything names each damage, and nothing that is whole', async (t) => {
    const { store, folder, file, clock } = await opened(t)
    const [whole, lost, bare, odd, flagged] = [
      await registered(store),
      await registered(store),
      await registered(store),
      await registered(store),
      await registered(store),
    ]
    await signedIn(store, whole)
    await signedIn(store, lost)
    await store.close()
    const key = (user: { readonly id: string }): string => `x'${user.id.replaceAll('-', '')}'`
    const db = new DatabaseSync(file)
    db.exec(`PRAGMA foreign_keys = 0;
      DELETE FROM users WHERE id = ${key(lost)};
      DELETE FROM identifiers WHERE key = 'e:${bare.email}';
      INSERT INTO identifiers (key, user_id) VALUES ('u:squatted', ${key(whole)});
      UPDATE users SET profile = '[]' WHERE id = ${key(odd)};
      UPDATE users SET admin = 1 WHERE id = ${key(flagged)}`)
    db.close()
    const after = await reopened(folder, clock)
    const found: string[] = []
    let cursor: string | null = null
    do {
      const step: Awaited<ReturnType<Store['verify']>> = await after.verify({ cursor })
      found.push(...step.findings.map(({ kind, where, id }) => `${kind} ${where} ${id}`))
      cursor = step.cursor
    } while (cursor !== null)
    await after.close()
    const expected = [
      `admin_count_wrong users ${flagged.id}`,
      `claim_without_user identifiers e:${lost.email}`,
      `claim_without_user identifiers u:${lost.username}`,
      'claim_without_user identifiers u:squatted',
      `row_without_user sessions ${lost.id}`,
      `user_without_claim users ${bare.id}`,
      `value_unreadable users ${odd.id}`,
    ]
    assert.deepEqual(new Set(found), new Set(expected))
    assert.equal(found.length, expected.length)
  })

  test('a page ends where too many users have been looked at, and its cursors go on from there', async (t) => {
    const { store } = await opened(t)
    const count = lists.scanMax + 3 * lists.scanStep
    for (let from = 0; from < count; from += lists.scanStep) {
      const rare = from >= lists.scanMax + lists.scanStep
      const users = Array.from({ length: lists.scanStep }, () =>
        newUser({ roles: rare ? ['user', 'rare'] : ['user'] }),
      )
      await store.addUsers(users, newTrail(null))
    }
    const query = {
      search: null,
      role: 'rare',
      status: null,
      verified: null,
      sort: 'created_at',
      descending: false,
      limit: 10,
    } as const
    const first = await store.listUsers({ ...query, from: null })
    assert.deepEqual(first.items, [])
    const second = await store.listUsers({ ...query, from: first.next })
    assert.equal(second.items.length, 10)
    const beyond = await store.listUsers({ ...query, from: second.next })
    const back = await store.listUsers({ ...query, from: beyond.previous })
    assert.deepEqual(back.items, second.items)
    const start = await store.listUsers({ ...query, from: second.previous })
    assert.deepEqual(start.items, [])
  })
})
