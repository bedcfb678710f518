/** A user as a record of an export, and the other way round: the form in which users move in and out. */
import { inOrder, roleErrors } from './change-access.ts'
import type { Deps } from './deps.ts'
import { DomainError, escapePointer, fieldError, type ErrorCode, type FieldError } from './errors.ts'
import { mergeProfile, userFieldErrors } from './field-rules.ts'
import { readEmail } from './keys.ts'
import { input, lists, moving } from './limits.ts'
import { requirePlain } from './plain-json.ts'
import type { Id, JsonObject, JsonValue, Ms } from './ports/runtime.ts'
import { profileFieldErrors } from './register.ts'
import type { MovedUser, User } from './user.ts'

/** The fields of a record, in their order; only `email` is needed. */
export const recordFields = [
  'id',
  'username',
  'email',
  'email_verified',
  'password_hash',
  'roles',
  'status',
  'locale',
  'profile',
  'created_at',
  'updated_at',
  'last_sign_in_at',
] as const

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/
const ID_TAIL = 8
const TIME_DIGITS = 12
const known: ReadonlySet<string> = new Set(recordFields)

/** What a record leaves open, and how it is taken. */
export interface RecordDefaults {
  /** Of users whose record doesn't have it: the same in every run, so that their ids are too. */
  readonly createdAt: Ms
  /** Takes users whose password hash is none that can be verified here, without a password. */
  readonly withoutUnknownHashes: boolean
}

/** A record that keeps the rules; or every rule that it breaks. */
export type ReadRecord =
  | {
      readonly kind: 'user'
      readonly user: MovedUser
      /** The username was made from the address, and may be another one. */
      readonly madeUsername: boolean
      /** The hash that it had can't be verified. */
      readonly hashLeftOut: boolean
    }
  | { readonly kind: 'broken'; readonly errors: readonly FieldError[] }

/** The record of a user that moves out. */
export function recordOf(user: User): JsonObject {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    email_verified: user.emailVerified,
    password_hash: user.passwordHash,
    roles: user.roles,
    status: user.status,
    locale: user.locale,
    profile: user.profile,
    created_at: textOfTime(user.createdAt),
    updated_at: textOfTime(user.updatedAt),
    last_sign_in_at: user.lastSignInAt === null ? null : textOfTime(user.lastSignInAt),
  }
}

/** Reads a record by the rules of a registration; null in it is the same as nothing. */
export function readRecord(
  record: JsonObject,
  defaults: RecordDefaults,
  deps: Pick<Deps, 'clock' | 'passwords' | 'rules' | 'secrets'>,
): ReadRecord {
  const fields = fieldsOf(record, deps.clock.now())
  const { email = '', hash, profile = {}, roles = ['user'], locale } = fields
  const passwordHash = hash === undefined ? null : deps.passwords.importable(hash)
  const hashLeftOut = hash !== undefined && passwordHash === null
  const username = usernameOf(fields)
  const errors = [
    ...fields.errors,
    ...userFieldErrors({ username, email: fields.email, locale }),
    ...(hashLeftOut && !defaults.withoutUnknownHashes ? [unknownHash()] : []),
    ...roleErrors({ roles }, deps.rules.roles),
    ...profileErrors(profile, deps),
  ]
  if (errors.length > 0) return { kind: 'broken', errors }
  const address = readEmail(email)
  const createdAt = fields.createdAt ?? defaults.createdAt
  const id = idOf(fields.id ?? address?.key ?? email, createdAt, deps)
  const user = {
    id,
    username: username ?? usernameFrom(email),
    email: address?.address ?? email,
    emailVerified: fields.emailVerified ?? false,
    passwordHash,
    roles: inOrder(roles, deps.rules.roles),
    status: fields.status ?? 'active',
    locale: locale ?? 'en',
    profile: mergeProfile({}, profile),
    createdAt,
    updatedAt: fields.updatedAt ?? createdAt,
    lastSignInAt: fields.lastSignInAt ?? null,
  } as const
  return { kind: 'user', user, madeUsername: username === undefined, hashLeftOut }
}

/** The user with a name that nobody else has: the one that its address gives, and the end of its id. */
export function withOtherUsername(user: MovedUser): MovedUser {
  const tail = `-${user.id.slice(-ID_TAIL)}`
  return { ...user, username: user.username.slice(0, input.usernameMaxLength - tail.length) + tail }
}

/** Says what is wrong with a field. */
type Refuse = (code: ErrorCode, message: string) => undefined

/** The fields of a record, each of its own type. */
function fieldsOf(record: JsonObject, now: Ms) {
  const errors: FieldError[] = []
  const take = <Value>(
    name: (typeof recordFields)[number],
    read: (value: JsonValue, refuse: Refuse) => Value | undefined,
  ): Value | undefined => {
    const value = record[name]
    if (value === undefined || value === null) return undefined
    return read(value, (code, message) => void errors.push(fieldError(`/${name}`, code, message)))
  }
  const time = (value: JsonValue, refuse: Refuse) => timeOf(value, now, refuse)
  const values = {
    id: take('id', idText),
    username: take('username', textOf),
    email: take('email', textOf),
    emailVerified: take('email_verified', flagOf),
    hash: take('password_hash', textOf),
    roles: take('roles', textsOf),
    status: take('status', statusOf),
    locale: take('locale', textOf),
    profile: take('profile', objectOf),
    createdAt: take('created_at', time),
    updatedAt: take('updated_at', time),
    lastSignInAt: take('last_sign_in_at', time),
  }
  if (values.email === undefined && errors.every(({ pointer }) => pointer !== '/email'))
    errors.push(fieldError('/email', 'field_required'))
  for (const name in record) {
    if (!known.has(name)) errors.push(fieldError(`/${escapePointer(name)}`, 'unknown_field'))
  }
  return { ...values, errors }
}

function textOf(value: JsonValue, refuse: Refuse): string | undefined {
  return typeof value === 'string' ? value : refuse('field_type', 'The value must be a text.')
}

function flagOf(value: JsonValue, refuse: Refuse): boolean | undefined {
  return typeof value === 'boolean' ? value : refuse('field_type', 'The value must be true or false.')
}

/** Sources number their users too. */
function idText(value: JsonValue, refuse: Refuse): string | undefined {
  const text = typeof value === 'number' ? String(value) : textOf(value, refuse)
  if (text === undefined || (text !== '' && text.length <= moving.sourceIdMaxLength)) return text
  return refuse('field_too_long', `An id has 1 to ${moving.sourceIdMaxLength} characters.`)
}

function textsOf(value: JsonValue, refuse: Refuse): readonly string[] | undefined {
  if (!isList(value) || !value.every((each) => typeof each === 'string'))
    return refuse('field_type', 'The value must be a list of texts.')
  return value.length <= lists.rolesMax
    ? value
    : refuse('field_too_long', `At most ${lists.rolesMax} roles are taken.`)
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function statusOf(value: JsonValue, refuse: Refuse): 'active' | 'disabled' | undefined {
  return value === 'active' || value === 'disabled'
    ? value
    : refuse('field_format', 'The status must be active or disabled.')
}

function objectOf(value: JsonValue, refuse: Refuse): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || isList(value))
    return refuse('field_type', 'The value must be an object.')
  return value
}

/** RFC 3339, from 1970 on and not in the future. */
function timeOf(value: JsonValue, now: Ms, refuse: Refuse): Ms | undefined {
  const at = typeof value === 'string' && TIME.test(value) ? Date.parse(value) : Number.NaN
  if (!Number.isFinite(at)) return refuse('field_format', 'This is no time such as 2024-05-01T12:00:00Z.')
  return at >= 0 && at <= now + moving.futureMs
    ? at
    : refuse('field_format', 'The time has to lie between 1970 and now.')
}

/**
 * As it was sent and as it would be stored, and nothing that an engine would not give back as it was. Users
 * whom an administrator makes begin without a profile, whatever is required, and go out and come in like it.
 */
function profileErrors(profile: JsonObject, { rules }: Pick<Deps, 'rules'>): readonly FieldError[] {
  if (Object.keys(profile).length === 0) return []
  try {
    // It is the second level of a body everywhere else.
    requirePlain(profile, 2)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return [fieldError('/profile', 'field_format', error.message)]
  }
  return profileFieldErrors(profile, rules.profile)
}

/** Many programs have no other name than the address. */
function usernameOf({ username, email }: { username: string | undefined; email: string | undefined }) {
  return username !== undefined && username.toLowerCase() === email?.toLowerCase() ? undefined : username
}

/** What stands before the @ of an address, as far as a username may hold it. */
function usernameFrom(email: string): string {
  const local = email.slice(0, email.lastIndexOf('@')).replaceAll(/[^A-Za-z0-9._-]/g, '-')
  const name = local.length < input.usernameMinLength ? `user-${local}` : local
  return name.slice(0, input.usernameMaxLength)
}

/** A UUID stays; any other text gives the same one in every run: the time, and digits of its SHA-256. */
function idOf(source: string, at: Ms, { secrets }: Pick<Deps, 'secrets'>): Id {
  if (UUID.test(source)) return source.toLowerCase()
  const time = at.toString(16).padStart(TIME_DIGITS, '0')
  const hex = secrets.hashId(source).toHex()
  const variant = ((Number.parseInt(hex.slice(3, 4), 16) & 0b11) | 0b1000).toString(16)
  const groups = [
    time.slice(0, 8),
    time.slice(8),
    `7${hex.slice(0, 3)}`,
    variant + hex.slice(4, 7),
    hex.slice(7, 19),
  ]
  return groups.join('-')
}

function textOfTime(at: Ms): string {
  return new Date(at).toISOString()
}

function unknownHash(): FieldError {
  const message = 'This is no password hash that can be verified here.'
  return fieldError('/password_hash', 'field_format', message)
}
