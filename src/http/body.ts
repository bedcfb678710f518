/** Readers of request bodies: one meaning or none. */
import { DomainError } from '../domain/errors.ts'
import { http } from '../domain/limits.ts'

/** Keys that reach behind an object that is put together carelessly. */
const INHERITED = new Set(['__proto__', 'constructor', 'prototype'])
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses JSON (RFC 8259) and refuses what two readers could read in two ways; `docs/reference/http.md` says
 * what that is. Throws `json_invalid`.
 */
export function readJson(bytes: Uint8Array): unknown {
  const text = decode(bytes, 'json_invalid')
  const value = parse(text)
  if (requirePlain(value, 1) !== membersIn(text)) throw refused('A key of the body occurs twice.')
  return value
}

/** Parses a form body; every name at most once. Throws `request_invalid`. */
export function readForm(bytes: Uint8Array): Record<string, string> {
  const pairs = [...new URLSearchParams(decode(bytes, 'request_invalid'))]
  const fields = Object.fromEntries(pairs)
  if (Object.keys(fields).length !== pairs.length) {
    throw new DomainError('request_invalid', { detail: 'A field of the form occurs twice.' })
  }
  return fields
}

function decode(bytes: Uint8Array, code: 'json_invalid' | 'request_invalid'): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new DomainError(code, { detail: 'The body is not UTF-8.', cause })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DomainError('json_invalid', { cause })
  }
}

/** How many members the objects of a valid JSON text have as written: a repeated key counts each time. */
function membersIn(text: string): number {
  return text.match(/"(?:[^"\\]|\\.)*"(?:[ \t\r\n]*:)?/g)?.filter((token) => token.endsWith(':')).length ?? 0
}

/** Returns how many members all objects have. */
function requirePlain(value: unknown, depth: number): number {
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
