/**
 * A page of a list by its keys: it begins behind a place, which is a row's own values, and never counts rows
 * off. Both directions are one walk, seen from either end.
 */
import { lists } from '../../domain/limits.ts'
import type { Page, Position } from '../../domain/ports/administration.ts'
import type { Id } from '../../domain/ports/runtime.ts'

/** Where a row stands: by its value, and among equals by its id. */
export type Place = Pick<Position, 'value' | 'id'>

/** What a walk has come upon; `item` is null for a row that does not fit. */
export interface Row<Item> {
  readonly place: Place
  readonly item: Item | null
}

/** The next rows of a walk behind a place (null: from its beginning), at most so many, in its order. */
export type Walk<Item> = (after: Place | null, most: number) => Promise<readonly Row<Item>[]>

export interface PageRequest {
  readonly limit: number
  readonly from: Position | null
  /** Whether the walk goes from the least to the greatest. */
  readonly ascending: boolean
  /** So many rows are looked at, at the most, and no more than so many at once. */
  readonly scanMax: number
  readonly scanStep: number
}

/**
 * Walks until there is one item more than the page takes, or nothing left, or enough has been looked at, or
 * for long enough: a read that takes too long would be refused as a whole. The
 * first look is as long as the page, and is all there is where every row fits.
 */
export async function pageOf<Item>(request: PageRequest, walk: Walk<Item>): Promise<Page<Item>> {
  const { limit, from, scanMax, scanStep } = request
  const found: { readonly place: Place; readonly item: Item }[] = []
  let last: Place | null = from
  let examined = 0
  let ended = false
  const late = performance.now() + lists.scanMs
  while (!ended && found.length <= limit && examined < scanMax) {
    const most = examined === 0 ? limit + 1 : Math.min(scanStep, stillToLookAt(limit, found.length, examined))
    const rows = await walk(last, most)
    for (const { place, item } of rows) if (item !== null) found.push({ place, item })
    examined += rows.length
    last = rows.at(-1)?.place ?? last
    ended = rows.length < most
    if (performance.now() > late) break
  }
  const shown = found.slice(0, limit)
  const onward = found.length > limit ? shown.at(-1)?.place : ended ? null : last
  const met = shown[0]?.place ?? (examined > 0 ? last : null)
  const back = from && (met ?? behind(from, request.ascending))
  return assembled(from, {
    items: shown.map(({ item }) => item),
    onward: onward ?? null,
    back,
  })
}

/** So many more rows will most likely fill the page, if they fit as often as those before. */
function stillToLookAt(limit: number, found: number, examined: number): number {
  const missing = limit + 1 - found
  return Math.max(limit + 1, Math.ceil((missing * examined * SPARE) / found))
}

/** A look too many costs more than some rows too many. */
const SPARE = 1.25

interface Walked<Item> {
  readonly items: readonly Item[]
  readonly onward: Place | null
  readonly back: Place | null
}

function assembled<Item>(from: Position | null, { items, onward, back }: Walked<Item>): Page<Item> {
  const at = (place: Place | null, direction: Position['direction']): Position | null =>
    place && { direction, value: place.value, id: place.id }
  return from?.direction === 'previous'
    ? { items: items.toReversed(), next: at(back, 'next'), previous: at(onward, 'previous') }
    : { items, next: at(onward, 'next'), previous: at(back, 'previous') }
}

/** The way back from where nothing is: just behind where the walk began, so as to meet that row again. */
function behind({ value, id }: Place, ascending: boolean): Place {
  return { value, id: neighbour(id, ascending) }
}

/** The id that comes just after this one, or just before it. */
export function neighbour(id: Id, after: boolean): Id {
  const hex = (BigInt(`0x${id.replaceAll('-', '')}`) + (after ? 1n : -1n)).toString(16).padStart(32, '0')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
