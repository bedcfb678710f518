import { DomainError } from '../../domain/errors.ts'
import { confirmPasswordReset, peekResetToken, requestPasswordReset } from '../../domain/reset-password.ts'
import { resetPasswordPage } from '../../web/reset-password-page.ts'
import { deadLink } from '../dead-link.ts'
import { textsOfLink } from '../page-texts.ts'
import { pageHeaders } from '../headers.ts'
import { linkRequestRoute } from '../link-request.ts'
import { htmlPage, route } from '../route.ts'
import { passwordChangedSchema } from '../answers.ts'
import { newPasswordBody, resetForm } from '../requests.ts'

const deadLinks = ['reset_token_invalid', 'reset_token_expired', 'reset_token_used'] as const

const requestRoute = linkRequestRoute({
  path: '/users/reset-password',
  operationId: 'resetPasswordRequest',
  summary: 'Ask for a password link',
  description: 'The answer is the same for every address. The link lives for 30 minutes.',
  accepted: 'If an active account has this address, a mail is on its way',
  request: requestPasswordReset,
})

const confirmRoute = route({
  method: 'POST',
  path: '/users/reset-password/{token}',
  operationId: 'resetPasswordConfirm',
  tag: 'Account',
  summary: 'Set a new password with the mailed link',
  description:
    'Works once. Success confirms the address and ends every session; a refused password leaves the ' +
    'link usable.',
  access: 'public',
  body: newPasswordBody,
  responses: { 200: { description: 'The password is set', schema: passwordChangedSchema } },
  limit: { rate: 'token', counts: deadLinks },
  errors: [...deadLinks, 'overloaded'],
  async handle({ params, body, caller, deps }) {
    const attempt = { token: params['token'] ?? '', password: body.password }
    const { sessionsRevoked, deviceToken } = await confirmPasswordReset(attempt, caller, deps)
    const status = 'password_changed' as const
    return { status: 200, body: { status, sessions_revoked: sessionsRevoked, device_token: deviceToken } }
  },
})

const pageRoute = route({
  method: 'GET',
  path: '/users/reset-password/{token}',
  operationId: 'resetPasswordPage',
  tag: 'Pages',
  summary: 'The page behind the mailed link',
  description: 'Shows a form and consumes nothing, since mail scanners follow links.',
  access: 'public',
  page: 'account',
  limit: { rate: 'token', counts: deadLinks },
  responses: { 200: htmlPage('The form'), 400: htmlPage('The link is dead') },
  errors: [],
  async handle(call) {
    const { params, deps } = call
    const token = params['token'] ?? ''
    const texts = await textsOfLink(token, call)
    try {
      const { user } = await peekResetToken(token, deps)
      const state = { state: 'form', token, username: user.username, errors: [] } as const
      return {
        status: 200,
        body: resetPasswordPage(state, texts, deps.rules),
        headers: pageHeaders('page', true),
      }
    } catch (error) {
      const dead = deadLink(error, deadLinks)
      return { status: 400, body: resetPasswordPage(dead, texts, deps.rules), counted: dead.code }
    }
  },
})

const formRoute = route({
  method: 'POST',
  path: '/account/reset-password',
  operationId: 'resetPasswordForm',
  tag: 'Pages',
  summary: 'Set a new password from the page',
  access: 'public',
  page: 'account',
  form: 'only',
  body: resetForm,
  limit: { rate: 'token', counts: deadLinks },
  responses: {
    200: htmlPage('The password is set'),
    400: htmlPage('The link is dead'),
    422: htmlPage('The form again, with what is wrong'),
  },
  errors: ['overloaded'],
  async handle(call) {
    const { body, caller, deps } = call
    const { token, password } = body
    const texts = await textsOfLink(token, call)
    try {
      const { sessionsRevoked } = await confirmPasswordReset({ token, password }, caller, deps)
      return { status: 200, body: resetPasswordPage({ state: 'done', sessionsRevoked }, texts, deps.rules) }
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'validation_failed')) {
        const dead = deadLink(error, deadLinks)
        return { status: 400, body: resetPasswordPage(dead, texts, deps.rules), counted: dead.code }
      }
      const { user } = await peekResetToken(token, deps)
      const state = { state: 'form', token, username: user.username, errors: error.errors } as const
      return {
        status: 422,
        body: resetPasswordPage(state, texts, deps.rules),
        headers: pageHeaders('page', true),
      }
    }
  },
})

export const resetPasswordRoutes = [requestRoute, confirmRoute, pageRoute, formRoute]
