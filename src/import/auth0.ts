import type { JsonObject } from '../domain/ports/runtime.ts'
import { customHash } from './auth0-password.ts'
import { plain, readRow } from './dialect.ts'
import type { Draft } from './draft.ts'
import { asText } from './read-values.ts'
import type { ImportReader } from './reader.ts'
import { openSideTable, type SideTable } from './side-table.ts'
import { isObject } from './source-row.ts'
import { sourceRows, type Shape } from './source-rows.ts'
import type { SourceUser } from './source-user.ts'

const SHAPE: Shape = { tables: [], lists: [], columns: ['email', 'user_id'] }
/** How the ids of users with a password begin. */
const DATABASE = 'auth0|'

/** Auth0: the users of an export job, and the passwords that its support delivers in a file of their own. */
export const auth0: ImportReader = {
  name: 'auth0',
  summary: 'An export of users from Auth0 and the file of their password hashes; or a bulk import file.',
  async *read(files, options) {
    const passwords = openSideTable()
    try {
      for (const file of files) await keepPasswords(file, passwords)
      for (const file of files) {
        for await (const row of sourceRows(file, SHAPE)) {
          if ('fields' in row && isPassword(row.fields)) continue
          yield readRow(row, { prepare, read: (user) => readUser(user, passwords) }, options)
        }
      }
      // Whoever has signed up between the two exports, or all where there is no other file.
      for (const { file, line, ...fields } of passwords.rest()) {
        const row = { file: asText(file), line: Number(line), list: null, fields }
        yield readRow(row, { read: readPassword }, options)
      }
    } finally {
      passwords.close()
    }
  },
}

function isPassword(fields: JsonObject): boolean {
  return Object.hasOwn(fields, 'passwordHash')
}

async function keepPasswords(file: string, passwords: SideTable): Promise<void> {
  for await (const row of sourceRows(file, SHAPE)) {
    if (!('fields' in row && isPassword(row.fields))) continue
    const fields = withAddress(plain(row.fields))
    const keys = [`id ${idOf(fields)}`, ...(typeof fields.email === 'string' ? [emailKey(fields.email)] : [])]
    passwords.put(keys, { ...fields, file: row.file, line: row.line })
  }
}

/** `alt_id` is the id that the operator gave, where there is one. */
function idOf({ alt_id, _id }: JsonObject): string {
  return DATABASE + asText(alt_id ?? _id)
}

function emailKey(email: string): string {
  return `email ${email.toLowerCase()}`
}

/** The address stands among the identifiers where it doesn't stand for itself. */
function withAddress(fields: JsonObject): JsonObject {
  const { email, identifiers } = fields
  const list = Array.isArray(identifiers) ? identifiers.filter(isObject) : []
  const address = list.find(({ type }) => type === 'email')
  if (typeof email === 'string' || !address) return fields
  return { ...fields, email: address.value ?? null, email_verified: address.verified ?? null }
}

/** In CSV every text has a quote before it, so that no spreadsheet takes it for a formula. */
function prepare(fields: JsonObject): JsonObject {
  const quoted = [fields.email, fields.user_id].some(
    (value) => typeof value === 'string' && value.startsWith("'"),
  )
  if (!quoted) return fields
  const entries = Object.entries(fields)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? value.replace(/^'/, '') : value]),
  )
}

function readUser(user: SourceUser, passwords: SideTable): Draft {
  const id = user.text('user_id', 'id')
  const email = user.text('email')
  const stored = passwordOf(id, email, passwords)
  const given = user.text('password_hash') ?? stored
  const custom = given === null ? user.value('custom_password_hash') : null
  // Who has not said a name has the address for one.
  const name = user.text('name')
  return {
    id,
    username: user.username('username'),
    email,
    emailVerified: user.flag('email_verified'),
    passwordHash: isObject(custom) ? customHash(custom) : given,
    roles: user.texts('app_metadata.roles'),
    disabled: user.flag('blocked') === true,
    locale: user.locale('locale', 'user_metadata.locale'),
    profile: {
      display_name: name === email ? null : name,
      given_name: user.text('given_name', 'user_metadata.given_name'),
      family_name: user.text('family_name', 'user_metadata.family_name'),
      picture: user.text('picture'),
    },
    createdAt: user.time('created_at'),
    updatedAt: user.time('updated_at'),
    lastSignInAt: user.time('last_login'),
  }
}

/** By the id; by the address only where the export has no ids, and one password alone has that address. */
function passwordOf(id: string | null, email: string | null, passwords: SideTable): string | null {
  const key = id === null ? emailKey(email ?? '') : `id ${id}`
  const hash = passwords.takeOnly(key)?.passwordHash
  return typeof hash === 'string' ? hash : null
}

function readPassword(user: SourceUser): Draft {
  const [given, id] = [user.text('alt_id'), user.text('_id')]
  user.drop('tenant', '_tmp_is_unique', 'identifiers', 'password_set_date')
  return {
    id: id === null && given === null ? null : DATABASE + (given ?? id ?? ''),
    username: user.username('username'),
    email: user.text('email'),
    emailVerified: user.flag('email_verified'),
    passwordHash: user.text('passwordHash'),
  }
}
