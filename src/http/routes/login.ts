import { fieldError, refuseInvalid, type FieldError } from '../../domain/errors.ts'
import { login, type LoginAttempt } from '../../domain/login.ts'
import { route } from '../route.ts'
import { loggedInSchema } from '../answers.ts'
import { loginBody } from '../requests.ts'
import { wireLoggedIn } from '../wire.ts'

export const loginRoute = route({
  method: 'POST',
  path: '/users/login',
  operationId: 'login',
  tag: 'Account',
  summary: 'Sign in',
  description:
    'Takes JSON, and for the Authorize button of these pages the OAuth 2 form with username and ' +
    'password (RFC 6749 section 4.3).',
  access: 'public',
  form: 'also',
  body: loginBody,
  responses: { 200: { description: 'A session and its tokens', schema: loggedInSchema } },
  hashes: true,
  limit: { rate: 'login', counts: ['invalid_credentials'] },
  errors: ['invalid_credentials', 'email_not_verified', 'account_disabled', 'overloaded'],
  fieldErrors: (_accepted, { body }) => (typeof body === 'object' && body ? identifierErrors(body) : []),
  async handle({ body, caller, deps }) {
    const attempt = {
      identifier: identifierOf(body),
      password: body.password,
      deviceName: body.device_name ?? null,
      deviceToken: body.device_token ?? null,
    }
    return { status: 200, body: wireLoggedIn(await login(attempt, caller, deps)) }
  },
})

/** Exactly one of the two: which a schema can only say in words that nobody understands. */
function identifierErrors(body: { readonly email?: unknown; readonly username?: unknown }): FieldError[] {
  const { email, username } = body
  if (email === undefined && username === undefined) {
    return [fieldError('/email', 'field_required', 'Send either email or username.')]
  }
  const both = email !== undefined && username !== undefined
  return both ? [fieldError('/username', 'unknown_field', 'Send either email or username, not both.')] : []
}

function identifierOf(body: { email?: string; username?: string }): LoginAttempt['identifier'] {
  refuseInvalid(identifierErrors(body))
  return body.email === undefined ? { username: body.username ?? '' } : { email: body.email }
}
