import { registrationErrors, register } from '../../domain/register.ts'
import { DomainError } from '../../domain/errors.ts'
import { input } from '../../domain/limits.ts'
import { userSchema } from '../answers.ts'
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
    'A confirmation link is mailed to the address. The account can sign in at once, unless the server' +
    ' asks for confirmed addresses.',
  access: 'public',
  requestHeaders: {
    'Idempotency-Key':
      'A random text of 1 to 255 visible ASCII characters: the same key with the same body gives the ' +
      'first 201 again, for 24 hours.',
  },
  body: registerBody,
  responses: {
    201: {
      description: 'The new user',
      schema: userSchema,
      headers: { Location: 'The address of the user' },
    },
  },
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
    const user = await register(body, { ...caller, idempotency }, deps)
    return { status: 201, body: wireUser(user), headers: { location: `/users/${user.id}` } }
  },
})
