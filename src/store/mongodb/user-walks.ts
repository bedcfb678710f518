/** The orders in which users are listed, each along an index that has it. */
import type { UserQuery, UserSort } from '../../domain/ports/administration.ts'
import type { Id } from '../../domain/ports/runtime.ts'
import type { User } from '../../domain/user.ts'
import { bounded, type Collections } from './connection.ts'
import { id, idValue, maybeMs, text, time, type Doc } from './documents.ts'
import { bears, emailKey, nameKey } from './identifiers.ts'
import { neighbour, type Place, type Row, type Walk } from './pages.ts'
import { userOf } from './user-documents.ts'

/** Which way, and which of the users that are met belong to the list. */
export interface Route {
  readonly ascending: boolean
  readonly fits: (user: User) => boolean
  /** As much of it as the server can see, so that few of those that don't fit are sent; empty for none. */
  readonly filter: Doc
}

/** Walks over all users, whoever fits. */
export function walkOf(collections: Collections, sort: UserSort, route: Route): Walk<User> {
  switch (sort) {
    case 'created_at':
      return byTime(collections, 'createdAt', route)
    case 'last_sign_in_at':
      return byTime(collections, 'lastSignInAt', route)
    case 'email':
      return byClaim(collections, 'e:', route)
    case 'username':
      return byClaim(collections, 'u:', route)
  }
}

/** The claims of a kind that begin so. */
export interface Reach {
  readonly sort: 'email' | 'username'
  readonly search: string
  /** Who is found by a claim of the other kind. */
  readonly others: readonly User[]
}

/** Walks over those whom a search finds, and no further: few are found by the claims of the other kind. */
export function walkOfSearch(collections: Collections, reach: Reach, route: Route): Walk<User> {
  const { sort, search, others } = reach
  const beginning = `${sort === 'email' ? 'e' : 'u'}:${search}`
  const besides = others.filter((user) => !claimOf(user, sort).startsWith(beginning))
  const walks = [byClaim(collections, beginning, route), walkAlong(besides, sort, route)]
  const sign = route.ascending ? 1 : -1
  return async (after, most) => {
    const rows = await Promise.all(walks.map((walk) => walk(after, most)))
    return rows
      .flat()
      .toSorted((one, other) => sign * comparePlaces(one.place, other.place))
      .slice(0, most)
  }
}

/** Keys are ASCII: none that begins so is beyond. */
export function keysFrom(beginning: string): { readonly least: string; readonly beyond: string } {
  return { least: beginning, beyond: `${beginning}\u{FFFF}` }
}

/** Walks over users that are all at hand. */
export function walkAlong(users: readonly User[], sort: UserSort, { ascending, fits }: Route): Walk<User> {
  const sign = ascending ? 1 : -1
  const rows = users
    .filter(fits)
    .map((item) => ({ place: placeOf(item, sort), item }))
    .toSorted((one, other) => sign * comparePlaces(one.place, other.place))
  return async (after, most) =>
    rows.filter(({ place }) => after === null || sign * comparePlaces(place, after) > 0).slice(0, most)
}

/** A query, but for its limit and its place. */
export function routeOf(query: UserQuery): Route {
  const { descending, from, role, status, verified } = query
  const filter = {
    ...(role !== null && { roles: role }),
    ...(status !== null && { status }),
    ...(verified !== null && { emailVerified: verified }),
  }
  return { ascending: descending === (from?.direction === 'previous'), fits: fitsQuery(query), filter }
}

function fitsQuery({ search, role, status, verified }: UserQuery): Route['fits'] {
  const found = (user: User): boolean =>
    search === null ||
    user.email.toLowerCase().startsWith(search) ||
    user.username.toLowerCase().startsWith(search)
  return (user) =>
    user.status !== 'pending' &&
    (role === null || user.roles.includes(role)) &&
    (status === null || user.status === status) &&
    (verified === null || user.emailVerified === verified) &&
    found(user)
}

function placeOf(user: User, sort: UserSort): Place {
  switch (sort) {
    case 'created_at':
      return { value: user.createdAt, id: user.id }
    case 'last_sign_in_at':
      return { value: user.lastSignInAt, id: user.id }
    case 'email':
    case 'username':
      return { value: claimOf(user, sort), id: user.id }
  }
}

function claimOf(user: User, sort: Reach['sort']): string {
  return sort === 'email' ? emailKey(user.email) : nameKey(user.username)
}

/** Null is the least of all values; between equals, ids decide. */
function comparePlaces(one: Place, other: Place): number {
  if (one.value === other.value) return one.id < other.id ? -1 : Number(one.id > other.id)
  if (one.value === null) return -1
  if (other.value === null) return 1
  return one.value < other.value ? -1 : 1
}

/**
 * Along a time, then ids, which decide between equals: ids that were brought along don't grow with time. By
 * bounds of the index itself, which has null before all times; a comparison in a filter would leave out
 * values of another type. The lower bound belongs to the walk, the upper one does not.
 */
function byTime(collections: Collections, field: 'createdAt' | 'lastSignInAt', route: Route): Walk<User> {
  const { ascending } = route
  const order = { [field]: 1, _id: 1 }
  const direction = ascending ? 1 : -1
  const placeIn = (doc: Doc): Place => ({ value: maybeMs(doc, field), id: id(doc, '_id') })
  const edge = (after: Place): Doc => {
    const at = typeof after.value === 'number' ? time(after.value) : null
    const place = (placeId: string): Doc => ({ [field]: at, _id: idValue(placeId) })
    return ascending ? { min: place(neighbour(after.id, true)) } : { max: place(after.id) }
  }
  return async (after, most) => {
    const extent = { hint: order, ...(after && edge(after)) }
    const found = await collections.users
      .find({}, { ...bounded, ...onlyPlaces(route, order), ...extent, batchSize: most })
      .sort({ [field]: direction, _id: direction })
      .limit(most)
      .toArray()
    return rowsOf(collections, found, { ...route, placeIn })
  }
}

/** Where a filter leaves most users out, an index has their places, and only those who fit are fetched. */
function onlyPlaces({ filter }: Route, projection: Doc): { readonly projection?: Doc } {
  return isOpen(filter) ? {} : { projection }
}

function isOpen(filter: Doc): boolean {
  return Object.keys(filter).length === 0
}

async function rowsOf(
  collections: Collections,
  found: readonly Doc[],
  { filter, fits, placeIn }: Route & { readonly placeIn: (doc: Doc) => Place },
): Promise<readonly Row<User>[]> {
  const places = found.map(placeIn)
  const users = isOpen(filter)
    ? new Map(found.map(userOf).map((user) => [user.id, user]))
    : await usersById(collections, idsOf(places), filter)
  return places.map((place) => {
    const user = users.get(place.id)
    return { place, item: user && fits(user) ? user : null }
  })
}

/** Along the claims that begin so; a claim whose user bears another one by now leads to nobody. */
function byClaim(
  collections: Collections,
  beginning: string,
  { ascending, fits, filter }: Route,
): Walk<User> {
  const sign = ascending ? 1 : -1
  const { least, beyond } = keysFrom(beginning)
  return async (after, most) => {
    const from = typeof after?.value === 'string' ? after.value : null
    const range = ascending
      ? { $gte: from !== null && from > least ? from : least, $lt: beyond }
      : { $gte: least, ...(from !== null && from < beyond ? { $lte: from } : { $lt: beyond }) }
    // The claim at the place itself is met once more, since its holder may be another by now.
    const claims = await collections.identifiers
      .find({ _id: range }, { ...bounded, batchSize: most + 1 })
      .sort({ _id: sign })
      .limit(after ? most + 1 : most)
      .toArray()
    const places = claims
      .map((doc) => ({ value: text(doc, '_id'), id: id(doc, 'userId') }))
      .filter((place) => after === null || sign * comparePlaces(place, after) > 0)
      .slice(0, most)
    const holders = await usersById(collections, idsOf(places), filter)
    return places.map((place) => {
      const user = holders.get(place.id)
      return { place, item: user && bears(user, place.value) && fits(user) ? user : null }
    })
  }
}

function idsOf(places: readonly Place[]): readonly Id[] {
  return places.map((place) => place.id)
}

/** The users of these ids that also fit the filter, if there is one. */
export async function usersById(
  { users }: Collections,
  ids: readonly Id[],
  filter: Doc = {},
): Promise<ReadonlyMap<Id, User>> {
  const which = { ...filter, _id: { $in: ids.map(idValue) } }
  const page = { ...bounded, hint: { _id: 1 }, batchSize: ids.length + 1 }
  const found = await users.find(which, page).toArray()
  return new Map(found.map(userOf).map((user) => [user.id, user]))
}
