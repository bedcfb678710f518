import { lists } from '../domain/limits.ts'
import { isOn, valueOf, type Invocation } from './invocation.ts'
import { rowOf, rowsOf, textOf, type Ask } from './with-control.ts'

export interface ListRequest {
  readonly path: string
  /** Filters and order; what is null is not asked for. */
  readonly query: Readonly<Record<string, string | null>>
  readonly columns: readonly string[]
}

/**
 * Prints the beginning of a list, `--limit` rows, or with `--all` the whole of it, page by page as it comes.
 * A page may be short although there are more: rows are counted, not pages.
 */
export async function printPages(ask: Ask, request: ListRequest, invocation: Invocation): Promise<void> {
  const { output } = invocation
  const all = isOn(invocation, 'all')
  let left = all ? Infinity : Number(valueOf(invocation, 'limit') ?? lists.pageDefault)
  const list = output.list(request.columns)
  let cursor: string | null = null
  do {
    const page = await ask('GET', addressOf(request, { cursor, limit: Math.min(left, lists.pageMax) }))
    const rows = rowsOf(rowOf(page)['items'])
    list.add(rows)
    left -= rows.length
    cursor = textOf(page, 'next') || null
  } while (cursor !== null && left > 0 && !output.gone())
  list.end()
  if (cursor !== null && !output.gone()) output.say('There are more; --all prints every one.')
}

function addressOf(
  { path, query }: ListRequest,
  { cursor, limit }: { readonly cursor: string | null; readonly limit: number },
): string {
  const given = Object.entries({ ...query, cursor, limit: String(limit) })
  const search = new URLSearchParams(
    given.flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  )
  return `${path}?${search.toString()}`
}
