import type { JsonObject, Ms } from '../domain/ports/runtime.ts'
import { plain, readRow, shapeFor } from './dialect.ts'
import type { Draft } from './draft.ts'
import { scryptText } from './hash-text.ts'
import { asText } from './read-values.ts'
import type { ImportReader, ReaderOptions } from './reader.ts'
import { openSideTable, type SideTable } from './side-table.ts'
import { sourceRows, type Shape } from './source-rows.ts'
import { openSourceUser, type SourceUser } from './source-user.ts'

const ACCOUNTS = ['account', 'accounts']
const SHAPE: Shape = {
  tables: ['user', 'users'],
  lists: ['user', 'users'],
  columns: ['email', 'providerId', 'provider_id'],
}
/** The provider of an account that has a password. */
const PASSWORD = 'credential'

/** Better Auth: users, and their passwords in the table of accounts. */
export const betterAuth: ImportReader = {
  name: 'better-auth',
  summary:
    'The tables user and account of Better Auth: a SQLite file, a JSON document, or CSV or NDJSON files.',
  async *read(files, options) {
    const accounts = openSideTable()
    try {
      for (const file of files) await keepAccounts(file, accounts, options)
      if (accounts.isEmpty())
        throw new Error(`There is no account in ${files.join(', ')}: passwords are in that table.`)
      for (const file of files) {
        for await (const row of sourceRows(file, shape(options))) {
          if ('fields' in row && isAccount(row.fields)) continue
          yield readRow(row, { read: (user) => readUser(user, accounts, options.now) }, options)
        }
      }
    } finally {
      accounts.close()
    }
  },
}

function shape(options: ReaderOptions): Shape {
  const users = shapeFor(SHAPE, options)
  return { ...users, tables: [...users.tables, ...ACCOUNTS], lists: [...users.lists, ...ACCOUNTS] }
}

function isAccount(fields: JsonObject): boolean {
  return Object.hasOwn(fields, 'providerId') || Object.hasOwn(fields, 'provider_id')
}

async function keepAccounts(file: string, accounts: SideTable, options: ReaderOptions): Promise<void> {
  for await (const row of sourceRows(file, shape(options))) {
    if (!('fields' in row && isAccount(row.fields))) continue
    const account = openSourceUser(plain(row.fields))
    const owner = account.text('userId', 'user_id')
    const [provider, password] = [account.text('providerId', 'provider_id'), account.text('password')]
    if (owner !== null) accounts.put([owner], { provider, password: provider === PASSWORD ? password : null })
  }
}

function readUser(user: SourceUser, table: SideTable, now: Ms): Draft | { readonly reason: string } {
  if (user.flag('isAnonymous', 'is_anonymous')) return { reason: 'The user is anonymous.' }
  const id = user.text('id', '_id')
  const accounts = id === null ? [] : table.take(id)
  const password = accounts.find((account) => account.password !== null)?.password
  const others = accounts.filter(({ provider }) => provider !== PASSWORD)
  const twoFactor = user.flag('twoFactorEnabled', 'two_factor_enabled')
  // The one is the other in lower case.
  const shown = user.username('displayUsername', 'display_username')
  if (shown !== null) user.drop('username')
  return {
    id,
    username: shown ?? user.username('username'),
    email: user.text('email'),
    emailVerified: user.flag('emailVerified', 'email_verified'),
    passwordHash: typeof password === 'string' ? hashText(password) : null,
    roles: user.texts('role').filter((role) => role !== 'user'),
    disabled: isBanned(user, now),
    profile: { display_name: user.text('name'), picture: user.text('image') },
    createdAt: user.time('createdAt', 'created_at'),
    updatedAt: user.time('updatedAt', 'updated_at'),
    leftBehind: [
      ...others.map(({ provider }) => `sign-in by ${asText(provider)}`),
      ...(twoFactor ? ['second factor'] : []),
    ],
  }
}

function isBanned(user: SourceUser, now: Ms): boolean {
  const until = user.time('banExpires', 'ban_expires')
  return user.flag('banned') === true && (until === null || Date.parse(until) > now)
}

/**
 * `salt:key` in hexadecimal is scrypt with N 2^14, r 16 and p 1, of the password in the normal form KC, with
 * the letters of the salt as they are written. Another text is what the operator's own hashing has made.
 */
function hashText(text: string): string {
  const [, salt, key] = /^([0-9a-f]{32}):([0-9a-f]{128})$/.exec(text) ?? []
  if (salt === undefined || key === undefined) return text
  const bytes = { salt: Buffer.from(salt, 'latin1'), tag: Buffer.from(key, 'hex') }
  return scryptText({ logCost: 14, blockSize: 16, lanes: 1, ...bytes, isNormalized: true })
}
