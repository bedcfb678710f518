import { refresh } from '../../domain/refresh.ts'
import { route } from '../route.ts'
import { signedInSchema } from '../answers.ts'
import { refreshBody } from '../requests.ts'
import { wireSignedIn } from '../wire.ts'

export const refreshRoute = route({
  method: 'POST',
  path: '/users/token/refresh',
  operationId: 'refresh',
  tag: 'Sessions',
  summary: 'Get a new token pair',
  description:
    'The refresh token is replaced. A repeat within 60 seconds, after a lost answer or from a second ' +
    'tab, gets the same successor; a later replay ends the session.',
  access: 'public',
  body: refreshBody,
  responses: { 200: { description: 'The next token pair of the session', schema: signedInSchema } },
  errors: [
    'refresh_token_invalid',
    'refresh_token_expired',
    'refresh_token_reused',
    'rate_limited',
    'overloaded',
  ],
  async handle({ body, caller, deps }) {
    return { status: 200, body: wireSignedIn(await refresh(body.refresh_token, caller, deps)) }
  },
})
