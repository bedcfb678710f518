import type { Caller, Deps } from '../domain/deps.ts'
import { userFieldErrors } from '../domain/field-rules.ts'
import { acceptedSchema } from './answers.ts'
import { emailBody } from './requests.ts'
import { route, type Route } from './route.ts'

interface LinkRequest extends Pick<Route, 'path' | 'operationId' | 'summary' | 'description'> {
  /** What the 202 says; it is the same for every address. */
  readonly accepted: string
  readonly request: (email: string, caller: Caller, deps: Deps) => Promise<void>
}

/** An operation that mails a one-time link, and tells nobody whether it did. */
export function linkRequestRoute({ accepted, request, ...text }: LinkRequest): Route {
  return route({
    ...text,
    method: 'POST',
    tag: 'Account',
    access: 'public',
    body: emailBody,
    responses: { 202: { description: accepted, schema: acceptedSchema } },
    limit: { rate: 'mail' },
    errors: ['overloaded'],
    fieldErrors: userFieldErrors,
    async handle({ body, caller, deps }) {
      await request(body.email, caller, deps)
      return { status: 202, body: { status: 'accepted' as const } }
    },
  })
}
