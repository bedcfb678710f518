import { registrationErrors, register } from '../../domain/register.ts'
import { DomainError } from '../../domain/errors.ts'
import { input } from '../../domain/limits.ts'
import { acceptedSchema, userSchema } from '../answers.ts'
import { registerBody } from '../requests.ts'
import { route } from '../route.ts'
import { wireUser } from '../wire.ts'

const KEY = new RegExp(`^[\\x21-\\x7E]{1,${input.idempotencyKeyMaxLength}}$`)

export const registerRoute = route({
  method: 'POST',
  path: '/users/register',
  operationId: 'register',
  tag: 'Account',
  summary: 'Create an account',
  description:
    'A confirmation link is mailed to the address. By default the account is there at once (201) and can ' +
    'sign in, unless the server asks for confirmed addresses. Under UM_REGISTRATION_DISCLOSURE=strict the ' +
    'answer is 202 for a free and for a taken address alike: the account appears once its link is ' +
    'confirmed, the owner of a taken address is told by mail, and the username stays reserved for 24 hours.',
  access: 'public',
  requestHeaders: {
    'Idempotency-Key':
      'A random text of 1 to 255 visible ASCII characters: the same key with the same body gives the ' +
      'first 201 again, for 24 hours. It has no effect on a 202.',
  },
  body: registerBody,
  responses: {
    201: {
      description: 'The new user (UM_REGISTRATION_DISCLOSURE=friendly, the default)',
      schema: userSchema,
      headers: { Location: 'The address of the user' },
    },
    202: {
      description: 'Accepted, whoever holds the address (UM_REGISTRATION_DISCLOSURE=strict)',
      schema: acceptedSchema,
    },
  },
  hashes: true,
  limit: { rate: 'register' },
  errors: ['registration_closed', 'email_taken', 'username_taken', 'idempotency_key_reused', 'overloaded'],
  requireHeaders({ header }) {
    if (KEY.test(header('idempotency-key') ?? 'none')) return
    const detail = 'The Idempotency-Key is not 1 to 255 visible ASCII characters.'
    throw new DomainError('request_invalid', { detail })
  },
  fieldErrors: (body, { deps }) => registrationErrors(body, deps),
  async handle({ body, caller, header, deps }) {
    const key = header('idempotency-key')
    const idempotency = key === undefined ? undefined : { key, body: JSON.stringify(body) }
    const registered = await register(body, { ...caller, idempotency }, deps)
    if (registered.kind === 'accepted') return { status: 202, body: { status: 'accepted' as const } }
    const { user } = registered
    return { status: 201, body: wireUser(user), headers: { location: `/users/${user.id}` } }
  },
})
