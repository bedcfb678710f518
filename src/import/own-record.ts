import { importing } from '../domain/limits.ts'
import type { JsonObject, JsonValue } from '../domain/ports/runtime.ts'
import { recordFields } from '../domain/user-record.ts'
import type { ImportRow, Place, ReaderOptions } from './reader.ts'
import { isObject } from './source-row.ts'

const known: ReadonlySet<string> = new Set(recordFields)
const nothing: readonly string[] = []

/** A row in our own terms: what a record has besides its fields is left behind, or goes into the profile. */
export function ownRow({ file, line }: Place, fields: JsonObject, options: ReaderOptions): ImportRow {
  const paths = Object.keys(options.profileFields)
  const foreign = Object.keys(fields).filter((name) => !known.has(name))
  const roles = rolesOf(fields['roles'], options)
  if (foreign.length === 0 && paths.length === 0 && roles === null)
    return { file, line, record: fields, leftBehind: nothing }
  const record = Object.fromEntries(Object.entries(fields).filter(([name]) => known.has(name)))
  const leftBehind = foreign
    .filter((name) => isSomething(fields[name]) && !paths.some((path) => path.split('.')[0] === name))
    .slice(0, importing.leftBehindMax)
    .map((name) => name.slice(0, importing.leftBehindMaxLength))
  const more: JsonObject = {
    ...(paths.length > 0 && { profile: profileOf(fields, options) }),
    ...(roles !== null && { roles }),
  }
  return { file, line, record: { ...record, ...more }, leftBehind }
}

/** What the options say of a role; null where they say nothing, and the record stays as it is. */
function rolesOf(roles: JsonValue | undefined, { roles: ours }: ReaderOptions): JsonValue | null {
  if (!Array.isArray(roles) || Object.keys(ours).length === 0) return null
  return roles.map((role: JsonValue) =>
    typeof role === 'string' && Object.hasOwn(ours, role) ? (ours[role] ?? role) : role,
  )
}

function profileOf(fields: JsonObject, { profileFields }: ReaderOptions): JsonObject {
  const { profile } = fields
  const given = Object.entries(profileFields).map(([path, name]) => [name, valueAt(fields, path)] as const)
  return {
    ...(isObject(profile) && profile),
    ...Object.fromEntries(given.filter(([, value]) => isSomething(value))),
  }
}

function valueAt(fields: JsonObject, path: string): JsonValue {
  return path.split('.').reduce<JsonValue>((value, name) => {
    return isObject(value) && Object.hasOwn(value, name) ? (value[name] ?? null) : null
  }, fields)
}

function isSomething(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null && value !== ''
}
