/** What operations answer: validation in tests, the response filter of the server, OpenAPI. */
import Type, { type Static, type TSchema } from 'typebox'
import { closed, email, locale, textOrNull, time, username, uuid } from './fields.ts'

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

const deviceToken = Type.String({
  description: 'Send it with the next sign-in: failures of strangers then never lock this device out.',
  examples: ['umd_…'],
})

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

export const loggedInSchema = Type.Object(
  {
    ...signedInSchema.properties,
    device_token: deviceToken,
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

function listOf<S extends TSchema>(item: S) {
  return Type.Object(
    {
      items: Type.Array(item),
      next: textOrNull({ description: 'Cursor of the next page.', examples: [null] }),
      previous: textOrNull({ description: 'Cursor of the previous page.', examples: [null] }),
    },
    closed,
  )
}

export const userListSchema = listOf(userSchema)
export const sessionListSchema = listOf(sessionSchema)

export const auditEventSchema = Type.Object(
  {
    id: Type.String(uuid),
    at: Type.String(time),
    action: Type.String({
      description: 'What was done: the name of the operation in words.',
      examples: ['change-access'],
    }),
    actor_id: textOrNull({
      description: 'Who did it; null for nobody signed in, and for the operator at the command line.',
      examples: [uuid.examples[0]],
    }),
    user_id: textOrNull({ description: 'To whom it was done.', examples: [uuid.examples[0]] }),
    request_id: Type.String({
      description: 'The X-Request-Id of the request; begins with cli: for one of the command line.',
      examples: [uuid.examples[0]],
    }),
    detail: textOrNull({ description: 'More, never personal.', examples: ['roles admin user'] }),
  },
  closed,
)
export const auditListSchema = listOf(auditEventSchema)

export const acceptedSchema = Type.Object(
  { status: Type.Unsafe<'accepted'>({ type: 'string', enum: ['accepted'] }) },
  closed,
)
export const passwordChangedSchema = Type.Object(
  {
    status: Type.Unsafe<'password_changed'>({ type: 'string', enum: ['password_changed'] }),
    sessions_revoked: Type.Integer({ examples: [2] }),
    device_token: deviceToken,
  },
  closed,
)
export const signedOutSchema = Type.Object(
  { sessions_revoked: Type.Integer({ description: 'How many live sessions ended.', examples: [2] }) },
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
