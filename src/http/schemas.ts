/**
 * The wire: every shape that goes in or out, stated once. Types, validation, response filter, OpenAPI and examples
 * come from here; limits come from `domain/limits.ts`.
 */
import Type, { type Static, type TSchema } from 'typebox'
import { input } from '../domain/limits.ts'

/** One line of text: no control characters, no half surrogate pairs. */
const LINE = '^[^\\p{Cc}\\p{Cs}]*$'
/** Text with line breaks. */
const TEXT = '^[^\\p{Cs}\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F]*$'
const HTTPS = '^https://[^\\s/?#\\p{Cc}\\p{Cs}][^\\s\\p{Cc}\\p{Cs}]*$'

const closed = { additionalProperties: false } as const

function nullable<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()])
}

/** A member of an answer that may be null, in the form that the serializer writes fastest. */
function textOrNull(options: Readonly<Record<string, unknown>>) {
  return Type.Unsafe<string | null>({ ...options, type: ['string', 'null'] })
}

const time = { format: 'date-time', examples: ['2026-11-24T09:30:00.000Z'] }
const uuid = { format: 'uuid', examples: ['019ab2c4-5d6e-7f80-9a1b-2c3d4e5f6071'] }

const username = Type.String({
  description: '3 to 32 of A-Z a-z 0-9 . _ -; shown as typed, unique without regard to case.',
  examples: ['ada'],
})
const email = Type.String({ description: 'An e-mail address.', examples: ['ada@example.com'] })
const newPassword = Type.String({
  description: '8 to 256 characters; not a common password, nor one with the username or address in it.',
  examples: ['correct horse battery staple'],
})
const password = Type.String({
  minLength: 1,
  maxLength: input.presentedPasswordMaxLength,
  description: 'The current password.',
  examples: ['correct horse battery staple'],
})
const locale = Type.String({ description: 'Language tag (BCP 47) for mails and pages.', examples: ['en'] })

const name = { minLength: 1, maxLength: input.nameMaxLength, pattern: LINE }
const link = { maxLength: input.urlMaxLength, pattern: HTTPS }
const profileFields = {
  display_name: Type.String({ ...name, examples: ['Ada Lovelace'] }),
  given_name: Type.String({ ...name, examples: ['Ada'] }),
  family_name: Type.String({ ...name, examples: ['Lovelace'] }),
  picture: Type.String({ ...link, description: 'https URL', examples: ['https://example.com/ada.jpg'] }),
  website: Type.String({ ...link, description: 'https URL', examples: ['https://example.com/'] }),
  bio: Type.String({ maxLength: input.bioMaxLength, pattern: TEXT, examples: ['First programmer.'] }),
}
type ProfileField = keyof typeof profileFields

const profile = Type.Object(
  {
    display_name: Type.Optional(profileFields.display_name),
    given_name: Type.Optional(profileFields.given_name),
    family_name: Type.Optional(profileFields.family_name),
    picture: Type.Optional(profileFields.picture),
    website: Type.Optional(profileFields.website),
    bio: Type.Optional(profileFields.bio),
  } satisfies Record<ProfileField, TSchema>,
  { ...closed, description: 'What the user tells about itself; at most 4 KiB.' },
)
const profilePatch = Type.Object(
  {
    display_name: Type.Optional(nullable(profileFields.display_name)),
    given_name: Type.Optional(nullable(profileFields.given_name)),
    family_name: Type.Optional(nullable(profileFields.family_name)),
    picture: Type.Optional(nullable(profileFields.picture)),
    website: Type.Optional(nullable(profileFields.website)),
    bio: Type.Optional(nullable(profileFields.bio)),
  } satisfies Record<ProfileField, TSchema>,
  { ...closed, description: 'Merged key by key; null clears a key.' },
)

// Requests

export const registerBody = Type.Object(
  {
    username,
    email,
    password: newPassword,
    profile: Type.Optional(profile),
    locale: Type.Optional(locale),
  },
  closed,
)

const identifier = { minLength: 1, maxLength: input.identifierMaxLength }
export const loginBody = Type.Object(
  {
    email: Type.Optional(Type.String({ ...identifier, examples: ['ada@example.com'] })),
    username: Type.Optional(
      Type.String({ ...identifier, description: 'A username or an e-mail address, instead of email.' }),
    ),
    password,
    device_name: Type.Optional(
      Type.String({ ...name, maxLength: input.deviceNameMaxLength, examples: ["Ada's laptop"] }),
    ),
  },
  {
    ...closed,
    description: 'Exactly one of email and username.',
    examples: [
      { email: 'ada@example.com', password: 'correct horse battery staple', device_name: "Ada's laptop" },
    ],
  },
)

export const profileUpdateBody = Type.Object(
  {
    username: Type.Optional(username),
    email: Type.Optional(email),
    locale: Type.Optional(locale),
    profile: Type.Optional(profilePatch),
  },
  {
    ...closed,
    description: 'Any subset; what is left out stays.',
    examples: [{ locale: 'en-GB', profile: { display_name: 'Ada King', website: null } }],
  },
)

export const emailBody = Type.Object({ email }, closed)
export const newPasswordBody = Type.Object({ password: newPassword }, closed)
export const passwordBody = Type.Object({ password }, closed)
export const optionalPasswordBody = Type.Object({ password: Type.Optional(password) }, closed)
export const passwordChangeBody = Type.Object(
  { current_password: password, new_password: newPassword },
  closed,
)
export const refreshBody = Type.Object(
  { refresh_token: Type.String({ minLength: 1, maxLength: 1024, examples: ['umr_…'] }) },
  closed,
)
const formToken = Type.String({ maxLength: 1024 })
export const resetForm = Type.Object(
  { token: formToken, password: newPassword, username: Type.Optional(Type.String()) },
  closed,
)
export const verifyForm = Type.Object(
  { token: formToken, password, username: Type.Optional(Type.String()) },
  closed,
)
export const inboxQuery = Type.Object(
  {
    to: Type.Optional(Type.String({ description: 'Only mails to this address.' })),
    kind: Type.Optional(
      Type.String({ description: 'Only mails of this kind.', examples: ['reset_password'] }),
    ),
    after: Type.Optional(
      Type.String({ ...uuid, description: 'Only mails newer than the one with this id.' }),
    ),
    wait: Type.Optional(
      Type.String({ pattern: '^([0-9]|[12][0-9]|30)$', description: 'Seconds to wait for a mail, 0 to 30.' }),
    ),
  },
  closed,
)

// Answers

export const userSchema = Type.Object(
  {
    id: Type.String(uuid),
    username,
    email,
    email_verified: Type.Boolean({ examples: [false] }),
    pending_email: textOrNull({ description: 'Asked for, not confirmed yet.', examples: [null] }),
    roles: Type.Array(Type.String(), { examples: [['user']] }),
    status: Type.Unsafe<'active' | 'disabled'>({ type: 'string', enum: ['active', 'disabled'] }),
    locale,
    profile: Type.Unsafe<Readonly<Record<string, unknown>>>({
      type: 'object',
      additionalProperties: true,
      examples: [{ display_name: 'Ada Lovelace' }],
    }),
    created_at: Type.String(time),
    updated_at: Type.String(time),
    last_sign_in_at: textOrNull({ ...time, examples: [null] }),
  },
  closed,
)
export type WireUser = Static<typeof userSchema>

export const signedInSchema = Type.Object(
  {
    access_token: Type.String({
      description: 'JWT (RFC 9068).',
      examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9…'],
    }),
    token_type: Type.Unsafe<'Bearer'>({ type: 'string', enum: ['Bearer'] }),
    expires_in: Type.Integer({ description: 'Seconds.', examples: [600] }),
    refresh_token: Type.String({ examples: ['umr_…'] }),
    refresh_expires_in: Type.Integer({ description: 'Seconds.', examples: [1_209_600] }),
    session_id: Type.String(uuid),
    user: userSchema,
  },
  closed,
)

export const sessionSchema = Type.Object(
  {
    id: Type.String(uuid),
    current: Type.Boolean(),
    device_name: textOrNull({ examples: ["Ada's laptop"] }),
    user_agent: textOrNull({ examples: ['curl/8.5.0'] }),
    created_at: Type.String(time),
    last_used_at: Type.String(time),
    expires_at: Type.String(time),
  },
  closed,
)

export function listOf<S extends TSchema>(item: S) {
  return Type.Object(
    {
      items: Type.Array(item),
      next: textOrNull({ description: 'Cursor of the next page.', examples: [null] }),
      previous: textOrNull({ description: 'Cursor of the previous page.', examples: [null] }),
    },
    closed,
  )
}

export const acceptedSchema = Type.Object(
  { status: Type.Unsafe<'accepted'>({ type: 'string', enum: ['accepted'] }) },
  closed,
)
export const passwordChangedSchema = Type.Object(
  {
    status: Type.Unsafe<'password_changed'>({ type: 'string', enum: ['password_changed'] }),
    sessions_revoked: Type.Integer({ examples: [2] }),
  },
  closed,
)
export const receiptSchema = Type.Object(
  {
    deletion_id: Type.String(uuid),
    deleted_at: Type.String(time),
    erased: Type.Unsafe<Readonly<Record<string, number>>>({
      type: 'object',
      additionalProperties: { type: 'integer' },
      description: 'How many rows of each kind were erased.',
      examples: [{ identifiers: 2, sessions: 1, one_time_tokens: 1 }],
    }),
    retained: Type.Array(
      Type.Object({ what: Type.String(), reason: Type.String(), until: Type.String(time) }, closed),
      { description: 'What is left, why, and until when.' },
    ),
  },
  closed,
)
export const exportSchema = Type.Unsafe<{
  readonly exported_at: string
  readonly user: WireUser
  readonly [entry: string]: unknown
}>({
  type: 'object',
  required: ['exported_at', 'user'],
  properties: { exported_at: Type.String(time), user: userSchema },
  additionalProperties: { type: 'array', items: { type: 'object', additionalProperties: true } },
  description: 'The user, and an array for each place that holds it, under the keys of the deletion receipt.',
})
export const okSchema = Type.Object({ status: Type.Unsafe<'ok'>({ type: 'string', enum: ['ok'] }) }, closed)
export const jwksSchema = Type.Object(
  {
    keys: Type.Array(
      Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object', additionalProperties: true }),
    ),
  },
  closed,
)
export const discoverySchema = Type.Object(
  {
    issuer: Type.String(),
    jwks_uri: Type.String(),
    subject_types_supported: Type.Array(Type.String()),
    id_token_signing_alg_values_supported: Type.Array(Type.String()),
    response_types_supported: Type.Array(Type.String()),
  },
  closed,
)
export const inboxSchema = Type.Object(
  {
    messages: Type.Array(
      Type.Object(
        {
          id: Type.String(uuid),
          to: Type.String(),
          kind: Type.String({ examples: ['verify_email'] }),
          subject: Type.String(),
          sent_at: Type.String(time),
          text: Type.String(),
          html: Type.String(),
          links: Type.Array(Type.String()),
          tokens: Type.Array(Type.String()),
        },
        closed,
      ),
    ),
  },
  closed,
)
export const problemSchema = Type.Object(
  {
    type: Type.String({ format: 'uri' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String(),
    code: Type.String(),
    action: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object({ pointer: Type.String(), code: Type.String(), message: Type.String() }, closed),
      ),
    ),
    request_id: Type.String(),
    retry_after: Type.Optional(Type.Integer()),
  },
  closed,
)
