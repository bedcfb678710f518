import type { Ms } from '../domain/ports/runtime.ts'
import { readerOf } from './dialect.ts'
import type { SourceUser } from './source-user.ts'

/** One-time tokens and when they were sent, names of its own tenants, and copies of other fields. */
const DROPPED = [
  'instance_id',
  'aud',
  'role',
  'confirmed_at',
  'email_change_confirm_status',
  'is_sso_user',
  'confirmation_token',
  'recovery_token',
  'reauthentication_token',
  'phone_change_token',
  'email_change_token_new',
  'email_change_token_current',
  'confirmation_sent_at',
  'recovery_sent_at',
  'reauthentication_sent_at',
  'phone_change_sent_at',
  'email_change_sent_at',
  'invited_at',
  'raw_app_meta_data.provider',
  'raw_user_meta_data.sub',
  'raw_user_meta_data.iss',
  'raw_user_meta_data.email',
  'raw_user_meta_data.email_verified',
  'raw_user_meta_data.phone_verified',
]

/** Supabase Auth: its table `auth.users`. */
export const supabase = readerOf({
  name: 'supabase',
  summary: 'The table auth.users of Supabase Auth as CSV (psql \\copy), NDJSON or a JSON list.',
  shape: { tables: ['users'], lists: [], columns: ['encrypted_password', 'email'] },
  objects: ['raw_user_meta_data', 'raw_app_meta_data'],
  read(user, { now }) {
    if (user.has('deleted_at')) return { reason: 'The user was deleted, and only its row has been kept.' }
    if (user.flag('is_anonymous')) return { reason: 'The user is anonymous.' }
    user.drop(...DROPPED)
    const providers = user.texts('raw_app_meta_data.providers').filter((provider) => provider !== 'email')
    return {
      id: user.text('id'),
      username: user.username('raw_user_meta_data.username'),
      email: user.text('email'),
      emailVerified: user.time('email_confirmed_at') !== null,
      passwordHash: user.text('encrypted_password'),
      roles: [...user.texts('raw_app_meta_data.roles'), ...user.texts('raw_app_meta_data.role')],
      disabled: isBanned(user, now),
      locale: user.locale('raw_user_meta_data.locale'),
      profile: {
        display_name: user.text(...inMeta('display_name', 'full_name', 'name')),
        given_name: user.text(...inMeta('given_name', 'first_name')),
        family_name: user.text(...inMeta('family_name', 'last_name')),
        picture: user.text(...inMeta('avatar_url', 'picture')),
        website: user.text(...inMeta('website')),
        bio: user.text(...inMeta('bio')),
      },
      createdAt: user.time('created_at'),
      updatedAt: user.time('updated_at'),
      lastSignInAt: user.time('last_sign_in_at'),
      leftBehind: [
        ...providers.map((provider) => `sign-in by ${provider}`),
        ...(user.flag('is_super_admin') ? ['is_super_admin'] : []),
      ],
    }
  },
})

/** A ban without an end, written as `infinity`, is no time. */
function isBanned(user: SourceUser, now: Ms): boolean {
  const until = user.time('banned_until')
  return until === null ? user.has('banned_until') : Date.parse(until) > now
}

/** These fields where users, or their providers, have them. */
function inMeta(...names: readonly string[]): readonly string[] {
  return names.map((name) => `raw_user_meta_data.${name}`)
}
