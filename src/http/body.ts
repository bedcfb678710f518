/** Readers of request bodies: one meaning or none. */
import { DomainError } from '../domain/errors.ts'
import { requirePlain } from '../domain/plain-json.ts'

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

/**
 * Parses JSON of our own command, of many rows: the rules look at each of them. Throws `json_invalid`.
 */
export function readBulk(bytes: Uint8Array): unknown {
  return parse(decode(bytes, 'json_invalid'))
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

function refused(detail: string): DomainError {
  return new DomainError('json_invalid', { detail })
}
