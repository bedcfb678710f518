/**
 * The one writer of a database file, in a thread of its own. Whatever is queued goes into one transaction,
 * with no artificial wait: one durable commit serves up to `queues.writesPerTransaction` requests, and one
 * that fails does not spoil the others.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { openDatabase, type Database } from './connection.ts'
import { runChore } from './chores.ts'
import { failureOf, type Failure } from './failures.ts'
import type { Greeting, Reply, Request, WriterData } from './messages.ts'
import { verbs, type VerbName } from './verbs.ts'

/** The method form lets the verbs, each with its own input, share one type. */
type Verb = { take(db: Database, ...input: readonly unknown[]): unknown }['take']
type Writing = Extract<Request, { verb: VerbName }>

const table: Readonly<Record<VerbName, Verb>> = verbs

function main({ path, writesPerTransaction }: WriterData): void {
  const port = parentPort
  if (!port) throw new Error('The writer runs in a worker thread.')
  const opened = open(path)
  if ('failure' in opened) {
    port.postMessage({ ready: false, failure: opened.failure } satisfies Greeting)
    return
  }
  const { db } = opened
  const queue: Request[] = []
  let flushing = false
  const flush = (): void => {
    flushing = false
    const first = queue[0]
    if (!first) return
    if ('chore' in first) {
      queue.shift()
      port.postMessage([runChore(db, first)])
      if (first.chore === 'close') port.close()
    } else {
      port.postMessage(runGroup(db, takeGroup(queue, writesPerTransaction)))
    }
    schedule()
  }
  const schedule = (): void => {
    if (flushing || queue.length === 0) return
    flushing = true
    setImmediate(flush)
  }
  port.on('message', (request: Request) => {
    queue.push(request)
    schedule()
  })
  port.postMessage({ ready: true } satisfies Greeting)
}

function open(path: string): { readonly db: Database } | { readonly failure: Failure } {
  try {
    return { db: openDatabase(path, 'write') }
  } catch (error) {
    return { failure: failureOf(error) }
  }
}

function takeGroup(queue: Request[], limit: number): Writing[] {
  const group: Writing[] = []
  for (const request of queue.slice(0, limit)) {
    if (!('verb' in request)) break
    group.push(request)
  }
  queue.splice(0, group.length)
  return group
}

/**
 * One transaction. A defect of one request undoes them all: they run again then, each under a savepoint of
 * its own. Savepoints come second, since with them SQLite keeps a copy of every page that it changes.
 */
function runGroup(db: Database, group: readonly Writing[]): readonly Reply[] {
  const first = attempt(db, group, runOne)
  const again = first.failure?.kind === 'defect' && group.length > 1
  const { replies, failure } = again ? attempt(db, group, runApart) : first
  return failure ? group.map(({ number }) => ({ number, failure })) : replies
}

/** Where it can't be committed, nothing of the group has been applied. */
function attempt(
  db: Database,
  group: readonly Writing[],
  run: (db: Database, request: Writing) => Reply,
): { readonly replies: readonly Reply[]; readonly failure?: Failure } {
  try {
    db.exec('BEGIN IMMEDIATE')
    const replies = group.map((request) => run(db, request))
    db.exec('COMMIT')
    return { replies }
  } catch (error) {
    rollBack(db)
    return { replies: [], failure: failureOf(error) }
  }
}

function runOne(db: Database, { number, verb, input }: Writing): Reply {
  return { number, result: table[verb](db, ...input) }
}

/** A defect undoes its own request; a failing database is thrown on and undoes the group. */
function runApart(db: Database, request: Writing): Reply {
  db.exec('SAVEPOINT request')
  try {
    const reply = runOne(db, request)
    db.exec('RELEASE request')
    return reply
  } catch (error) {
    const failure = failureOf(error)
    if (failure.kind !== 'defect') throw error
    db.exec('ROLLBACK TO request')
    db.exec('RELEASE request')
    return { number: request.number, failure }
  }
}

/** SQLite itself has already ended the transaction after some errors. */
function rollBack(db: Database): void {
  try {
    db.exec('ROLLBACK')
  } catch {
    // nothing was open
  }
}

main(workerData)
