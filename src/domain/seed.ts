/** Users that nobody is: to try the server, its lists and its speed with as many as wanted. */
import type { Caller, Deps } from './deps.ts'
import { preparePassword } from './password-rules.ts'
import { requirePermission, type Administrator } from './policy.ts'
import { auditEvent } from './trail.ts'
import type { MovedUser } from './user.ts'

const FIRST = [
  'ada',
  'grace',
  'alan',
  'edsger',
  'barbara',
  'donald',
  'frances',
  'tony',
  'radia',
  'ken',
  'joan',
]
const LAST = [
  'moreau',
  'okafor',
  'lindqvist',
  'tanaka',
  'silva',
  'novak',
  'haddad',
  'larsen',
  'iyer',
  'kovacs',
]
const LOCALES = ['en', 'en', 'en', 'de', 'fr', 'es', 'pt-BR', 'ja']

/** The first of them has registered then (2022-01-01), and every 20 seconds another one. */
const BEGINNING_MS = 1_640_995_200_000
const APART_MS = 20_000
/** Who has signed in has done so within 300 days, for the last time; one of four never has. */
const ACTIVE_SECONDS = 25_920_000

/** A stretch of them; the first of all is number 1. */
export interface SeedStep {
  readonly from: number
  readonly count: number
  readonly password: string
}

/** What became of a stretch; `taken` are those whose name or address somebody else has. */
export interface Seeded {
  readonly added: number
  readonly repeated: number
  readonly taken: number
}

/**
 * Adds the users of a stretch, all with the same password; those that are there from an earlier run stay as
 * they are. Throws `permission_denied`.
 */
export async function seedUsers(
  { actor, step }: { readonly actor: Administrator; readonly step: SeedStep },
  caller: Caller,
  deps: Deps,
): Promise<Seeded> {
  requirePermission(actor, 'users:write')
  const passwordHash = await deps.passwords.hash(preparePassword(step.password), caller.gone)
  const users = Array.from({ length: step.count }, (_, place) => seedUser(step.from + place, passwordHash))
  const detail = `users ${step.from} to ${step.from + step.count - 1}`
  const happening = { action: 'seed', userId: null, actorId: actor.userId, detail }
  const verdicts = await deps.store.addUsers(users, { audit: auditEvent(happening, caller, deps) })
  const count = (wanted: string) => verdicts.filter(({ kind }) => kind === wanted).length
  return { added: count('added'), repeated: count('repeated'), taken: count('conflict') }
}

/** The user of this number: the same whenever it is asked for, so that a run can be taken up again. */
export function seedUser(number: number, passwordHash: string): MovedUser {
  const chance = mixed(number)
  const pick = (from: readonly string[], salt: number) => from[mixed(number ^ salt) % from.length] ?? ''
  const [first, last] = [pick(FIRST, 0x5eed), pick(LAST, 0xfeed)]
  const digits = String(number).padStart(6, '0')
  const createdAt = BEGINNING_MS + number * APART_MS
  const signedIn = mixed(number ^ 0xfade)
  return {
    id: idOf(number, createdAt),
    username: `seed-${digits}`,
    email: `${first}.${last}.seed-${digits}@example.com`,
    emailVerified: chance % 5 !== 0,
    passwordHash,
    roles: ['user'],
    status: chance % 33 === 0 ? 'disabled' : 'active',
    locale: pick(LOCALES, 0xbeef),
    profile: { display_name: `${capital(first)} ${capital(last)}` },
    createdAt,
    lastSignInAt: signedIn % 4 === 0 ? null : createdAt + (signedIn % ACTIVE_SECONDS) * 1000,
  }
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}

/** A UUIDv7 of its time, whose other digits come from the number: nobody's secret. */
function idOf(number: number, at: number): string {
  const hex = (value: number, length: number) => value.toString(16).padStart(length, '0').slice(-length)
  const time = hex(at, 12)
  const rest = [0x1d, 0x2d, 0x3d].map((salt) => hex(mixed(number ^ salt), 6)).join('')
  const groups = [
    time.slice(0, 8),
    time.slice(8),
    `7${rest.slice(0, 3)}`,
    `8${rest.slice(3, 6)}`,
    rest.slice(6),
  ]
  return groups.join('-')
}

/** 32 bits that look random (the finaliser of MurmurHash3): neighbours are to differ. */
function mixed(number: number): number {
  const first = Math.imul(number ^ (number >>> 16), 0x85ebca6b)
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35)
  return (second ^ (second >>> 16)) >>> 0
}
