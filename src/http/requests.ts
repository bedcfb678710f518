/** The bodies and queries that operations take. Unknown fields are refused, nothing is coerced. */
import Type from 'typebox'
import { input, lists } from '../domain/limits.ts'
import { userSorts, type UserSort } from '../domain/ports/administration.ts'
import {
  closed,
  email,
  locale,
  name,
  newPassword,
  password,
  profile,
  profilePatch,
  username,
  uuid,
} from './fields.ts'

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
    device_token: Type.Optional(
      Type.String({ minLength: 1, maxLength: input.deviceTokenMaxLength, examples: ['umd_…'] }),
    ),
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

const roles = Type.Array(Type.String(), {
  maxItems: lists.rolesMax,
  description: 'Names of roles: admin, user, and those of the roles file.',
  examples: [['user']],
})
export const userCreationBody = Type.Object(
  { username, email, roles: Type.Optional(roles), locale: Type.Optional(locale) },
  closed,
)
const status = Type.Unsafe<'active' | 'disabled'>({ type: 'string', enum: ['active', 'disabled'] })
export const accessBody = Type.Object(
  { roles: Type.Optional(roles), status: Type.Optional(status) },
  {
    ...closed,
    description: 'What is left out stays; roles are the whole new set.',
    examples: [{ roles: ['user'], status: 'active' }],
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
export const setupForm = Type.Object({ token: formToken, username, email, password: newPassword }, closed)
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

/** Where a page of a list begins and how long it is; with the filters of the list. */
const page = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: lists.pageMax,
      default: lists.pageDefault,
      description: 'How many items a page has at the most.',
    }),
  ),
  cursor: Type.Optional(
    Type.String({
      maxLength: lists.cursorMaxLength,
      description: 'The next or previous of another page of the same list, with the same filters and order.',
    }),
  ),
}
type UserOrder = UserSort | `-${UserSort}`
export const userListQuery = Type.Object(
  {
    ...page,
    search: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: lists.searchMaxLength,
        description: 'The beginning of the e-mail address or the username, without regard to case.',
      }),
    ),
    role: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: lists.searchMaxLength,
        description: 'Only users with this role.',
      }),
    ),
    status: Type.Optional(status),
    verified: Type.Optional(
      Type.Boolean({ description: 'Only users whose address is confirmed, or only those whose is not.' }),
    ),
    sort: Type.Optional(
      Type.Unsafe<UserOrder>({
        type: 'string',
        enum: userSorts.flatMap((sort) => [sort, `-${sort}`]),
        default: 'created_at',
        description: 'A hyphen in front turns the order round. Who has never signed in counts as earliest.',
      }),
    ),
  },
  closed,
)
export const auditListQuery = Type.Object(
  {
    ...page,
    user_id: Type.Optional(Type.String({ ...uuid, description: 'Only what was done to this user.' })),
    actor_id: Type.Optional(Type.String({ ...uuid, description: 'Only what this user did.' })),
  },
  closed,
)
