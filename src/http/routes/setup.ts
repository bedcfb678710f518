import { DomainError } from '../../domain/errors.ts'
import type { Deps } from '../../domain/deps.ts'
import { peekSetupLink, setUpFirstAdmin, type DeadSetupLink } from '../../domain/first-admin.ts'
import type { PageTexts } from '../../texts/language.ts'
import { setupPage } from '../../web/setup-page.ts'
import { pageHeaders } from '../headers.ts'
import { acceptedTexts } from '../page-texts.ts'
import { setupForm } from '../requests.ts'
import { htmlPage, route } from '../route.ts'

/** There is no code for a dead setup link: it is a page only. */
const limit = { rate: 'token', counts: ['not_found'] } as const

const pageRoute = route({
  method: 'GET',
  path: '/setup/{token}',
  operationId: 'setupPage',
  tag: 'Pages',
  summary: 'The page that makes the first administrator',
  description:
    'Only from this machine, with the link that the server gives out at its start while there is no ' +
    'administrator. Consumes nothing.',
  access: 'public',
  local: 'always',
  page: 'account',
  limit,
  responses: { 200: htmlPage('The form'), 400: htmlPage('The link is dead') },
  errors: ['not_found'],
  async handle({ params, deps, header }) {
    const token = params['token'] ?? ''
    const texts = acceptedTexts(header('accept-language'))
    const why = await peekSetupLink(token, deps)
    if (why !== 'live') return deadSetupLink(why, texts, deps)
    const form = { state: 'form', token, username: '', email: '', errors: [] } as const
    return { status: 200, body: setupPage(form, texts, deps.rules), headers: pageHeaders('page', true) }
  },
})

const formRoute = route({
  method: 'POST',
  path: '/account/setup',
  operationId: 'setupForm',
  tag: 'Pages',
  summary: 'Make the first administrator from the page',
  description: 'Only from this machine. Works once. The account gets the language of the page.',
  access: 'public',
  local: 'always',
  page: 'account',
  form: 'only',
  body: setupForm,
  limit,
  responses: {
    200: htmlPage('The administrator is made'),
    400: htmlPage('The link is dead'),
    409: htmlPage('The form again: the address or the username is in use'),
    422: htmlPage('The form again, with what is wrong'),
  },
  errors: ['not_found', 'overloaded'],
  async handle({ body, caller, deps, surroundings, header }) {
    const { token, username, email } = body
    const texts = acceptedTexts(header('accept-language'))
    try {
      const setUp = await setUpFirstAdmin({ ...body, locale: texts.tag }, caller, deps)
      if (setUp.kind === 'dead') {
        return deadSetupLink(setUp.state, texts, deps)
      }
      surroundings.onFirstAdmin?.()
      const confirmFirst = deps.rules.requireVerifiedEmail
      const inbox = surroundings.inbox !== null
      const done = { state: 'done', username, email: setUp.user.email, confirmFirst, inbox } as const
      return { status: 200, body: setupPage(done, texts, deps.rules) }
    } catch (error) {
      const form = { state: 'form', token, username, email, errors: refusedFields(error) } as const
      const status = isTaken(error) ? 409 : 422
      return { status, body: setupPage(form, texts, deps.rules), headers: pageHeaders('page', true) }
    }
  },
})

function deadSetupLink(why: DeadSetupLink, texts: PageTexts, { rules }: Pick<Deps, 'rules'>) {
  const body = setupPage({ state: 'dead', why }, texts, rules)
  return { status: 400, body, counted: 'not_found' } as const
}

/** What the form can show at its fields; any other error goes on to the error handler. */
function refusedFields(error: unknown): DomainError['errors'] {
  if (error instanceof DomainError && (error.code === 'validation_failed' || isTaken(error)))
    return error.errors
  throw error
}

function isTaken(error: unknown): boolean {
  return error instanceof DomainError && (error.code === 'email_taken' || error.code === 'username_taken')
}

export const setupRoutes = [pageRoute, formRoute]
