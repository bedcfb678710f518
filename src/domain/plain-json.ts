import { DomainError } from './errors.ts'
import { http } from './limits.ts'

/** Keys that reach behind an object that is put together carelessly. */
const INHERITED = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Refuses what two readers could read in two ways, or what a database would not give back as it was. Returns
 * how many members all objects have. `depth` is the level of this value, 1 for a whole body. Throws
 * `json_invalid`.
 */
export function requirePlain(value: unknown, depth: number): number {
  if (typeof value === 'string') requireText(value)
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw refused('A number of the body is too large to be kept exactly.')
  if (typeof value !== 'object' || value === null) return 0
  if (depth > http.jsonMaxDepth) throw refused('The body nests too deeply.')
  const keys = Object.keys(value)
  if (keys.length > http.jsonMaxKeys)
    throw refused(`An object or list has more than ${http.jsonMaxKeys} entries.`)
  const below = Object.values(value).reduce((sum: number, child) => sum + requirePlain(child, depth + 1), 0)
  if (Array.isArray(value)) return below
  for (const key of keys) {
    requireText(key)
    if (INHERITED.has(key)) throw refused(`The key ${key} is not taken.`)
  }
  return below + keys.length
}

/** Databases end a text at a NUL, and write something else for half a surrogate pair. */
function requireText(text: string): void {
  if (text.includes('\0')) throw refused('A text of the body has the character U+0000.')
  if (!text.isWellFormed()) throw refused('A text of the body has half a surrogate pair.')
}

function refused(detail: string): DomainError {
  return new DomainError('json_invalid', { detail })
}
