/** Readers of request bodies: one meaning or none. */
import { DomainError } from '../domain/errors.ts'
import { http } from '../domain/limits.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses JSON (RFC 8259) and refuses what two readers could read in two ways. Throws `json_invalid`. */
export function readJson(bytes: Uint8Array): unknown {
  const value = parse(decode(bytes))
  requirePlain(value, 1)
  return value
}

/** Parses a form body; every name at most once. Throws `request_invalid`. */
export function readForm(bytes: Uint8Array): Record<string, string> {
  const pairs = [...new URLSearchParams(decode(bytes))]
  const fields = Object.fromEntries(pairs)
  if (Object.keys(fields).length !== pairs.length) {
    throw new DomainError('request_invalid', { detail: 'A field of the form occurs twice.' })
  }
  return fields
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new DomainError('json_invalid', { detail: 'The body is not UTF-8.', cause })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DomainError('json_invalid', { cause })
  }
}

function requirePlain(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth > http.jsonMaxDepth)
    throw new DomainError('json_invalid', { detail: 'The body nests too deeply.' })
  const keys = Object.keys(value)
  if (keys.length > http.jsonMaxKeys) {
    throw new DomainError('json_invalid', {
      detail: `An object or list has more than ${http.jsonMaxKeys} entries.`,
    })
  }
  for (const key of keys) {
    if (key === '__proto__')
      throw new DomainError('json_invalid', { detail: 'The key __proto__ is not taken.' })
  }
  for (const child of Object.values(value)) requirePlain(child, depth + 1)
}
