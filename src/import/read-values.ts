/** How other programs write flags, times and the types of their databases. */
import type { JsonObject, JsonValue } from '../domain/ports/runtime.ts'
import { isObject } from './source-row.ts'
import { uuidText } from './sqlite-rows.ts'

/** A text, number or flag as a text; an empty one for anything else. */
export function asText(value: JsonValue | undefined): string {
  return typeof value === 'object' || value === undefined ? '' : String(value)
}

const FLAGS: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  yes: true,
  '1': true,
  false: false,
  f: false,
  no: false,
  '0': false,
}

/** A flag of JSON, SQLite, PostgreSQL or Python; null for anything else. */
export function readFlag(value: JsonValue): boolean | null {
  if (typeof value === 'boolean') return value
  const text = asText(value).toLowerCase()
  return Object.hasOwn(FLAGS, text) ? (FLAGS[text] ?? null) : null
}

const TIME =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)? ?(?:(Z|UTC)|([+-]\d\d)(?::?(\d\d))?)?$/i
/** Smaller numbers are seconds: in milliseconds they would be in the first months of 1970. */
const MILLISECONDS_FROM = 1e10

/**
 * A time as RFC 3339 in UTC, from that, from the forms of databases (without a zone it is UTC) or from
 * seconds or milliseconds since 1970; null for anything else.
 */
export function readTime(value: JsonValue): string | null {
  const number = typeof value === 'number' ? value : /^\d{9,13}$/.test(asText(value)) ? Number(value) : null
  if (number !== null) return timeText(number < MILLISECONDS_FROM ? number * 1000 : number)
  const [, date, clock = '00:00', fraction = '', zone, hours, minutes = '00'] = TIME.exec(asText(value)) ?? []
  if (date === undefined) return null
  const offset = zone !== undefined || hours === undefined ? 'Z' : `${hours}:${minutes}`
  const seconds = clock.length === 5 ? `${clock}:00` : clock
  return timeText(Date.parse(`${date}T${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${offset}`))
}

function timeText(ms: number): string | null {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? null : time.toISOString()
}

const OBJECT_ID = /^[0-9a-f]{24}$/

/** When a MongoDB document was made, as its ObjectId says; null for an id of another kind. */
export function timeOfObjectId(id: string | null): string | null {
  return id !== null && OBJECT_ID.test(id) ? readTime(Number.parseInt(id.slice(0, 8), 16)) : null
}

/**
 * The values of MongoDB Extended JSON (canonical or relaxed) as plain JSON: times as RFC 3339, binary UUIDs
 * as such.
 */
export function fromExtendedJson(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(fromExtendedJson)
  if (!isObject(value)) return value
  const [[name, inner] = ['', null], ...others] = Object.entries(value)
  if (others.length === 0 && name.startsWith('$')) return readTyped(name, inner) ?? value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fromExtendedJson(each)]))
}

function readTyped(name: string, value: JsonValue): JsonValue {
  if (name === '$oid' || name === '$uuid' || name === '$numberDecimal') return value
  if (name === '$numberInt' || name === '$numberDouble') return Number(value)
  if (name === '$numberLong') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (name === '$date') return readTime(fromExtendedJson(value))
  return name === '$binary' && isObject(value) ? readBinary(value) : null
}

/**
 * Subtype 4 is a UUID; 3 is one too, in an order of bytes that each driver had for itself (Python's is the
 * plain one).
 */
function readBinary({ base64, subType }: JsonObject): JsonValue {
  const bytes = Buffer.from(asText(base64), 'base64')
  const isUuid = bytes.length === 16 && (subType === '04' || subType === '03')
  return isUuid ? uuidText(bytes.toString('hex')) : bytes.toString('base64')
}
