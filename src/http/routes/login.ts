import { DomainError, fieldError } from '../../domain/errors.ts'
import { login, type LoginAttempt } from '../../domain/login.ts'
import { route } from '../route.ts'
import { loginBody, signedInSchema } from '../schemas.ts'
import { wireSignedIn } from '../wire.ts'

export const loginRoute = route({
  method: 'POST',
  path: '/users/login',
  operationId: 'login',
  tag: 'Account',
  summary: 'Sign in',
  description:
    'Takes JSON, and for the Authorize button of these pages the OAuth 2 form with username and password (RFC 6749 section 4.3).',
  access: 'public',
  form: 'also',
  body: loginBody,
  responses: { 200: { description: 'A session and its tokens', schema: signedInSchema } },
  errors: ['invalid_credentials', 'email_not_verified', 'account_disabled', 'overloaded'],
  async handle({ body, caller, deps }) {
    const attempt = {
      identifier: identifierOf(body),
      password: body.password,
      deviceName: body.device_name ?? null,
    }
    return { status: 200, body: wireSignedIn(await login(attempt, caller, deps)) }
  },
})

function identifierOf(body: { email?: string; username?: string }): LoginAttempt['identifier'] {
  if (body.email !== undefined && body.username === undefined) return { email: body.email }
  if (body.username !== undefined && body.email === undefined) return { username: body.username }
  const both = body.email !== undefined
  const error = both
    ? fieldError('/username', 'unknown_field', 'Send either email or username, not both')
    : fieldError('/email', 'field_required', 'Send either email or username')
  throw new DomainError('validation_failed', { errors: [error] })
}
