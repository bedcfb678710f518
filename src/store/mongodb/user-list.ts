import { lists } from '../../domain/limits.ts'
import type { Page, UserQuery } from '../../domain/ports/administration.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import type { User } from '../../domain/user.ts'
import { bounded, type Collections } from './connection.ts'
import { id, type Doc } from './documents.ts'
import { pageOf } from './pages.ts'
import { routeOf, usersById, walkAlong, walkOf } from './user-walks.ts'

/** Ids of users who may fit, as an index has them: all of them, or more than are few. */
type Source = (collections: Collections) => Promise<readonly Id[]>

/**
 * See `Store.listUsers`. Where an index knows that few users can fit, these are looked at alone; else users
 * are met in the order of the list, up to a limit.
 */
export async function listUsers(collections: Collections, query: UserQuery): Promise<Page<User>> {
  const { sort, from, limit } = query
  const route = routeOf(query)
  const few = await fewUsers(collections, query)
  const walk = few ? walkAlong(few, sort, route) : walkOf(collections, sort, route)
  return pageOf({ ...lists, limit, from, ascending: route.ascending }, walk)
}

/** Everybody who may fit, where that is few; null where it is not. */
async function fewUsers(collections: Collections, query: UserQuery): Promise<readonly User[] | null> {
  for (const source of sourcesOf(query)) {
    const ids = await source(collections)
    if (ids.length <= lists.fewUsers) return [...(await usersById(collections, ids)).values()]
  }
  return null
}

/** Those that most often are few come first. */
function sourcesOf({ search, role, status, verified }: UserQuery): readonly Source[] {
  return [
    ...(search === null ? [] : [bySearch(search)]),
    ...(role === null ? [] : [byField({ roles: role })]),
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

/** A range of keys for each kind of claim, which an index answers; never a pattern, which it would not. */
function bySearch(search: string): Source {
  return async ({ identifiers }) => {
    const ranges = ['e', 'u'].map((kind) => {
      const least = `${kind}:${search}`
      // Keys are ASCII, so that this is greater than each that begins so.
      return identifiers.find({ _id: { $gte: least, $lt: `${least}\u{FFFF}` } }, someIds).toArray()
    })
    const found = await Promise.all(ranges)
    return [...new Set(found.flat().map((doc) => id(doc, 'userId')))]
  }
}

const someIds = { ...bounded, limit: lists.fewUsers + 1, batchSize: lists.fewUsers + 2 }
