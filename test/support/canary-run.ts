/** The steps of the canary that are the same on every engine: a crowd lives, some of it leaves, and is searched for. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { startApp, type App } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { Deps } from '../../src/domain/deps.ts'
import { DomainError } from '../../src/domain/errors.ts'
import { domainDoor, httpDoor, shortLife, wholeLife, type Door } from './canary-doors.ts'
import { leftOf, markedCrowd, markersIn, type Person } from './canary.ts'
import { clientOf, patient, type Client } from './process-client.ts'
import { temporaryFolder, until } from './process.ts'

const release = process.env['UM_TEST_SIZE'] === 'release'
export const size = release ? 6000 : 900
const seed = Number(process.env['UM_TEST_SEED'] ?? Math.floor(Math.random() * 1e7))
export const crowd = markedCrowd(size, seed)
/** Five of twelve, one beside the other with those that stay: their rows share pages. */
export const leaving = crowd.people.filter(({ index }) => index % 12 < 5)
export const staying = crowd.people.filter(({ index }) => index % 12 >= 5)
export const gone: ReadonlySet<number> = new Set(leaving.map(({ index }) => index))
export const exporting = leaving.filter(({ index }) => index < 60 || index % 24 === 0)

const folder = temporaryFolder()
export const dataDir = join(folder, 'data')
const logFile = join(folder, 'log')

/** How somebody lives, and leaves. */
export interface Life {
  live(person: Person): Promise<void>
  remove(person: Person): Promise<void>
}

export interface Canary {
  readonly app: App
  /** The server's own, with a store that waits its turn. */
  readonly deps: Deps
  readonly call: Client
  readonly doorOf: (person: Person) => Door
  /** The one hash that every account has. */
  readonly passwordHash: string
}

/** The server in this process; its log takes more than the real one prints: everything that it is given. */
export async function startCanary(settings: Readonly<Record<string, string>> = {}): Promise<Canary> {
  const config = loadConfig({ UM_DATA_DIR: dataDir, UM_PORT: '0', ...settings })
  const app = await startApp(config, { log: { info: write, warn: write, error: write } })
  const call = patient(clientOf(app.publicUrl))
  const byHttp = httpDoor(call)
  const passwordHash = await app.deps.passwords.hash('one hash for all of them')
  const deps = { ...app.deps, store: patientPort(app.deps.store) }
  const byUseCase = domainDoor(deps, passwordHash)
  const doorOf = ({ index }: Person): Door => (release || index < 60 ? byHttp : byUseCase)
  return { app, deps, call, doorOf, passwordHash }
}

/** Calls again while the store is busy: such a step was surely not applied, and the same ids make it the same step. */
function patientPort<Port extends object>(port: Port): Port {
  const isBusy = (error: unknown): boolean => error instanceof DomainError && error.code === 'overloaded'
  return new Proxy(port, {
    get(target, member) {
      const step: unknown = Reflect.get(target, member)
      if (typeof step !== 'function') return step
      return (...input: unknown[]): Promise<unknown> =>
        until(async () => {
          try {
            return { result: await Reflect.apply(step, target, input) }
          } catch (error) {
            if (isBusy(error)) return null
            throw error
          }
        }, 'a store that is not busy').then(({ result }) => result)
    },
  })
}

function write(...said: readonly unknown[]): void {
  appendFileSync(logFile, `${inspect(said, { depth: 9, maxStringLength: null })}\n`)
}

/** By the use cases: those that leave have replaced every kind of field, the others their profile. */
export function lifeOf({ doorOf }: Canary): Life {
  return {
    live: (person) => (gone.has(person.index) ? wholeLife : shortLife)(person, doorOf(person)),
    remove: (person) => doorOf(person).remove(person),
  }
}

/** Everybody in turn, this many at a time. */
export async function each(people: readonly Person[], act: (person: Person) => Promise<void>, width = 48) {
  const queue = people.values()
  const worker = async (): Promise<void> => {
    for (const person of queue) await act(person)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

/** The first few are enough to see what is wrong. */
function assertNone(markers: readonly string[], what = `seed ${seed}`): void {
  assert.deepEqual(markers.slice(0, 5), [], `${markers.length} markers: ${what}`)
}

/** An export holds whatever of its user is stored, everything current, and nothing of anybody else. */
export async function assertExports({ doorOf }: Canary, dump: string): Promise<void> {
  const stored = markersIn(dump)
  assert.ok(exporting.length >= 50)
  await each(exporting, async (person) => {
    const exported = markersIn(await doorOf(person).exportAll(person))
    const own = [...stored].filter((marker) => crowd.ownerOf(marker) === person.index)
    assert.ok(person.current.size >= 14)
    assertNone([...own, ...person.current].filter((marker) => !exported.has(marker)))
    const strange = [...exported].filter((marker) => crowd.ownerOf(marker) !== person.index)
    assertNone(strange, 'nothing of anybody else')
  })
}

/** Everything current of these people is in the dump. */
export function assertThere(people: readonly Person[], dump: string, what: string): void {
  const found = markersIn(dump)
  assertNone(
    people.flatMap(({ current }) => [...current].filter((marker) => !found.has(marker))),
    what,
  )
}

export function assertGone(content: string | Buffer, what?: string): void {
  assertNone(leftOf(crowd, gone, content), what)
}

/** The inbox shows nothing of the deleted any more, and goes on showing the mails of the others as they come. */
export async function assertInbox({ call }: Canary): Promise<void> {
  const inbox = await until(async () => {
    const { text } = await call('GET /dev/mail/messages')
    assertGone(text)
    return markersIn(text).size > 100 ? text : null
  }, 'an inbox with the mails of the others')
  assertGone(inbox)
}

/** Of nobody at all, whether deleted or not. */
export function assertLogClean(): void {
  const log = readFileSync(logFile)
  assertNone([...markersIn(log)])
  assert.ok(log.length > 0)
}
