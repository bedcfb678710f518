import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'

import { queues } from '../../src/domain/limits.ts'
import { createHashQueue, type HashQueue } from '../../src/crypto/hash-queue.ts'

interface Done {
  readonly name: string
  readonly ms: number
}

interface Bench {
  readonly queue: HashQueue<string, Done>
  /** The names of the tasks in the order in which they began. */
  readonly begun: string[]
  /** Ends a running task after so many (claimed) milliseconds. */
  end(name: string, ms?: number): Promise<void>
  fail(name: string): Promise<void>
}

/** Lets every callback that is due run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function bench(width: number, weightOf?: (name: string) => number): Bench {
  const begun: string[] = []
  const running = new Map<string, PromiseWithResolvers<Done>>()
  const queue = createHashQueue(
    width,
    (name: string) => {
      begun.push(name)
      const pending = Promise.withResolvers<Done>()
      running.set(name, pending)
      return pending.promise
    },
    weightOf && { weightOf },
  )
  return {
    queue,
    begun,
    async end(name, ms = 10) {
      running.get(name)?.resolve({ name, ms })
      await settled()
    },
    async fail(name) {
      running.get(name)?.reject(new Error(`${name} broke`))
      await settled()
    },
  }
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `task ${index}`)

test('no more tasks run at once than there are threads, and the others wait first in, first out', async () => {
  const { queue, begun, end } = bench(2)
  const order: string[] = []
  for (const name of names(5)) void queue.run(name).then((done) => order.push(done.name))
  assert.deepEqual(begun, ['task 0', 'task 1'])
  assert.equal(queue.waiting(), 3)
  await end('task 1')
  assert.deepEqual(begun, ['task 0', 'task 1', 'task 2'])
  await end('task 2')
  await end('task 0')
  assert.deepEqual(begun, names(5))
  assert.equal(queue.waiting(), 0)
  await end('task 3')
  await end('task 4')
  assert.deepEqual(order, ['task 1', 'task 2', 'task 0', 'task 3', 'task 4'])
})

test('at 10 ms a hash, 400 may wait; the next one is refused before any work', async () => {
  const { queue, begun } = bench(1)
  void queue.run('running')
  for (const name of names(400)) queue.run(name).catch(() => {})
  assert.equal(queue.waiting(), 400)
  await assert.rejects(queue.run('too many'), { code: 'overloaded', retryAfterSeconds: 2 })
  assert.deepEqual([queue.waiting(), begun], [400, ['running']])
  void queue.close()
})

test('the bound follows the measured time of a hash', async () => {
  const { queue, end } = bench(1)
  for (const name of names(50)) {
    void queue.run(name)
    await end(name, 1000)
  }
  void queue.run('running')
  for (const name of names(4)) queue.run(name).catch(() => {})
  assert.equal(queue.waiting(), 4)
  await assert.rejects(queue.run('fifth'), { code: 'overloaded' })
  void queue.close()
})

test('an idle queue takes a task however slow hashes have been', async () => {
  const { queue, begun, end } = bench(1)
  for (const name of names(50)) {
    void queue.run(name)
    await end(name, 60_000)
  }
  void queue.run('still taken')
  assert.equal(begun.at(-1), 'still taken')
})

test('a task whose client goes while it waits is dropped and never begins', async () => {
  const { queue, begun, end } = bench(1)
  const client = new AbortController()
  void queue.run('first')
  const dropped = queue.run('dropped', client.signal)
  void queue.run('last')
  client.abort()
  await assert.rejects(dropped, { code: 'overloaded' })
  assert.equal(queue.waiting(), 1)
  await end('first')
  assert.deepEqual(begun, ['first', 'last'])
})

test('a dropped task makes room in a full queue', async () => {
  const { queue } = bench(1)
  const client = new AbortController()
  void queue.run('running')
  for (const name of names(399)) queue.run(name).catch(() => {})
  queue.run('dropped', client.signal).catch(() => {})
  await assert.rejects(queue.run('too many'), { code: 'overloaded' })
  client.abort()
  queue.run('fits').catch(() => {})
  assert.equal(queue.waiting(), 400)
  void queue.close()
})

test('a client that has gone before it asks costs nothing', async () => {
  const { queue, begun } = bench(1)
  await assert.rejects(queue.run('gone', AbortSignal.abort()), { code: 'overloaded' })
  assert.deepEqual(begun, [])
})

test('a running task is not stopped when its client goes, and gives its result', async () => {
  const { queue, end } = bench(1)
  const client = new AbortController()
  const direct = queue.run('direct', client.signal)
  const waited = queue.run('waited', client.signal)
  await end('direct')
  client.abort()
  assert.equal((await direct).name, 'direct')
  await end('waited')
  assert.equal((await waited).name, 'waited')
})

test('a task that fails rejects for its caller alone and frees its place', async () => {
  const { queue, begun, fail } = bench(1)
  const broken = assert.rejects(queue.run('broken'), /broken broke/)
  void queue.run('next')
  await fail('broken')
  await broken
  assert.deepEqual(begun, ['broken', 'next'])
})

test('closing refuses what waits and what comes, and ends when the running tasks have ended', async () => {
  const { queue, begun, end } = bench(2)
  const running = [queue.run('a'), queue.run('b')]
  const waiting = assert.rejects(queue.run('waiting'), { code: 'overloaded' })
  let closed = false
  const closing = queue.close().then(() => (closed = true))
  await waiting
  await assert.rejects(queue.run('late'), { code: 'overloaded' })
  await end('a')
  assert.equal(closed, false)
  await end('b')
  await closing
  assert.deepEqual(
    (await Promise.all(running)).map(({ name }) => name),
    ['a', 'b'],
  )
  assert.deepEqual(begun, ['a', 'b'])
})

test('a task listens to its client only while it waits', async () => {
  const { queue, end } = bench(1)
  const { signal } = new AbortController()
  const listeners = (): number => getEventListeners(signal, 'abort').length
  void queue.run('first', signal)
  assert.equal(listeners(), 0)
  void queue.run('second', signal)
  queue.run('third', signal).catch(() => {})
  assert.equal(listeners(), 2)
  await end('first')
  assert.equal(listeners(), 1)
  void queue.close()
  assert.equal(listeners(), 0)
})

test('an idle queue closes at once', async () => {
  await bench(1).queue.close()
})

test('whoever has waited too long is refused without a hash, since hashes may have become slower', async (t) => {
  const { queue, begun, end } = bench(1)
  let ahead = 0
  const now = performance.now.bind(performance)
  t.mock.method(performance, 'now', () => now() + ahead)
  void queue.run('running')
  const refusals = ['late', 'later'].map((name) => assert.rejects(queue.run(name), { code: 'overloaded' }))
  ahead = queues.hashQueueMaxMs
  const inTime = queue.run('in time')
  await end('running')
  await Promise.all(refusals)
  assert.deepEqual(begun, ['running', 'in time'])
  await end('in time')
  assert.equal((await inTime).name, 'in time')
  assert.equal(queue.waiting(), 0)
})

test('time that this thread needs to hand out work counts as work, too', async (t) => {
  const { queue, end } = bench(1)
  let ahead = 0
  const now = performance.now.bind(performance)
  t.mock.method(performance, 'now', () => now() + ahead)
  const first = queue.run('first')
  ahead = queues.hashQueueMaxMs * 100
  await end('first', 1)
  await first
  void queue.run('running')
  await assert.rejects(queue.run('excess'), { code: 'overloaded' })
  await end('running')
})

test('slow hashes count by their work, and do not make the queue take others for slow', async () => {
  const { queue, end } = bench(1, (name) => (name.startsWith('slow') ? 100 : 1))
  for (const name of names(20)) {
    void queue.run(`slow ${name}`)
    await end(`slow ${name}`, 1000)
  }
  void queue.run('slow and running')
  for (const name of names(3)) queue.run(`slow ${name}`).catch(() => {})
  for (const name of names(100)) queue.run(name).catch(() => {})
  assert.equal(queue.waiting(), 103)
  await assert.rejects(queue.run('excess'), { code: 'overloaded' })
  void queue.close()
})

test('a slow hash is taken where any other is: asking for room and running agree', () => {
  const { queue } = bench(1, (name) => (name.startsWith('slow') ? 1_000_000 : 1))
  void queue.run('running')
  queue.requireRoom()
  queue.run('slow').catch(() => {})
  assert.equal(queue.waiting(), 1)
  assert.throws(() => queue.requireRoom(), { code: 'overloaded' })
  void queue.close()
})
