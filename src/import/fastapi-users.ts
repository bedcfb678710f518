import { readerOf } from './dialect.ts'
import { timeOfObjectId } from './read-values.ts'
import { uuidText } from './sqlite-rows.ts'

const HEXADECIMAL_UUID = /^[0-9a-f]{32}$/i

/** fastapi-users: the table of its SQLAlchemy adapter, or the documents of its Beanie adapter. */
export const fastapiUsers = readerOf({
  name: 'fastapi-users',
  summary:
    'The users of fastapi-users: its table as CSV, JSON or a SQLite file, or its collection by mongoexport.',
  shape: { tables: ['user', 'users'], lists: [], columns: ['email'] },
  read(user) {
    const id = user.text('id', '_id')
    return {
      // On databases without a type for it a UUID may be kept without hyphens.
      id: id !== null && HEXADECIMAL_UUID.test(id) ? uuidText(id) : id,
      username: user.username('username'),
      email: user.text('email'),
      emailVerified: user.flag('is_verified'),
      passwordHash: user.text('hashed_password'),
      roles: user.flag('is_superuser') ? ['superuser'] : [],
      disabled: user.flag('is_active') === false,
      locale: user.locale('locale', 'language'),
      profile: {
        display_name: user.text('full_name', 'name', 'display_name'),
        given_name: user.text('first_name', 'given_name'),
        family_name: user.text('last_name', 'family_name'),
      },
      createdAt: user.time('created_at', 'created') ?? timeOfObjectId(id),
      updatedAt: user.time('updated_at', 'updated'),
      lastSignInAt: user.time('last_login_at', 'last_login'),
    }
  },
})
