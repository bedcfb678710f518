import { importing } from '../domain/limits.ts'
import type { JsonObject } from '../domain/ports/runtime.ts'
import type { Place } from './reader.ts'

/**
 * A row as it stands in a file of another program, whatever that file is; or why it can't be read. `list` is
 * the table or the list that it stands in, null where the file has but one.
 */
export type SourceRow = Place & { readonly list: string | null } & (
    | { readonly fields: JsonObject }
    | { readonly reason: string }
  )

const QUOTE = 0x22
const SPACE = 0x20

/** What stands in a text for bytes that were no UTF-8. */
export const REPLACEMENT = '\ufffd'

/** Whether a value that came out of JSON is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object that a text of JSON stands for; null for anything else, and for one that nests too deeply. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) && membersOf(value, importing.jsonMaxDepth) < Infinity ? value : null
  } catch {
    return null
  }
}

/** A key that an object has twice in the text of this object, where the last one has won; null for none. */
export function repeatedKey(text: string, parsed: JsonObject): string | null {
  // Most texts are cleared by counting, which costs a tenth of looking at each key.
  if (colonsIn(text) === membersOf(parsed, importing.jsonMaxDepth)) return null
  const open: Set<string>[] = []
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:[ \t\r\n]*:)?|[{}]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (token.endsWith(':')) {
      const key = String(JSON.parse(token.slice(0, -1)))
      if (open.at(-1)?.has(key)) return key
      open.at(-1)?.add(key)
    }
  }
  return null
}

/**
 * How many members all objects of a value have; infinite for one that nests deeper, since whoever walks
 * through it, or writes it, calls itself for each level.
 */
function membersOf(value: object, levels: number): number {
  if (levels === 0) return Infinity
  const inner: unknown[] = Object.values(value)
  let members = Array.isArray(value) ? 0 : inner.length
  for (const each of inner)
    if (typeof each === 'object' && each !== null) members += membersOf(each, levels - 1)
  return members
}

/** How many colons stand behind a quote: no fewer than a text of JSON has members. Not a number if unsure. */
function colonsIn(text: string): number {
  let found = 0
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1)
    if (before === QUOTE) found += 1
    else if (before <= SPACE) return Number.NaN
  }
  return found
}
