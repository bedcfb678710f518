import { readerOf } from './dialect.ts'
import type { ImportReader } from './reader.ts'
import { isSqlite } from './source-rows.ts'
import { hasTable, withDatabase } from './sqlite-rows.ts'

/** The collection of PocketBase's own administrators. */
const SUPERUSERS = '_superusers'

const records = readerOf({
  name: 'pocketbase',
  summary: "PocketBase's data.db, or the records of an auth collection as a JSON list, NDJSON or CSV.",
  shape: { tables: ['users'], lists: ['items'], columns: ['email'] },
  read(user) {
    user.drop('collectionId', 'collectionName', 'expand', 'tokenKey', 'emailVisibility')
    user.drop('lastResetSentAt', 'lastVerificationSentAt', 'lastLoginAlertSentAt')
    return {
      id: user.text('id'),
      username: user.username('username'),
      email: user.text('email'),
      emailVerified: user.flag('verified'),
      passwordHash: user.text('password', 'passwordHash'),
      profile: { display_name: user.text('name') },
      createdAt: user.time('created'),
      updatedAt: user.time('updated'),
    }
  },
})

/** PocketBase: an auth collection. Where there are several of them, the operator says which. */
export const pocketbase: ImportReader = {
  ...records,
  async *read(files, options) {
    for (const file of files) {
      const collections = options.table === null && (await isSqlite(file)) ? authCollections(file) : []
      if (collections.length > 1) {
        throw new Error(
          `${file} has the auth collections ${collections.join(', ')}; name one of them with --table.`,
        )
      }
      yield* records.read([file], { ...options, table: options.table ?? collections[0] ?? null })
    }
  },
}

function authCollections(file: string): readonly string[] {
  return withDatabase(file, (database) => {
    if (!hasTable(database, '_collections')) throw new Error(`${file} is no database of PocketBase.`)
    const found = database.prepare("SELECT name FROM _collections WHERE type = 'auth' ORDER BY name").all()
    return found.map(({ name }) => String(name)).filter((name) => name !== SUPERUSERS)
  })
}
