import type { Deps } from './deps.ts'
import { DomainError, fieldError } from './errors.ts'
import type { Page, Position } from './ports/administration.ts'
import type { Secrets } from './ports/crypto.ts'

/** A part of a list as it goes out: places in it are opaque texts. */
export interface List<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
  readonly previous: string | null
}

/**
 * Places become cursors: sealed, since they hold addresses and names, and URLs end in logs; and bound to the
 * list, so that one with other filters or another order does not take them.
 */
export function withCursors<Item>(list: string, page: Page<Item>, deps: Pick<Deps, 'secrets'>): List<Item> {
  const { items, next, previous } = page
  return {
    items,
    next: next && seal(list, next, deps.secrets),
    previous: previous && seal(list, previous, deps.secrets),
  }
}

/** The place of a cursor; null for none. Throws `validation_failed` for one that is not of this very list. */
export function positionOf(
  list: string,
  cursor: string | undefined,
  deps: Pick<Deps, 'secrets'>,
): Position | null {
  if (cursor === undefined) return null
  const plain = deps.secrets.open('cursor', list, bytesOf(cursor))
  if (plain !== null) return JSON.parse(plain)
  const message = 'This is no cursor of this list with these filters and this order; begin without one.'
  throw new DomainError('validation_failed', { errors: [fieldError('/cursor', 'field_format', message)] })
}

function seal(list: string, position: Position, secrets: Secrets): string {
  const sealed = secrets.seal('cursor', list, JSON.stringify(position))
  return sealed.toBase64({ alphabet: 'base64url', omitPadding: true })
}

/** Nothing, which no key opens, for a text that is not base64url. */
function bytesOf(cursor: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(cursor, { alphabet: 'base64url' })
  } catch {
    return new Uint8Array()
  }
}
