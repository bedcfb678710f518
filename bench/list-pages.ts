/** How long pages of the list of users take, the first ones and those far behind: by the port of the store. */
import { randomUUIDv7 } from 'node:crypto'
import { lists } from '../src/domain/limits.ts'
import { userSorts, type Position, type UserQuery } from '../src/domain/ports/administration.ts'
import type { Store } from '../src/domain/ports/store.ts'
import { seedUser } from '../src/domain/seed.ts'

/** So many pages behind the first one is where a walk ends, unless the list is shorter. */
const DEPTH_PAGES = 10_000
const SAMPLE_PAGES = 100

type Filters = Partial<Pick<UserQuery, 'search' | 'role' | 'status' | 'verified'>>

export interface List {
  readonly name: string
  readonly query: Omit<UserQuery, 'from' | 'limit'>
}

export interface Measured {
  readonly name: string
  /** How far the walk has come. */
  readonly pages: number
  readonly users: number
  readonly first: Times
  readonly deep: Times
  /** Of the medians: about 1 where depth costs nothing. */
  readonly ratio: number
}

interface Times {
  readonly p50Ms: number
  readonly p99Ms: number
}

const filterings: readonly Filters[] = [
  { status: 'disabled' },
  { verified: false },
  { role: 'user' },
  { search: 'seed-0' },
  { search: 'ada.' },
  { status: 'active', verified: true, role: 'user' },
  { status: 'disabled', verified: false, search: 'grace.' },
]

/** Every sort in both directions, and every filtering in two sorts. */
export function allLists(): readonly List[] {
  const both = [false, true]
  return [
    ...userSorts.flatMap((sort) => both.map((descending) => listOf({ sort, descending }))),
    ...filterings.flatMap((filters) => [
      listOf({ sort: 'created_at', descending: true, ...filters }),
      listOf({ sort: 'email', descending: false, ...filters }),
    ]),
  ]
}

function listOf(wanted: Pick<UserQuery, 'sort' | 'descending'> & Filters): List {
  const { sort, descending, ...filters } = wanted
  const shown = Object.entries(filters).map(([name, value]) => ` ${name}=${value}`)
  const nothing = { search: null, role: null, status: null, verified: null }
  return {
    name: `${descending ? '-' : ''}${sort}${shown.join('')}`,
    query: { ...nothing, ...filters, sort, descending },
  }
}

/** Adds the seed users from 1 to `users`. Returns the seconds that the store took. */
export async function seedStore(
  store: Pick<Store, 'addUsers'>,
  users: number,
  onStep: (done: number) => void,
): Promise<number> {
  let seconds = 0
  for (let from = 1; from <= users; from += lists.seedStep) {
    const count = Math.min(lists.seedStep, users - from + 1)
    const batch = Array.from({ length: count }, (_, place) => seedUser(from + place, NO_PASSWORD))
    const began = performance.now()
    await store.addUsers(batch, trail())
    seconds += (performance.now() - began) / 1000
    onStep(from + count - 1)
  }
  return seconds
}

const NO_PASSWORD = '$argon2id$v=19$m=7168,t=5,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA'

function trail() {
  const id = randomUUIDv7()
  return {
    audit: { id, at: 0, action: 'seed', actorId: null, userId: null, requestId: id, detail: null },
  }
}

/**
 * Walks the list by its own places, each page timed once: the first 100 against the last 100. A short list
 * is walked twice, so that the first pages are as warm as the last ones.
 */
export async function measureList(
  store: Pick<Store, 'listUsers'>,
  list: List,
  limit: number,
): Promise<Measured> {
  let times = await walk(store, list, limit)
  if (times.length < 2 * SAMPLE_PAGES) times = await walk(store, list, limit)
  const sample = Math.max(1, Math.min(SAMPLE_PAGES, Math.floor(times.length / 2)))
  // The last page is hardly ever a full one.
  const full = times.length > 1 ? times.slice(0, -1) : times
  const first = timesOf(full.slice(0, sample))
  const deep = timesOf(full.slice(-sample))
  const users = times.reduce((sum, { items }) => sum + items, 0)
  return { name: list.name, pages: times.length, users, first, deep, ratio: deep.p50Ms / first.p50Ms }
}

interface Step {
  readonly ms: number
  readonly items: number
}

async function walk(store: Pick<Store, 'listUsers'>, list: List, limit: number): Promise<readonly Step[]> {
  const steps: Step[] = []
  let from: Position | null = null
  do {
    const began = performance.now()
    const page: Awaited<ReturnType<Store['listUsers']>> = await store.listUsers({
      ...list.query,
      limit,
      from,
    })
    steps.push({ ms: performance.now() - began, items: page.items.length })
    from = page.next
  } while (from !== null && steps.length < DEPTH_PAGES)
  return steps
}

function timesOf(steps: readonly Step[]): Times {
  const sorted = steps.map(({ ms }) => ms).toSorted((one, other) => one - other)
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}
