/**
 * Pages of the list of users at any depth, on both engines: `npm run bench -- lists --users 1000000`, with
 * `--engine sqlite` or `mongodb` for one of them. MongoDB is the one of the tests.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/app.ts'
import { lists } from '../src/domain/limits.ts'
import type { Log } from '../src/domain/ports/runtime.ts'
import type { Store } from '../src/domain/ports/store.ts'
import { openStore } from '../src/store/open-store.ts'
import { urlOf } from '../test/support/mongodb-harness.ts'
import { givenServers, startReplicaSet } from '../test/support/mongodb-servers.ts'
import { mongodbSource } from '../test/support/settings-of-the-run.ts'
import { allLists, measureList, seedStore, type Measured } from './list-pages.ts'

const USERS_MAX = 10_000_000
const SAY_EVERY_MS = 5000
/**
 * What a MongoDB takes by itself on a machine with 5 GB. With less than a million users need, a page costs what
 * its blocks cost to read: 1 or 2 where neighbours in the list were added together, 60 to 100 where they were not.
 */
const MONGODB_CACHE_GB = 2

interface Engine {
  readonly name: string
  readonly store: Store
  /** What there is to say about the place of the data. */
  size(): string
  close(): Promise<void>
}

const openers = { sqlite: openSqlite, mongodb: openMongodb }
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const log: Log = { info() {}, warn: (_, message) => print(message), error: (_, message) => print(message) }

export async function benchLists(args: readonly string[]): Promise<void> {
  const options = { users: { type: 'string', default: '100000' }, engine: { type: 'string' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const users = Number(values.users)
  if (!Number.isInteger(users) || users < 1 || users > USERS_MAX)
    throw new Error(`--users is a whole number from 1 to ${USERS_MAX}`)
  print(`lists of ${users} users, pages of ${lists.pageMax}, Node ${process.version}, ${cpus()[0]?.model}`)
  for (const [name, open] of Object.entries(openers)) {
    if (values.engine !== undefined && values.engine !== name) continue
    if (name === 'mongodb' && mongodbSource() === null) print('mongodb: none found, so not measured')
    else await benchEngine(await open(), users)
  }
}

async function benchEngine({ name, store, size, close }: Engine, users: number): Promise<void> {
  try {
    const seconds = await seedStore(store, users, sayNowAndThen(`${name}: seeded`, users))
    print(`\n${name}: ${Math.round(users / seconds)} users/s added in ${seconds.toFixed(1)} s${size()}`)
    print(`${'list'.padEnd(56)} first p50    p99  deep p50    p99  ratio    page   users`)
    const began = performance.now()
    for (const list of allLists()) print(line(await measureList(store, list, lists.pageMax)))
    print(`measured in ${((performance.now() - began) / 1000).toFixed(0)} s; times in milliseconds`)
  } finally {
    await close()
  }
}

function line({ name, first, deep, ratio, pages, users }: Measured): string {
  const times = [first.p50Ms, first.p99Ms, deep.p50Ms, deep.p99Ms, ratio]
  const widths = [9, 7, 10, 7, 7]
  const cells = times.map((time, place) => time.toFixed(2).padStart(widths[place] ?? 0))
  return `${name.padEnd(56)} ${cells.join('')}${String(pages).padStart(8)}${String(users).padStart(8)}`
}

function sayNowAndThen(what: string, all: number): (done: number) => void {
  let saidAt = performance.now()
  return (done) => {
    if (performance.now() - saidAt < SAY_EVERY_MS) return
    saidAt = performance.now()
    process.stderr.write(`${what} ${done} of ${all}\n`)
  }
}

async function openSqlite(): Promise<Engine> {
  const dataDir = mkdtempSync(join(tmpdir(), 'um-bench-'))
  const store = await openStore({ url: 'sqlite:users.db', dataDir, clock: systemClock, log })
  return {
    name: 'sqlite',
    store,
    size: () => `, a file of ${Math.round(statSync(join(dataDir, 'users.db')).size / 1e6)} MB`,
    close: async () => {
      await store.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function openMongodb(): Promise<Engine> {
  const servers = givenServers() ?? (await startReplicaSet({ members: 1, cacheGb: MONGODB_CACHE_GB }))
  const url = urlOf(servers.url, `um_bench_${process.pid}`)
  const store = await openStore({ url, dataDir: tmpdir(), clock: systemClock, log })
  return {
    name: 'mongodb',
    store,
    size: () => (givenServers() ? '' : `, a cache of ${MONGODB_CACHE_GB} GB`),
    close: async () => {
      await store.close()
      await servers.stop()
    },
  }
}
