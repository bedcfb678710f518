/** The orders in which users can be listed, and the statements that walk them. */
import type { UserQuery, UserSort } from '../../domain/ports/administration.ts'
import type { User } from '../../domain/user.ts'
import type { Database } from './connection.ts'
import type { Place } from './paging.ts'
import {
  highestId,
  id,
  idBytes,
  integer,
  jsonTexts,
  lowestId,
  maybeInteger,
  oneOf,
  text,
  type Row,
} from './rows.ts'
import { statuses } from './user-rows.ts'

/** As much of a user as filters and orders ask for. */
export type Traits = Pick<
  User,
  'id' | 'email' | 'username' | 'emailVerified' | 'roles' | 'status' | 'createdAt' | 'lastSignInAt'
>

const traits =
  'u.id, u.email, u.username, u.email_verified, u.roles, u.status, u.created_at, u.last_sign_in_at'
/** The text of the indexed expression: whoever has never signed in comes first. */
const signIn = 'COALESCE(u.last_sign_in_at, -1)'
const byKey = `SELECT ${traits} FROM identifiers i CROSS JOIN users u ON u.id = i.user_id`

export const sql = {
  /** Of many at once, their ids a JSON list of digits. */
  traits: `SELECT ${traits} FROM json_each(:ids) j CROSS JOIN users u ON u.id = unhex(j.value)`,
  // Few are born in the same millisecond: here a row value does.
  createdUp: `SELECT ${traits} FROM users u WHERE (u.created_at, u.id) > (:value, :id)
    ORDER BY u.created_at, u.id LIMIT :limit`,
  createdDown: `SELECT ${traits} FROM users u WHERE (u.created_at, u.id) < (:value, :id)
    ORDER BY u.created_at DESC, u.id DESC LIMIT :limit`,
  keyUp: `${byKey} WHERE i.key > :value AND i.key < :end ORDER BY i.key LIMIT :limit`,
  keyDown: `${byKey} WHERE i.key < :value AND i.key > :end ORDER BY i.key DESC LIMIT :limit`,
  // Equals first, then the others: a row value would read all equals, and most may have never signed in.
  equalUp: `SELECT ${traits} FROM users u WHERE ${signIn} = :value AND u.id > :id
    ORDER BY u.id LIMIT :limit`,
  equalDown: `SELECT ${traits} FROM users u WHERE ${signIn} = :value AND u.id < :id
    ORDER BY u.id DESC LIMIT :limit`,
  signInUp: `SELECT ${traits} FROM users u WHERE ${signIn} > :value
    ORDER BY ${signIn}, u.id LIMIT :limit`,
  signInDown: `SELECT ${traits} FROM users u WHERE ${signIn} < :value
    ORDER BY ${signIn} DESC, u.id DESC LIMIT :limit`,
} as const

/** Between these lies every user, in any order. */
const edges: Readonly<Record<UserSort, { readonly low: Place; readonly high: Place }>> = {
  created_at: between(-1, Number.MAX_SAFE_INTEGER),
  email: between('e:', 'e;'),
  username: between('u:', 'u;'),
  last_sign_in_at: between(null, Number.MAX_SAFE_INTEGER),
}

function between(low: Place['value'], high: Place['value']): { low: Place; high: Place } {
  return { low: { value: low, id: lowestId }, high: { value: high, id: highestId } }
}

/** Whether the walk goes from great to small: backward in a rising list, or forward in a falling one. */
export function goesDown({ descending, from }: UserQuery): boolean {
  return descending !== (from?.direction === 'previous')
}

/** Where the walk begins. */
export function startOf(query: UserQuery): Place {
  const { low, high } = edges[query.sort]
  return query.from ?? (goesDown(query) ? high : low)
}

/** What it can't get beyond. */
export function endOf(query: UserQuery): Place {
  const { low, high } = edges[query.sort]
  return goesDown(query) ? low : high
}

/** Where a user stands. */
export function placeOf(sort: UserSort, user: Traits): Place {
  return { value: valueOf(sort, user), id: user.id }
}

function valueOf(sort: UserSort, user: Traits): Place['value'] {
  switch (sort) {
    case 'created_at':
      return user.createdAt
    case 'email':
      return `e:${user.email.toLowerCase()}`
    case 'username':
      return `u:${user.username.toLowerCase()}`
    case 'last_sign_in_at':
      return user.lastSignInAt
  }
}

/** Less than 0 where the first place comes earlier in a rising list: the order of the statements. */
export function compare(one: Place, other: Place): number {
  const [a, b] = [rank(one.value), rank(other.value)]
  if (a !== b) return a < b ? -1 : 1
  return one.id === other.id ? 0 : one.id < other.id ? -1 : 1
}

function rank(value: Place['value']): string {
  return typeof value === 'number' ? String(value).padStart(16, '0') : (value ?? '')
}

/** The next users of the walk, at most `limit`, behind a place. */
export function usersBehind(
  db: Database,
  query: UserQuery,
  { place, limit }: { readonly place: Place; readonly limit: number },
): readonly Traits[] {
  const way = goesDown(query) ? 'Down' : 'Up'
  const behind = { id: idBytes(place.id), limit }
  switch (query.sort) {
    case 'created_at':
      return db.all(sql[`created${way}`], { ...behind, value: place.value }).map(traitsOf)
    case 'email':
    case 'username': {
      const range = { value: place.value, end: endOf(query).value, limit }
      return db.all(sql[`key${way}`], range).map(traitsOf)
    }
    case 'last_sign_in_at': {
      const value = place.value ?? -1
      const equal = db.all(sql[`equal${way}`], { ...behind, value })
      const others = db.all(sql[`signIn${way}`], { value, limit: limit - equal.length })
      return [...equal, ...others].map(traitsOf)
    }
  }
}

export function traitsOf(row: Row): Traits {
  return {
    id: id(row, 'id'),
    email: text(row, 'email'),
    username: text(row, 'username'),
    emailVerified: integer(row, 'email_verified') === 1,
    roles: jsonTexts(row, 'roles'),
    status: oneOf(row, 'status', statuses),
    createdAt: integer(row, 'created_at'),
    lastSignInAt: maybeInteger(row, 'last_sign_in_at'),
  }
}
