/** What every list answers: a page, and where the pages around it are (RFC 8288). */
import type { TSchema } from 'typebox'
import type { Deps } from '../domain/deps.ts'
import type { List } from '../domain/cursor.ts'

/** The address of a list as it was asked for. */
export interface ListAddress {
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
}

const LINK = 'The first page, and the next and the previous one where there are any, with the same filters'

/** The declaration of a 200 with a page. */
export function listed<S extends TSchema>(description: string, schema: S) {
  return { description, schema, headers: { Link: LINK } } as const
}

/** The page with its links: absolute, by the public URL, since a request header is no address. */
export function listAnswer<Item>(
  { items, next, previous }: List<Item>,
  address: ListAddress,
  { rules }: Pick<Deps, 'rules'>,
) {
  const to = (rel: string, cursor: string | null) => {
    const query = Object.entries({ ...address.query, cursor: cursor ?? undefined })
    const given = query.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
    const search = new URLSearchParams(given).toString()
    return `<${rules.publicUrl}${address.path}${search && `?${search}`}>; rel="${rel}"`
  }
  const links = [
    to('first', null),
    ...(next === null ? [] : [to('next', next)]),
    ...(previous === null ? [] : [to('prev', previous)]),
  ]
  const body = { items: [...items], next, previous }
  return { status: 200, body, headers: { link: links.join(', ') } } as const
}
