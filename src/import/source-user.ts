import { userFieldErrors } from '../domain/field-rules.ts'
import type { JsonObject, JsonValue } from '../domain/ports/runtime.ts'
import { readFlag, readTime } from './read-values.ts'
import { isObject, parseObject } from './source-row.ts'

/**
 * The fields of a user of another program, by paths such as `id` or `user_metadata.name`. Of several paths
 * the first one that is there counts. It is kept in mind what has been taken, so that the rest can be named.
 */
export interface SourceUser {
  /** Takes a text, or a number as one; null where there is none. */
  text(...paths: readonly string[]): string | null
  /** The same, where it is a username or a locale that we can keep; else it is left. */
  username(...paths: readonly string[]): string | null
  locale(...paths: readonly string[]): string | null
  /** Takes a flag; null where there is none. */
  flag(...paths: readonly string[]): boolean | null
  /** Takes a time as RFC 3339; one that can't be read is left. */
  time(...paths: readonly string[]): string | null
  /** Takes texts: a list of them, or one text with commas. */
  texts(path: string): readonly string[]
  /** Takes whatever it is; null where there is nothing. */
  value(path: string): JsonValue
  /** Whether there is anything, without taking it. */
  has(path: string): boolean
  /** Takes what means nothing outside the program that it is from. */
  drop(...paths: readonly string[]): void
  /** What has not been taken and is not empty. */
  remaining(): readonly string[]
  /** What was there, and of a type that can't be. */
  readonly problems: readonly string[]
}

/** `objects` names the fields that hold JSON objects, which some containers have as texts. */
export function openSourceUser(given: JsonObject, objects: readonly string[] = []): SourceUser {
  const fields = withObjects(given, objects)
  const taken = new Set<string>()
  const problems: string[] = []
  const first = (paths: readonly string[]) => paths.find((path) => !isEmpty(lookUp(fields, path)))
  /** Reads what stands at the first path, and takes it where that worked. */
  function read<Value>(paths: readonly string[], reader: (value: JsonValue) => Value | null): Value | null {
    const path = first(paths)
    const value = path === undefined ? null : reader(lookUp(fields, path))
    if (path !== undefined && value !== null) taken.add(path)
    return value
  }
  /** The same, where nothing else will do. */
  function need<Value>(paths: readonly string[], reader: (value: JsonValue) => Value | null): Value | null {
    const value = read(paths, reader)
    const path = first(paths)
    if (path !== undefined && value === null) problems.push(path)
    return value
  }
  return {
    problems,
    text: (...paths) => need(paths, readText),
    username: (...paths) => read(paths, (value) => fitting('username', value)),
    locale: (...paths) => read(paths, (value) => fitting('locale', value)),
    flag: (...paths) => need(paths, readFlag),
    time: (...paths) => read(paths, readTime),
    texts: (path) => read([path], readTexts) ?? [],
    value: (path) => read([path], (value) => value),
    has: (path) => first([path]) !== undefined,
    drop: (...paths) => paths.forEach((path) => taken.add(path)),
    remaining: () => remaining(fields, taken),
  }
}

function withObjects(fields: JsonObject, objects: readonly string[]): JsonObject {
  const parsed = objects.flatMap((name) => {
    const value = fields[name]
    const object = typeof value === 'string' ? parseObject(value) : null
    return object ? [[name, object] as const] : []
  })
  return { ...fields, ...Object.fromEntries(parsed) }
}

/** What stands at a path: a name with a dot in it is found too. */
function lookUp(fields: JsonObject, path: string): JsonValue {
  if (Object.hasOwn(fields, path)) return fields[path] ?? null
  const dot = path.indexOf('.')
  if (dot < 0) return null
  const inner = Object.hasOwn(fields, path.slice(0, dot)) ? fields[path.slice(0, dot)] : null
  return isObject(inner) ? lookUp(inner, path.slice(dot + 1)) : null
}

function isEmpty(value: JsonValue): boolean {
  if (value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

function readText(value: JsonValue): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null
}

function readTexts(value: JsonValue): readonly string[] | null {
  const list = typeof value === 'string' ? value.split(',').map((text) => text.trim()) : value
  return Array.isArray(list) && list.every((each) => typeof each === 'string') ? list : null
}

/** A text that our rules for this field allow. */
function fitting(field: 'username' | 'locale', value: JsonValue): string | null {
  return typeof value === 'string' && userFieldErrors({ [field]: value }).length === 0 ? value : null
}

/** The paths of what is left, two levels deep. */
function remaining(fields: JsonObject, taken: ReadonlySet<string>): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (taken.has(name) || isEmpty(value)) return []
    if (!isObject(value)) return [name]
    const inner = Object.entries(value).map(([key, each]) => [`${name}.${key}`, each] as const)
    return inner.flatMap(([path, each]) => (taken.has(path) || isEmpty(each) ? [] : [path]))
  })
}
