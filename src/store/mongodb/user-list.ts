import { lists } from '../../domain/limits.ts'
import type { Page, UserQuery } from '../../domain/ports/administration.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import type { Role, User } from '../../domain/user.ts'
import { bounded, type Collections } from './connection.ts'
import { id, type Doc } from './documents.ts'
import { pageOf, type Walk } from './pages.ts'
import { keysFrom, routeOf, usersById, walkAlong, walkOf, walkOfSearch } from './user-walks.ts'

/** What most users have, which makes it no filter to begin with. */
const commonRole: Role = 'user'

/** Ids of users who may fit, as an index has them: all of them, or more than are few. */
type Source = (collections: Collections) => Promise<readonly Id[]>

/** Whom each kind of claim finds. */
interface Found {
  readonly email: readonly Id[]
  readonly username: readonly Id[]
}

/**
 * See `Store.listUsers`. Where an index knows that few users can fit, these are looked at alone; else users
 * are met in the order of the list, up to a limit.
 */
export async function listUsers(collections: Collections, query: UserQuery): Promise<Page<User>> {
  const { sort, from, limit } = query
  const route = routeOf(query)
  const found = query.search === null ? null : await findBy(collections, query.search)
  const few = await fewUsers(collections, query, found)
  const walk = few
    ? walkAlong(few, sort, route)
    : ((await searchAlong(collections, query, found)) ?? walkOf(collections, sort, route))
  return pageOf({ ...lists, limit, from, ascending: route.ascending }, walk)
}

/** A range of keys for each kind of claim, which an index answers; never a pattern, which it would not. */
async function findBy({ identifiers }: Collections, search: string): Promise<Found> {
  const holders = async (kind: 'e' | 'u'): Promise<readonly Id[]> => {
    const { least, beyond } = keysFrom(`${kind}:${search}`)
    const found = await identifiers.find({ _id: { $gte: least, $lt: beyond } }, someIds).toArray()
    return found.map((doc) => id(doc, 'userId'))
  }
  const [email, username] = await Promise.all([holders('e'), holders('u')])
  return { email, username }
}

/** Everybody who may fit, where that is few; null where it is not. */
async function fewUsers(
  collections: Collections,
  query: UserQuery,
  found: Found | null,
): Promise<readonly User[] | null> {
  const searched = found && [...new Set([...found.email, ...found.username])]
  if (searched && searched.length <= lists.fewUsers) return usersOf(collections, searched)
  for (const source of sourcesOf(query)) {
    const ids = await source(collections)
    if (ids.length <= lists.fewUsers) return usersOf(collections, ids)
  }
  return null
}

async function usersOf(collections: Collections, ids: readonly Id[]): Promise<readonly User[]> {
  return ids.length === 0 ? [] : [...(await usersById(collections, ids)).values()]
}

/** A list in the order of what it searches need go no further than what begins so; null for any other. */
async function searchAlong(
  collections: Collections,
  query: UserQuery,
  found: Found | null,
): Promise<Walk<User> | null> {
  const { sort, search } = query
  if (!found || search === null || (sort !== 'email' && sort !== 'username')) return null
  const ids = sort === 'email' ? found.username : found.email
  if (ids.length > lists.fewUsers) return null
  const others = await usersOf(collections, ids)
  return walkOfSearch(collections, { sort, search, others }, routeOf(query))
}

/** Those that most often are few come first. */
function sourcesOf({ role, status, verified }: UserQuery): readonly Source[] {
  return [
    ...(role === null || role === commonRole ? [] : [byField({ roles: role })]),
    ...(status === 'disabled' ? [byField({ status })] : []),
    ...(verified === false ? [byField({ emailVerified: false })] : []),
  ]
}

function byField(filter: Doc): Source {
  return async ({ users }) => {
    const found = await users.find(filter, { ...someIds, projection: { _id: 1 } }).toArray()
    return found.map((doc) => id(doc, '_id'))
  }
}

const someIds = { ...bounded, limit: lists.fewUsers + 1, batchSize: lists.fewUsers + 2 }
