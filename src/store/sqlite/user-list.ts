/**
 * Lists of users. Where a filter leaves few users they alone are looked at, and sorted in memory; else the
 * list is walked in its order, in chunks between which other work comes in.
 */
import { lists } from '../../domain/limits.ts'
import type { Page, UserQuery } from '../../domain/ports/administration.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import type { User } from '../../domain/user.ts'
import type { Database } from './connection.ts'
import { pageOf, type Found, type Place } from './paging.ts'
import { candidates } from './user-candidates.ts'
import * as order from './user-order.ts'
import { findUser } from './user-rows.ts'

/** Runs one read on the reading connection. */
type Read = <Result>(from: (db: Database) => Result) => Promise<Result>

interface Hit extends Place {
  readonly user: User
}

/** See `Store.listUsers`. */
export async function listUsers(read: Read, query: UserQuery): Promise<Page<User>> {
  const found = (await read((db) => amongFew(db, query))) ?? (await walk(read, query))
  return pageOf(found, query, ({ user }) => user)
}

/** Null where no filter leaves few enough. */
function amongFew(db: Database, query: UserQuery): Found<Hit> | null {
  const ids = candidates(db, query)
  if (!ids) return null
  const way = order.goesDown(query) ? -1 : 1
  const start = order.startOf(query)
  const places = traitsOfAll(db, ids)
    .filter((user) => fits(query, user))
    .map((user) => order.placeOf(query.sort, user))
    .filter((place) => way * order.compare(place, start) > 0)
    .toSorted((one, other) => way * order.compare(one, other))
  const rows = places.slice(0, query.limit + 1).flatMap((place) => hit(db, place))
  return { rows, stoppedAt: null, end: order.endOf(query) }
}

/** First as many users as are wanted, then larger chunks, until enough fit or the limit is reached. */
async function walk(read: Read, query: UserQuery): Promise<Found<Hit>> {
  const rows: Hit[] = []
  let place = order.startOf(query)
  let limit = query.limit + 1
  for (let looked = 0; looked < lists.scanMax; looked += limit) {
    if (looked > 0) limit = lists.scanStep
    const chunk = await read((db) => hitsBehind(db, query, { place, limit }))
    rows.push(...chunk.hits)
    if (rows.length > query.limit || chunk.last === null) {
      return { rows: rows.slice(0, query.limit + 1), stoppedAt: null, end: order.endOf(query) }
    }
    place = chunk.last
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { rows, stoppedAt: place, end: place }
}

/** Those of the next users that fit, at most a page of them; `last` is null at the end of the list. */
function hitsBehind(
  db: Database,
  query: UserQuery,
  stretch: { readonly place: Place; readonly limit: number },
): { readonly hits: readonly Hit[]; readonly last: Place | null } {
  const users = order.usersBehind(db, query, stretch)
  const last = users.length === stretch.limit ? users.at(-1) : undefined
  const fitting = users.filter((user) => fits(query, user)).slice(0, query.limit + 1)
  return {
    hits: fitting.flatMap((user) => hit(db, order.placeOf(query.sort, user))),
    last: last ? order.placeOf(query.sort, last) : null,
  }
}

function hit(db: Database, place: Place): readonly Hit[] {
  const user = findUser(db, place.id)
  return user ? [{ ...place, user }] : []
}

function traitsOfAll(db: Database, ids: readonly Id[]): readonly order.Traits[] {
  const digits = JSON.stringify(ids.map((id) => id.replaceAll('-', '')))
  return db.all(order.sql.traits, { ids: digits }).map(order.traitsOf)
}

function fits({ search, role, status, verified }: UserQuery, user: order.Traits): boolean {
  if (user.status === 'pending') return false
  if (status !== null && user.status !== status) return false
  if (verified !== null && user.emailVerified !== verified) return false
  if (role !== null && !user.roles.includes(role)) return false
  return search === null || [user.email, user.username].some((name) => name.toLowerCase().startsWith(search))
}
