import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { availableParallelism, getPriority } from 'node:os'
import { after, test } from 'node:test'

import {
  type Argon2Method,
  type HashMethod,
  type HashTask,
  loadNodeRs,
  nodeEngine,
} from '../../src/crypto/hash-worker.ts'
import { crypto } from '../../src/domain/limits.ts'
import { createPasswords, type PasswordService, passwordsOn } from '../../src/crypto/passwords.ts'
import { listeningLog, newIssuer, newToken } from './issuer.ts'

const PASSWORD = 'correct horse battery'
const log = listeningLog()
const passwords = createPasswords({ log })
after(() => passwords.close())

/** How far each thread of this process gives way. */
function niceness(): number[] {
  return readdirSync('/proc/self/task').map((thread) => getPriority(Number(thread)))
}

/** Of bcrypt it is the number of characters. */
function tagBytesOf(method: HashMethod): number {
  return method.kind === 'bcrypt' ? 31 : method.tagBytes
}

function argon2Of(task: HashTask | undefined): Argon2Method {
  const method = task?.method
  return method?.kind === 'argon2id' ? method : assert.fail('this is not argon2id')
}

/** A hasher that counts, with a tag that depends on all that the true one's does. */
function counted(threads = 1): { service: PasswordService; tasks: HashTask[]; closed(): boolean } {
  const tasks: HashTask[] = []
  let closed = false
  const service = passwordsOn({
    threads,
    async compute(task) {
      tasks.push(task)
      const tag = hash('sha256', JSON.stringify([task.password, task.method]), 'buffer')
      return { tag: tag.subarray(0, tagBytesOf(task.method)), ms: 10, engine: 'node' }
    },
    close: async () => void (closed = true),
  })
  return { service, tasks, closed: () => closed }
}

const onLinux = process.platform === 'linux' ? {} : { skip: 'priorities of threads are those of Linux' }

test('hash threads give way to the other threads, and nothing else does', onLinux, async () => {
  await passwords.hash(PASSWORD)
  const base = getPriority()
  assert.deepEqual(new Set(niceness()), new Set([base, base + crypto.hashThreadNiceness]))
  assert.equal(getPriority(process.pid), base)
})

test('a hash is a PHC string that only its own password fits', async () => {
  const phc = await passwords.hash(PASSWORD)
  assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.equal(await passwords.verify(PASSWORD, phc), true)
  for (const wrong of [`${PASSWORD} `, ` ${PASSWORD}`, PASSWORD.toUpperCase(), PASSWORD.slice(0, -1), '']) {
    assert.equal(await passwords.verify(wrong, phc), false)
  }
})

test('the same password hashes to another string each time', async () => {
  assert.notEqual(await passwords.hash(PASSWORD), await passwords.hash(PASSWORD))
})

test('no byte of a long password is ignored (row 61)', async () => {
  const long = 'a'.repeat(255)
  const phc = await passwords.hash(`${long}b`)
  assert.equal(await passwords.verify(`${long}b`, phc), true)
  assert.equal(await passwords.verify(long, phc), false)
  assert.equal(await passwords.verify(`${long}c`, phc), false)
  const zero = await passwords.hash('before\0after')
  assert.equal(await passwords.verify('before\0other', zero), false)
})

test('hashes of both engines are interchangeable', async () => {
  const nodeRs = await loadNodeRs()
  assert.ok(nodeRs)
  const cost = { salt: Buffer.alloc(16, 3), memoryKib: 19_456, passes: 2, lanes: 1 }
  for (const kind of ['argon2id', 'argon2i', 'argon2d'] as const) {
    for (const tagBytes of [32, 64]) {
      const task = { password: 'pässwörd 🙂', method: { kind, tagBytes, ...cost } }
      assert.deepEqual(Buffer.from(nodeRs(task)), Buffer.from(nodeEngine(task)))
    }
  }
})

test('the log says once which engine hashes', async () => {
  await passwords.hash(PASSWORD)
  assert.deepEqual(log.lines, ['info passwords are hashed by @node-rs/argon2'])
})

test('every path costs exactly one hash of the same cost', async () => {
  const { service, tasks } = counted()
  const phc = await service.hash(PASSWORD)
  const paths: readonly (readonly [string, string | null, boolean])[] = [
    [PASSWORD, phc, true],
    ['wrong', phc, false],
    [PASSWORD, null, false],
    ['', null, false],
    [PASSWORD, '', false],
    [PASSWORD, 'not a hash', false],
    // 41 characters are no base64 of any tag; one of 42 may be that of a shorter tag, by chance.
    [PASSWORD, phc.slice(0, -2), false],
    [PASSWORD, phc.replace('m=19456', 'm=4194304'), false],
    [PASSWORD, '$2x$12$abcdefghijklmnopqrstuuOe5HZ1zPzYAEGYVpBcAxcQ2zmH0lVbS', false],
  ]
  for (const [password, stored, expected] of paths) {
    tasks.length = 0
    assert.equal(await service.verify(password, stored), expected)
    assert.equal(tasks.length, 1)
    const { memoryKib, passes, lanes, tagBytes, salt } = argon2Of(tasks[0])
    assert.deepEqual([memoryKib, passes, lanes, tagBytes, salt.length], [19_456, 2, 1, 32, 16])
  }
})

test('a stored hash of another cost is verified with its own cost', async () => {
  const { service, tasks } = counted()
  const phc = (await service.hash(PASSWORD)).replace('m=19456,t=2', 'm=65536,t=3')
  await service.verify(PASSWORD, phc)
  const { memoryKib, passes } = argon2Of(tasks.at(-1))
  assert.deepEqual([memoryKib, passes], [65_536, 3])
})

test('a stranger is compared with a tag that differs from process to process', async () => {
  const [one, other] = [counted(), counted()]
  await one.service.verify(PASSWORD, null)
  await one.service.verify(PASSWORD, null)
  await other.service.verify(PASSWORD, null)
  assert.deepEqual(one.tasks[0]?.method, one.tasks[1]?.method)
  assert.notDeepEqual(argon2Of(one.tasks[0]).salt, argon2Of(other.tasks[0]).salt)
})

test('a full queue refuses a hash, a comparison and a stranger alike, before any hash', async () => {
  const tasks: HashTask[] = []
  const never = new Promise<never>(() => {})
  const compute = (task: HashTask): Promise<never> => {
    tasks.push(task)
    return never
  }
  const service = passwordsOn({ threads: 2, compute, close: async () => {} })
  for (let index = 0; index < 402; index++) service.hash(PASSWORD).catch(() => {})
  assert.deepEqual([tasks.length, service.waiting()], [2, 400])
  for (const refused of [service.hash(PASSWORD), service.verify(PASSWORD, null), service.verify('x', 'y')]) {
    await assert.rejects(refused, { code: 'overloaded', retryAfterSeconds: 2 })
  }
  assert.deepEqual([tasks.length, service.waiting()], [2, 400])
})

test('a waiting hash is dropped when its client goes', async () => {
  const started = Promise.withResolvers<never>()
  const service = passwordsOn({ threads: 1, compute: () => started.promise, close: async () => {} })
  const client = new AbortController()
  service.hash(PASSWORD).catch(() => {})
  const dropped = service.verify(PASSWORD, null, client.signal)
  client.abort()
  await assert.rejects(dropped, { code: 'overloaded' })
  assert.equal(service.waiting(), 0)
})

test('a never-seen token is verified before a long queue of hashes drains', async () => {
  const issuer = await newIssuer()
  const order: string[] = []
  await passwords.hash(PASSWORD)
  // Far more than threads, and within what may wait.
  const hashes = Array.from({ length: Math.min(20 * availableParallelism(), 300) }, () =>
    passwords.verify(PASSWORD, null).then(() => order.push('hash')),
  )
  const token = await newToken(issuer)
  await issuer.tokens.verify(token)
  order.push('token')
  const stillWaiting = passwords.waiting()
  await Promise.all(hashes)
  assert.ok(stillWaiting > 0, 'the queue had drained')
  assert.ok(order.indexOf('token') < order.length - 1)
})

test('closing stops the threads, and what comes later is refused', async () => {
  const { service, closed } = counted()
  await service.hash(PASSWORD)
  await service.close()
  assert.equal(closed(), true)
  await assert.rejects(service.verify(PASSWORD, null), { code: 'overloaded' })
})

test('passwords that were never used close without starting a thread', async () => {
  const unused = listeningLog()
  await createPasswords({ log: unused }).close()
  assert.deepEqual(unused.lines, [])
})
