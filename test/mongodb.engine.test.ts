/** What only the MongoDB adapter has: topologies, faults of the network, commands that are counted and grouped. */
import assert from 'node:assert/strict'
import { MongoClient, MongoServerError, type CommandStartedEvent, type Document } from 'mongodb'
import { after, suite, test, type TestContext } from 'node:test'
import { createSecrets } from '../src/crypto/secrets.ts'
import { DomainError } from '../src/domain/errors.ts'
import { mongodb as limits } from '../src/domain/limits.ts'
import type { Store } from '../src/domain/ports/store.ts'
import { readRates } from '../src/domain/rates.ts'
import { admitGuess, admitNetwork, readmitNetwork } from '../src/domain/throttle.ts'
import type { User } from '../src/domain/user.ts'
import { failureOf, portError } from '../src/store/mongodb/failures.ts'
import { openMongodbStore, type MongodbOptions } from '../src/store/mongodb/mongodb-store.ts'
import { registry } from '../src/store/mongodb/registry.ts'
import { plans } from '../src/store/mongodb/schema.ts'
import { warnOfArbiter, warnOfVersion } from '../src/store/mongodb/topology.ts'
import { openStore } from '../src/store/open-store.ts'
import { readCommand, type SentCommand } from './support/mongodb-commands.ts'
import { eventually, failCommand, liftFaults, startProxy } from './support/mongodb-faults.ts'
import { urlOf } from './support/mongodb-harness.ts'
import { startReplicaSet, startStandalone } from './support/mongodb-servers.ts'
import { fixedPort } from './support/process.ts'
import {
  current,
  hashOfId,
  issued,
  newEvent,
  newId,
  newKeptLog,
  newMail,
  newSession,
  newTestClock,
  newToken,
  newTrail,
  newUser,
  registered,
  signedIn,
  tally,
  upTo,
} from './support/store-fixtures.ts'

const servers = await startReplicaSet({ members: 1 })
const admin = await new MongoClient(servers.url, { writeConcern: { w: 'majority' } }).connect()
const [host = '127.0.0.1', port = '0'] = new URL(servers.url).host.split(':')
const databases: string[] = []

after(async () => {
  await liftFaults(admin)
  await admin.close()
  await servers.stop()
})

function freshDatabase(): string {
  const name = `um_engine_${process.pid}_${databases.length}`
  databases.push(name)
  return name
}

interface Opened {
  readonly store: Store
  readonly database: string
  readonly appName: string
  /** Commands sent since the last look, heartbeats and handshakes apart. */
  sent(): SentCommand[]
}

/** A store of its own; closed with the test. */
async function opened(t: TestContext, more: Partial<MongodbOptions> = {}): Promise<Opened> {
  const database = freshDatabase()
  const commands: SentCommand[] = []
  const onCommand = (event: CommandStartedEvent) => void commands.push(readCommand(event))
  const url = urlOf(more.url ?? servers.url, database)
  const clock = newTestClock()
  const store = await openMongodbStore({
    clock,
    log: newKeptLog(),
    onCommand,
    appName: database,
    ...more,
    url,
  })
  t.after(() => store.close())
  const sent = () => commands.splice(0).filter(({ name }) => name !== 'endSessions')
  sent()
  return { store, database, appName: database, sent }
}

function incompatible(sentence: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DomainError)
    assert.equal(error.code, 'store_incompatible')
    assert.match(error.message, sentence)
    return true
  }
}

/** An error of the port and nothing of the driver: neither its words nor itself as a cause. */
function fails(code: 'overloaded' | 'store_unavailable'): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DomainError, String(error))
    assert.equal(error.code, code)
    assert.equal(error.cause, undefined)
    assert.ok((error.retryAfterSeconds ?? 0) > 0)
    assert.doesNotMatch(error.message, /mongo|failpoint|socket|ECONN/i)
    return true
  }
}

function changed(store: Store, user: User, locale = 'de'): ReturnType<Store['updateProfile']> {
  const { id: userId, version: expectVersion, epoch: expectEpoch } = user
  return store.updateProfile({ userId, expectVersion, expectEpoch, now: Date.now(), locale }, null)
}

function presented(session: { userId: string; id: string }, generation = 1) {
  const now = Date.now()
  const { userId, id: sessionId } = session
  return { userId, sessionId, generation, refreshKeyId: 1, now, idleEndsAt: now + 1e6, repeatMs: 60_000 }
}

/** How many documents of each collection name this user. */
async function traces(database: string, userId: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { name } of plans.filter(({ shardKey, name: of }) => shardKey && of !== 'audit')) {
    const all = await admin.db(database).collection(name).find({}, { promoteBuffers: true }).toArray()
    const hex = userId.replaceAll('-', '')
    const names = (document: Document): boolean =>
      Object.values(document).some((value) => Buffer.isBuffer(value) && value.toString('hex') === hex)
    const count = all.filter(names).length
    if (count > 0) counts[name] = count
  }
  return counts
}

const whole = { identifiers: 2, users: 1, sessions: 1, tokens: 1 }

async function heldUser(store: Store): Promise<User> {
  const user = await registered(store)
  await signedIn(store, user)
  await issued(store, user)
  return user
}

function remove(store: Store, { id: userId }: User): ReturnType<Store['deleteUser']> {
  return store.deleteUser(
    { userId, expectEpoch: null, idHash: hashOfId(userId), now: Date.now() },
    newTrail(userId),
  )
}

suite('a deletion that is cut (C11)', () => {
  test('a connection that is cut before the commit once costs nothing: the user is gone', async (t) => {
    const { store, database, appName } = await opened(t)
    const user = await heldUser(store)
    assert.deepEqual(await traces(database, user.id), whole)
    await failCommand(admin, { appName, failCommands: ['commitTransaction'], closeConnection: true })
    assert.equal((await remove(store, user)).kind, 'deleted')
    assert.deepEqual(await traces(database, user.id), {})
  })

  test('a commit that never arrives is unavailable in time, and leaves the user whole', async (t) => {
    const { store, database, appName } = await opened(t)
    const user = await heldUser(store)
    const fault = { appName, failCommands: ['commitTransaction'], closeConnection: true }
    await failCommand(admin, fault, 'always')
    const began = performance.now()
    await assert.rejects(remove(store, user), fails('store_unavailable'))
    assert.ok(performance.now() - began < 10_000)
    await liftFaults(admin)
    assert.deepEqual(await traces(database, user.id), whole)
    assert.deepEqual(await current(store, user.id), {
      ...user,
      lastSignInAt: (await current(store, user.id)).lastSignInAt,
    })
  })
})

suite('answers that are lost after the commit (C2, C11)', { concurrency: 2 }, () => {
  test('an answer that is lost after the commit leaves nothing of the user, whatever the caller was told', async (t) => {
    const proxy = await startProxy(host, Number(port))
    t.after(() => proxy.stop())
    const { store, database } = await opened(t, { url: proxy.url })
    const once = await heldUser(store)
    proxy.swallow('commitTransaction')
    const outcome = remove(store, once)
    await eventually(async () => proxy.swallowed() > 0)
    proxy.swallow(null)
    assert.equal((await outcome).kind, 'deleted')
    assert.deepEqual(await traces(database, once.id), {})
    const always = await heldUser(store)
    proxy.swallow('commitTransaction')
    await assert.rejects(remove(store, always), fails('store_unavailable'))
    proxy.swallow(null)
    assert.deepEqual(await traces(database, always.id), {})
    assert.deepEqual(await remove(store, always), { kind: 'not_found' })
  })

  test('a registration whose commit stays unanswered is the same registration when it is sent again (C2)', async (t) => {
    const proxy = await startProxy(host, Number(port))
    t.after(() => proxy.stop())
    const { store } = await opened(t, { url: proxy.url })
    const user = newUser()
    const trail = newTrail(user.id, newMail(user.id))
    proxy.swallow('commitTransaction')
    await assert.rejects(store.createUser({ user }, trail), fails('store_unavailable'))
    proxy.swallow(null)
    assert.equal((await store.createUser({ user }, trail)).kind, 'repeated')
    assert.equal((await store.exportUser({ userId: user.id }))?.['audit_events']?.length, 1)
  })
})

suite('each fault is one of the errors of the port, and nothing else (C19)', () => {
  const single = ['findAndModify', 'update', 'insert'] as const

  test('a connection that is cut once under a single write is not noticed, and the write happens once', async (t) => {
    const { store, appName } = await opened(t)
    const user = await registered(store)
    await failCommand(admin, { appName, failCommands: single, closeConnection: true })
    const outcome = await changed(store, user)
    assert.equal(outcome.kind, 'updated')
    assert.equal((await current(store, user.id)).version, 2)
  })

  test('a connection that is cut again and again is unavailable for every kind of step', async (t) => {
    const { store, appName } = await opened(t)
    const user = await registered(store)
    const session = await signedIn(store, user)
    const failCommands = [...single, 'find', 'delete', 'commitTransaction', 'abortTransaction']
    await failCommand(admin, { appName, failCommands, closeConnection: true }, 'always')
    const unavailable = fails('store_unavailable')
    await Promise.all([
      assert.rejects(changed(store, user), unavailable),
      assert.rejects(store.putToken(newToken(user), newMail(user.id)), unavailable),
      assert.rejects(store.rotateSession(presented(session), newTrail(user.id)), unavailable),
      assert.rejects(store.findUser({ id: user.id }), unavailable),
      assert.rejects(store.claimMail({ now: Date.now(), leaseUntil: Date.now(), limit: 1 }), unavailable),
      assert.rejects(store.appendAudit(newEvent(user.id)), unavailable),
    ])
    await liftFaults(admin)
    assert.equal((await changed(store, await current(store, user.id))).kind, 'updated')
  })

  test('a majority that does not answer is unavailable, and the write may be applied', async (t) => {
    const { store, appName } = await opened(t)
    const user = await registered(store)
    const writeConcernError = { code: 64, errmsg: 'waiting for replication timed out' }
    await failCommand(admin, { appName, failCommands: single, writeConcernError }, 'always')
    await assert.rejects(changed(store, user), fails('store_unavailable'))
    await assert.rejects(store.putToken(newToken(user), newMail(user.id)), fails('store_unavailable'))
    await liftFaults(admin)
    await eventually(async () => (await current(store, user.id)).locale === 'de')
    await failCommand(admin, { appName, failCommands: ['commitTransaction'], writeConcernError })
    assert.equal((await store.openSession(newSession(user), newTrail(user.id))).kind, 'opened')
  })

  test('a transaction that others keep in the way is overloaded in time, and not applied', async (t) => {
    const { store, database, appName } = await opened(t)
    const fault = {
      appName,
      failCommands: ['insert'],
      errorCode: 112,
      errorLabels: ['TransientTransactionError'],
    }
    await failCommand(admin, fault, 'always')
    const user = newUser()
    const began = performance.now()
    await assert.rejects(store.createUser({ user }, newTrail(user.id)), fails('overloaded'))
    assert.ok(performance.now() - began < 10_000)
    await liftFaults(admin)
    assert.deepEqual(await traces(database, user.id), {})
    assert.equal((await store.createUser({ user }, newTrail(user.id))).kind, 'created')
  })

  test('a document that the validator refuses is a defect, and its words stay inside', async (t) => {
    const { store } = await opened(t)
    const user = newUser({ locale: 'x'.repeat(limits.textMaxLength + 1) })
    await assert.rejects(store.createUser({ user }, newTrail(user.id)), (error: Error) => {
      assert.ok(!(error instanceof DomainError))
      assert.match(error.message, /^The store failed: MongoDB code 121$/)
      return true
    })
    assert.equal(await store.findUser({ id: user.id }), null)
  })

  test('codes of the server are read as the table of errors says', () => {
    const codeOf = (code: number, codeName = ''): string => {
      const error = portError(failureOf(new MongoServerError({ message: 'm', code, codeName })))
      return error instanceof DomainError ? error.code : 'defect'
    }
    for (const code of [112, 10107, 13435]) assert.equal(codeOf(code), 'overloaded', String(code))
    assert.equal(codeOf(9_999_999, 'TooManyOpenTransactions'), 'overloaded')
    for (const code of [50, 64, 91, 189, 11600, 11602, 14031]) {
      assert.equal(codeOf(code), 'store_unavailable', String(code))
    }
    for (const code of [2, 121, 9_999_999]) assert.equal(codeOf(code), 'defect', String(code))
  })

  test('without a primary writes are overloaded, reads unavailable, all within 10 seconds, and then it goes on', async (t) => {
    const { store } = await opened(t)
    const user = await registered(store)
    const session = await signedIn(store, user)
    await admin.db('admin').command({ replSetStepDown: 8, secondaryCatchUpPeriodSecs: 0, force: true })
    await eventually(async () => !(await store.health()).writable)
    const began = performance.now()
    const another = newUser()
    await Promise.all([
      assert.rejects(store.createUser({ user: another }, newTrail(another.id)), fails('overloaded')),
      assert.rejects(changed(store, user), fails('overloaded')),
      assert.rejects(store.putToken(newToken(user), newMail(user.id)), fails('overloaded')),
      assert.rejects(store.rotateSession(presented(session), newTrail(user.id)), fails('overloaded')),
      assert.rejects(store.findUser({ id: user.id }), fails('store_unavailable')),
      assert.rejects(store.loadKeys(), fails('store_unavailable')),
    ])
    assert.ok(performance.now() - began < 10_000)
    await eventually(async () => (await store.health()).writable)
    assert.equal((await changed(store, user)).kind, 'updated')
    assert.equal((await store.rotateSession(presented(session), newTrail(user.id))).kind, 'rotated')
  })
})

suite('what is refused at open, and what is not (C20)', { concurrency: 4 }, () => {
  /** The clock of a test stands still, which is what is refused here. */
  const rest = () => ({ clock: { now: () => Date.now() }, log: newKeptLog() })

  test('a server that stands alone is refused with the command that mends it, however the URL names it', async (t) => {
    const alone = await startStandalone()
    t.after(() => alone.stop())
    const dataDir = 'unused'
    await assert.rejects(
      openStore({ url: alone.url, dataDir, ...rest() }),
      incompatible(/--replSet rs0.*rs\.initiate\(\)/),
    )
    const named = `${alone.url}?replicaSet=rs0`
    await assert.rejects(
      openMongodbStore({ url: named, ...rest() }),
      incompatible(/replicaSet=.*rs\.initiate\(\)/),
    )
  })

  test('a URL that cannot be read is refused without being repeated', async () => {
    for (const url of ['mongodb://', 'mongodb://a:secret@:1:2/', 'mongodb://a:secret@h/?tls=perhaps']) {
      await assert.rejects(openMongodbStore({ url, ...rest() }), (error) => {
        assert.ok(error instanceof DomainError)
        assert.equal(error.code, 'start_refused')
        assert.match(error.message, /UM_DATABASE_URL/)
        assert.doesNotMatch(error.message, /secret/)
        return true
      })
    }
  })

  test('a newer schema is refused and left as it is, an older program that may still serve is not', async (t) => {
    const { database } = await opened(t)
    const meta = admin.db(database).collection<{ _id: string; min: number; max: number }>('meta')
    const url = urlOf(servers.url, database)
    await meta.updateOne({ _id: 'schema' }, { $set: { max: 900 } })
    await (await openMongodbStore({ url, ...rest() })).close()
    await meta.updateOne({ _id: 'schema' }, { $set: { min: 900 } })
    await assert.rejects(
      openMongodbStore({ url, ...rest() }),
      incompatible(/newer version.*900.*restore a backup/),
    )
    assert.equal((await meta.findOne({ _id: 'schema' }))?.max, 900)
  })

  test('a clock more than 5 seconds off is refused, in both directions, and a smaller difference is not', async () => {
    const url = urlOf(servers.url, freshDatabase())
    const log = newKeptLog()
    for (const off of [-6000, 6000]) {
      const clock = { now: () => Date.now() + off }
      await assert.rejects(
        openMongodbStore({ url, clock, log }),
        incompatible(/differ by [56] seconds.*set-ntp/),
      )
    }
    for (const off of [-4000, 4000]) {
      await (await openMongodbStore({ url, clock: { now: () => Date.now() + off }, log })).close()
    }
  })

  test('an arbiter is warned about once, with the way out, and a set without one is not', () => {
    const log = newKeptLog()
    warnOfArbiter({ setName: 'rs0', hosts: ['a:1'], arbiters: ['b:1'] }, log)
    warnOfArbiter({ setName: 'rs0', hosts: ['a:1'] }, log)
    assert.equal(log.lines.length, 1)
    assert.match(log.lines[0] ?? '', /arbiter.*rs\.remove\(\) and rs\.add\(\)/)
  })

  test('a start says whether the MongoDB that it meets gives away its memory (row 62)', async () => {
    const [log, expected] = [newKeptLog(), newKeptLog()]
    const commands = new Set<string>()
    const store = await openMongodbStore({
      url: urlOf(servers.url, freshDatabase()),
      clock: { now: () => Date.now() },
      log,
      onCommand: ({ commandName }) => void commands.add(commandName),
    })
    await store.close()
    assert.ok(commands.has('buildInfo'))
    warnOfVersion(await admin.db('admin').command({ buildInfo: 1 }), expected)
    assert.deepEqual(
      log.lines.filter((line) => line.includes('CVE-2025-14847')),
      expected.lines,
    )
  })

  test('of openers at the same time one makes the schema, and all of them serve', async () => {
    const url = urlOf(servers.url, freshDatabase())
    const creators = new Set<number>()
    const stores = await Promise.all(
      upTo(4).map((n) =>
        openMongodbStore({
          url,
          ...rest(),
          onCommand: ({ commandName }) => void (commandName === 'createIndexes' && creators.add(n)),
        }),
      ),
    )
    assert.equal(creators.size, 1)
    for (const store of stores) await registered(store)
    for (const store of stores) await store.close()
  })

  test('a schema that its maker left half done is gone on with when the lease has run out', async () => {
    const database = freshDatabase()
    const db = admin.db(database)
    await db.createCollection('users')
    const meta = db.collection<{ _id: string; until?: Date; fence?: number; max?: number }>('meta')
    await meta.insertOne({ _id: 'schema_lease', until: new Date(Date.now() + 400), fence: 7 })
    const store = await openMongodbStore({ url: urlOf(servers.url, database), ...rest() })
    await registered(store)
    assert.equal((await meta.findOne({ _id: 'schema_lease' }))?.fence, 8)
    assert.equal((await meta.findOne({ _id: 'schema' }))?.fence, 8)
    const options = await db.collection('users').options()
    assert.ok(options['validator'])
    await store.close()
  })

  test('a database that is away at open is come back to, and one that is unfit is reported', async (t) => {
    const taken = await fixedPort()
    const url = `mongodb://127.0.0.1:${taken}/`
    const store = await openMongodbStore({ url, ...rest() })
    t.after(() => store.close())
    const refusals: DomainError[] = []
    const unfit = await openMongodbStore({
      url,
      ...rest(),
      clock: { now: () => Date.now() + 60_000 },
      onIncompatible: (error) => void refusals.push(error),
    })
    t.after(() => unfit.close())
    const { writable, detail } = await store.health()
    assert.deepEqual([writable, detail.includes('UM_DATABASE_URL')], [false, true])
    const began = performance.now()
    await assert.rejects(store.findUser({ id: newId() }), fails('store_unavailable'))
    assert.ok(performance.now() - began < 1000)
    const late = await startReplicaSet({ members: 1, port: taken })
    t.after(() => late.stop())
    await eventually(async () => (await store.health()).writable)
    await registered(store)
    await eventually(async () => refusals.length > 0)
    assert.deepEqual(
      refusals.map(({ code }) => code),
      ['store_incompatible'],
    )
    assert.equal((await unfit.health()).writable, false)
  })
})

suite('what a lone request costs, in commands', () => {
  const names = (sent: readonly SentCommand[]): string[] =>
    sent.map(({ name, collection }) =>
      collection === null || collection === '1' ? name : `${name} ${collection}`,
    )

  test('reading a profile is two reads', async (t) => {
    const { store, sent } = await opened(t)
    const session = await signedIn(store, await registered(store))
    sent()
    assert.ok(await store.findSession({ userId: session.userId, sessionId: session.id, now: Date.now() }))
    assert.deepEqual(names(sent()).toSorted(), ['find sessions', 'find users'])
  })

  test('updating it is one write more', async (t) => {
    const { store, sent } = await opened(t)
    const user = await registered(store)
    const session = await signedIn(store, user)
    sent()
    await store.findSession({ userId: user.id, sessionId: session.id, now: Date.now() })
    assert.equal((await changed(store, user)).kind, 'updated')
    assert.deepEqual(names(sent()).toSorted(), ['find sessions', 'find users', 'findAndModify users'])
  })

  test('a refresh is a write and a read of the user, and so is a repeated one', async (t) => {
    const { store, sent } = await opened(t)
    const user = await registered(store)
    const session = await signedIn(store, user)
    for (const kind of ['rotated', 'repeated']) {
      sent()
      assert.equal((await store.rotateSession(presented(session), newTrail(user.id))).kind, kind)
      assert.deepEqual(names(sent()), ['findAndModify sessions', 'find users'])
    }
  })

  test('asking for a link is two reads and one insert, for somebody and for nobody', async (t) => {
    const { store, sent } = await opened(t)
    const user = await registered(store)
    for (const email of [user.email, 'nobody@example.com']) {
      sent()
      const found = await store.findUserByIdentifier({ key: `e:${email}` })
      await store.putToken(newToken(found ?? user, { userId: found?.id ?? null }), newMail(found?.id ?? null))
      assert.deepEqual(names(sent()), ['find identifiers', 'find users', 'insert tokens'])
    }
  })

  test('a sign-in is six commands, its commit included', async (t) => {
    const { store, sent } = await opened(t)
    const user = await registered(store)
    sent()
    await store.findUserByIdentifier({ key: `u:${user.username}` })
    assert.equal((await store.openSession(newSession(user), newTrail(user.id))).kind, 'opened')
    assert.deepEqual(names(sent()), [
      'find identifiers',
      'find users',
      'findAndModify users',
      'insert sessions',
      'update audit',
      'commitTransaction',
    ])
  })
})

suite('what throttling adds to a sign-in, in commands', () => {
  const caller = { network: { address: '192.0.2.1', wide: null } }
  const guess = { account: 'somebody', deviceId: null }

  async function counted(t: TestContext) {
    const { store, sent } = await opened(t)
    const rates = readRates('on', 'production').table
    const secrets = createSecrets(new Uint8Array(32))
    const attempt = async (right: boolean): Promise<string> => {
      sent()
      const deps = { store, clock: newTestClock(), secrets, rates }
      await admitNetwork('login', caller, deps)
      const admitted = await admitGuess(guess, caller, deps)
      assert.equal(await admitted.settle(async () => right), right)
      if (right) await readmitNetwork('login', caller, deps)
      const commands = sent().map(({ name, collection }) => `${name} ${collection}`)
      return commands.toSorted().join()
    }
    return attempt
  }

  test('a right password costs two counts, a look and two returns; after failures two looks', async (t) => {
    const attempt = await counted(t)
    const [look, count, giveBack] = ['find counters', 'findAndModify counters', 'update counters']
    const usual = [look, count, count, giveBack, giveBack].join()
    for (const _ of upTo(2)) assert.equal(await attempt(true), usual)
    await attempt(false)
    assert.equal(await attempt(true), [look, look, count, count, giveBack, giveBack].join())
    assert.equal(await attempt(true), usual, 'the failure is forgiven')
  })

  test('a wrong one costs two counts and a look, and two or three counts of the failure', async (t) => {
    const attempt = await counted(t)
    const [look, count] = ['find counters', 'findAndModify counters']
    assert.equal(await attempt(false), [look, count, count, count, count, count].join())
    assert.equal(await attempt(false), [look, count, count, count, count].join())
  })
})

suite('concurrent requests share commands', () => {
  const callers = 64
  const turns = 10

  /** Callers that each ask again as soon as they are answered; says how many calls a command has served. */
  async function shared(
    opened: Opened,
    command: string,
    call: (caller: number, turn: number) => Promise<unknown>,
  ) {
    opened.sent()
    await Promise.all(
      upTo(callers).map(async (caller) => {
        for (const turn of upTo(turns)) await call(caller, turn)
      }),
    )
    const [name, collection] = command.split(' ')
    const sent = opened.sent().filter((each) => each.name === name && each.collection === collection)
    return (callers * turns) / Math.max(1, sent.length)
  }

  async function users(store: Store): Promise<User[]> {
    return Promise.all(upTo(callers).map(() => registered(store)))
  }

  function of<Item>(items: readonly Item[], index: number): Item {
    const item = items[index]
    if (item === undefined) throw new Error('there is none')
    return item
  }

  test('of 64 callers at the same time a read serves more than four', async (t) => {
    const one = await opened(t)
    const all = await users(one.store)
    const mean = await shared(one, 'find users', async (caller) => {
      assert.deepEqual(await one.store.findUser({ id: of(all, caller).id }), of(all, caller))
    })
    assert.ok(mean > 4, `a read has served ${mean} callers`)
  })

  test('so does an update, and each caller gets the verdict on its own', async (t) => {
    const one = await opened(t)
    const all = await users(one.store)
    const mean = await shared(one, 'update users', async (caller) => {
      const { id } = of(all, caller)
      const outcome = await changed(one.store, of(all, caller), `x-${caller}`)
      // Every eighth caller is late with its version.
      assert.equal(
        outcome.kind,
        of(all, caller).version === (await current(one.store, id)).version ? 'stale' : 'updated',
      )
      if (outcome.kind === 'updated') all[caller] = outcome.user
      assert.equal((await current(one.store, id)).locale, `x-${caller}`)
    })
    assert.ok(mean > 4, `an update has served ${mean} callers`)
    const gone = { ...of(all, 0), id: newId() }
    const old = { ...of(all, 1), version: 1 }
    const verdicts = await Promise.all([gone, old, of(all, 2)].map((user) => changed(one.store, user)))
    assert.deepEqual(
      verdicts.map(({ kind }) => kind),
      ['not_found', 'stale', 'updated'],
    )
  })

  test('so does the request for a link, and a hash that is there already harms no other', async (t) => {
    const one = await opened(t)
    const user = await registered(one.store)
    const twice = newToken(user)
    const mean = await shared(one, 'insert tokens', (caller, turn) =>
      one.store.putToken(caller === 3 ? twice : newToken(user), newMail(user.id, { createdAt: turn })),
    )
    assert.ok(mean > 4, `an insert has served ${mean} callers`)
    const stored = await admin.db(one.database).collection('tokens').countDocuments()
    assert.equal(stored, (callers - 1) * turns + 1)
  })

  test('so does a refresh, and who presents an old token is told so alone', async (t) => {
    const one = await opened(t)
    const all = await users(one.store)
    const sessions = await Promise.all(all.map((user) => signedIn(one.store, user)))
    const kinds: { kind: string }[] = []
    const mean = await shared(one, 'update sessions', async (caller, turn) => {
      const late = caller === 5 && turn === 3
      const session = of(sessions, caller)
      kinds.push(
        await one.store.rotateSession(presented(session, late ? 1 : turn + 1), newTrail(session.userId)),
      )
    })
    assert.ok(mean > 4, `a refresh command has served ${mean} callers`)
    const after = turns - 4
    assert.deepEqual(tally(kinds), { rotated: callers * turns - 1 - after, reused: 1, gone: after })
  })
})

suite('plans and the registry', () => {
  test('every statement of every step finds its documents by an index (row 60)', async (t) => {
    const { store, database, sent } = await opened(t)
    const user = await heldUser(store)
    const session = await signedIn(store, user)
    const now = Date.now()
    await store.findUserByIdentifier({ key: `e:${user.email}` })
    await store.findSession({ userId: user.id, sessionId: session.id, now })
    await store.listSessions({ userId: user.id, now })
    await store.rotateSession(presented(session), newTrail(user.id))
    await changed(store, user)
    const mails = await store.claimMail({ now: now + 1000, leaseUntil: now + 2000, limit: 9 })
    for (const { id } of mails) await store.finishMail({ id, audit: newEvent(user.id) })
    await store.putInboxMessage({ id: newId(), userId: user.id, sealed: new Uint8Array(1), sentAt: 1 }, 9)
    await store.listInboxMessages({ limit: 9 })
    const token = await issued(store, user)
    const displaced = newEvent(user.id)
    await store.resetPassword({ hash: token.hash, passwordHash: 'x', now, displaced }, newTrail(user.id))
    await store.exportUser({ userId: user.id })
    await store.sweep({ now })
    await remove(store, user)
    const shapes = new Map<string, Document>()
    for (const { name, collection, command } of sent()) {
      for (const explained of explainable(name, collection, command))
        shapes.set(JSON.stringify(Object.keys(explained['filter'] ?? {})) + collection, explained)
    }
    assert.ok(shapes.size > 20, `only ${shapes.size} statements were seen`)
    for (const [shape, find] of shapes) {
      const { queryPlanner } = await admin.db(database).command({ explain: find, verbosity: 'queryPlanner' })
      assert.doesNotMatch(JSON.stringify(queryPlanner.winningPlan), /COLLSCAN/, shape)
    }
  })

  test('every field that holds the id of a user, by the validators, has its entry in the registry', () => {
    const found = plans.flatMap(({ name, validator }) =>
      Object.keys(validator['properties'])
        .filter((field) => /(?:user|actor|owner|subject)Id$/.test(field))
        .map((field) => `${name}.${field}`),
    )
    const entries = registry.flatMap(({ places, userFields }) =>
      places.flatMap(({ collection }) => userFields.map((field) => `${collection}.${field}`)),
    )
    assert.deepEqual(new Set(entries), new Set(found))
  })
})

/** A statement as the `find` that looks for the same documents. */
function explainable(name: string, collection: string | null, command: Document): Document[] {
  if (collection === null) return []
  const of = (filter: Document, more: Document = {}): Document => ({ find: collection, filter, ...more })
  const { filter, sort, hint, query, updates, deletes } = command
  switch (name) {
    case 'find':
      return [of(filter, { ...(sort && { sort }), ...(hint && { hint }) })]
    case 'findAndModify':
      return [of(query)]
    case 'update':
      return updates.map((each: Document) => of(each['q']))
    case 'delete':
      return deletes.map((each: Document) => of(each['q']))
    default:
      return []
  }
}
