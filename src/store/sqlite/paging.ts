/** Pages of a sorted list, by the values of its rows (keyset) and never by a count. */
import type { Page, Position } from '../../domain/ports/administration.ts'

/** Where a row stands in its list. */
export type Place = Omit<Position, 'direction'>

/** What was found behind a position, in the order of the walk: at most one row more than the page takes. */
export interface Found<Row extends Place> {
  readonly rows: readonly Row[]
  /** Where the walk has stopped, if before the end of the list. */
  readonly stoppedAt: Place | null
  /** Behind the last row that was looked at: from there a walk back meets all of them. */
  readonly end: Place
}

/**
 * The page of a walk, in the order of the list. There is always a way back to where the walk came from, also
 * out of an empty page.
 */
export function pageOf<Row extends Place, Item>(
  found: Found<Row>,
  query: { readonly from: Position | null; readonly limit: number },
  item: (row: Row) => Item,
): Page<Item> {
  const { from, limit } = query
  const rows = found.rows.slice(0, limit)
  const ahead = found.rows.length > limit ? (rows.at(-1) ?? null) : found.stoppedAt
  const behind = from && (rows[0] ?? found.end)
  const walked = rows.map(item)
  return from?.direction === 'previous'
    ? { items: walked.toReversed(), next: at('next', behind), previous: at('previous', ahead) }
    : { items: walked, next: at('next', ahead), previous: at('previous', behind) }
}

function at(direction: Position['direction'], place: Place | null): Position | null {
  return place && { direction, value: place.value, id: place.id }
}
