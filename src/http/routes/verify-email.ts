import { DomainError, fieldError } from '../../domain/errors.ts'
import { confirmEmail, peekVerifyToken, requestEmailVerification } from '../../domain/verify-email.ts'
import { verifyEmailPage } from '../../web/verify-email-page.ts'
import { deadLink } from '../dead-link.ts'
import { textsOfLink } from '../page-texts.ts'
import { pageHeaders } from '../headers.ts'
import { linkRequestRoute } from '../link-request.ts'
import { htmlPage, route } from '../route.ts'
import { userSchema } from '../answers.ts'
import { optionalPasswordBody, verifyForm } from '../requests.ts'
import { wireUser } from '../wire.ts'

const deadLinks = ['verify_token_invalid', 'verify_token_expired', 'verify_token_used'] as const

/** Of the links in the API and on the pages alike. */
const limit = { rate: 'token', counts: [...deadLinks, 'password_incorrect'] } as const

const requestRoute = linkRequestRoute({
  path: '/users/verify-email',
  operationId: 'verifyEmailRequest',
  summary: 'Ask for the confirmation link again',
  description: 'The answer is the same for every address. The link lives for 24 hours.',
  accepted: 'If the address waits for confirmation, a mail is on its way',
  request: requestEmailVerification,
})

const confirmRoute = route({
  method: 'POST',
  path: '/users/verify-email/{token}',
  operationId: 'verifyEmailConfirm',
  tag: 'Account',
  summary: 'Confirm an address with the mailed link',
  description:
    "Needs the account's password, or a bearer token of that account: whoever only clicks may not " +
    'know that somebody else registered the address. Also confirms a changed address.',
  access: 'owner-or-public',
  body: optionalPasswordBody,
  bodyOptional: true,
  limit,
  responses: { 200: { description: 'The user with the confirmed address', schema: userSchema } },
  errors: [...deadLinks, 'permission_denied', 'password_incorrect', 'email_taken', 'overloaded'],
  async handle({ params, body, actor, caller, deps }) {
    const confirmation = { token: params['token'] ?? '', password: body?.password, actor }
    return { status: 200, body: wireUser(await confirmEmail(confirmation, caller, deps)) }
  },
})

const pageRoute = route({
  method: 'GET',
  path: '/users/verify-email/{token}',
  operationId: 'verifyEmailPage',
  tag: 'Pages',
  summary: 'The page behind the mailed link',
  description: 'Asks for the password and consumes nothing, since mail scanners follow links.',
  access: 'public',
  page: 'account',
  limit,
  responses: { 200: htmlPage('The form'), 400: htmlPage('The link is dead') },
  errors: [],
  async handle(call) {
    const { params, deps } = call
    const token = params['token'] ?? ''
    const texts = await textsOfLink(token, call)
    try {
      const { token: stored } = await peekVerifyToken(token, deps)
      const state = { state: 'form', token, username: stored.email, errors: [] } as const
      return {
        status: 200,
        body: verifyEmailPage(state, texts, deps.rules),
        headers: pageHeaders('page', true),
      }
    } catch (error) {
      const dead = deadLink(error, deadLinks)
      return { status: 400, body: verifyEmailPage(dead, texts, deps.rules), counted: dead.code }
    }
  },
})

const formRoute = route({
  method: 'POST',
  path: '/account/verify-email',
  operationId: 'verifyEmailForm',
  tag: 'Pages',
  summary: 'Confirm an address from the page',
  access: 'public',
  page: 'account',
  form: 'only',
  body: verifyForm,
  limit,
  responses: {
    200: htmlPage('The address is confirmed'),
    400: htmlPage('The link is dead'),
    403: htmlPage('The form again: the password is not right'),
  },
  errors: ['email_taken', 'overloaded'],
  async handle(call) {
    const { body, caller, deps } = call
    const { token, password } = body
    const texts = await textsOfLink(token, call)
    try {
      const user = await confirmEmail({ token, password, actor: null }, caller, deps)
      return { status: 200, body: verifyEmailPage({ state: 'done', email: user.email }, texts, deps.rules) }
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'password_incorrect')) {
        const dead = deadLink(error, deadLinks)
        return { status: 400, body: verifyEmailPage(dead, texts, deps.rules), counted: dead.code }
      }
      const { token: stored } = await peekVerifyToken(token, deps)
      const errors = [fieldError('/password', 'password_incorrect')]
      const state = { state: 'form', token, username: stored.email, errors } as const
      return {
        status: 403,
        body: verifyEmailPage(state, texts, deps.rules),
        headers: pageHeaders('page', true),
        counted: 'password_incorrect',
      }
    }
  },
})

export const verifyEmailRoutes = [requestRoute, confirmRoute, pageRoute, formRoute]
