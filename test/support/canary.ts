/** People whose every field is marked, and the search for what is left of them. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const MARKER = /zqx[0-9a-z]{5}/g
const POSSIBLE = 36 ** 5

/** What a person has typed, or its device has sent. Each value holds one marker and nothing else that is its own. */
export interface Fields {
  readonly username: string
  readonly email: string
  readonly locale: string
  readonly profile: Readonly<Record<string, string>>
  readonly deviceName: string
  readonly userAgent: string
  readonly idempotencyKey: string
}

export interface Person {
  readonly index: number
  /** The values of the registration, those that replace them, and a third set of which some are used. */
  readonly versions: readonly [Fields, Fields, Fields]
  /** Markers of what the account says now; the others were replaced, or never stored as they are. */
  readonly current: Set<string>
  readonly password: string
}

export interface Crowd {
  readonly people: readonly Person[]
  /** Whose marker this is; undefined for a text that only looks like one. */
  ownerOf(marker: string): number | undefined
}

/** Markers of eight letters and digits, since a language tag takes no longer word; no two are the same. */
export function markedCrowd(size: number, seed: number): Crowd {
  const owners = new Map<string, number>()
  const next = (owner: number): string => {
    const number = (owners.size * 7919 + seed) % POSSIBLE
    const marker = `zqx${number.toString(36).padStart(5, '0')}`
    owners.set(marker, owner)
    return marker
  }
  const people = Array.from({ length: size }, (_, index) => ({
    index,
    versions: [fields(() => next(index)), fields(() => next(index)), fields(() => next(index))] as const,
    current: new Set<string>(),
    password: `the-${next(index)}-password`,
  }))
  return { people, ownerOf: (marker) => owners.get(marker) }
}

function fields(marker: () => string): Fields {
  return {
    username: `U.${marker()}`,
    email: `${marker()}@${marker()}.example`,
    locale: `en-x-${marker()}`,
    profile: {
      display_name: `Name ${marker()}`,
      given_name: `Given ${marker()}`,
      family_name: `Family ${marker()}`,
      picture: `https://pictures.example/${marker()}.png`,
      website: `https://${marker()}.example/`,
      bio: `Born ${marker()}, ${'and then there was much more to tell, '.repeat(6)}until ${marker()}.`,
    },
    deviceName: `Device ${marker()}`,
    userAgent: `Agent/1.0 (${marker()})`,
    idempotencyKey: `key-${marker()}`,
  }
}

export function markersIn(content: string | Buffer): Set<string> {
  const text = typeof content === 'string' ? content : content.toString('latin1')
  return new Set(text.match(MARKER))
}

/** The markers of these people in some content. */
export function leftOf(crowd: Crowd, gone: ReadonlySet<number>, content: string | Buffer): readonly string[] {
  return [...markersIn(content)].filter((marker) => gone.has(crowd.ownerOf(marker) ?? -1))
}

/** Every row of every table, as text; sealed and hashed columns as the bytes that they are. */
export function dumpOf(databaseFile: string): string {
  const db = new DatabaseSync(databaseFile, { readOnly: true })
  try {
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    return tables.map(({ name }) => rowsOf(db, String(name))).join('\n')
  } finally {
    db.close()
  }
}

function rowsOf(db: DatabaseSync, table: string): string {
  const text = (value: unknown): string =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)
  const rows = db.prepare(`SELECT * FROM "${table}"`).all()
  return rows.map((row) => `${table} ${Object.values(row).map(text).join(' ')}`).join('\n')
}

/** Every file of a folder and of those below it. */
export function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false)
}

/** The content of a file; empty where it is not there. */
export function bytesOf(path: string): Buffer {
  return statSync(path, { throwIfNoEntry: false }) ? readFileSync(path) : Buffer.alloc(0)
}
