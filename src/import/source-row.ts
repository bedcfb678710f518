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
    return isObject(value) && !nestsDeeper(value, importing.jsonMaxDepth) ? value : null
  } catch {
    return null
  }
}

/** Whoever walks through a value, or writes it, calls itself for each level. */
function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => nestsDeeper(inner, levels - 1))
}
