/** What the pages with a password form share: the field, its hints, the summary of errors, the dead link. */
import { catalogue } from '../domain/errors.ts'
import type { ErrorCode, FieldError } from '../domain/errors.ts'
import { html } from './html.ts'
import type { Content, Html } from './html.ts'

export type FormError = Pick<FieldError, 'code' | 'message'>

/** A form whose link may be live. */
export interface FormState {
  readonly state: 'form'
  readonly token: string
  /** For password managers; null where it is not known. */
  readonly username: string | null
  /** What was wrong with the last attempt; empty at first. */
  readonly errors: readonly FormError[]
}

export interface PasswordForm {
  readonly action: string
  readonly label: string
  readonly hint: Content
  readonly autocomplete: 'new-password' | 'current-password'
  readonly minLength: number | null
  readonly button: string
}

/** A form that posts `token` and `password`, urlencoded. */
export function passwordForm(form: PasswordForm, { token, username, errors }: FormState): Html {
  const wrong = errors.length > 0
  return html`${wrong && errorSummary(errors)}
    <form method="post" action="${form.action}">
      <input type="hidden" name="token" value="${token}" />
      ${
        username !== null &&
        html`<input type="text" autocomplete="username" value="${username}" readonly hidden />`
      }
      <label for="password">${form.label}</label>
      <p class="hint" id="password-hint">${form.hint}</p>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="${form.autocomplete}"
        autocapitalize="none"
        spellcheck="false"
        required
        ${form.minLength !== null && html`minlength="${form.minLength}"`}
        ${wrong && html`aria-invalid="true"`}
        aria-describedby="${wrong ? 'password-errors password-hint' : 'password-hint'}"
      />
      <button type="submit">${form.button}</button>
    </form>`
}

/** What is left to say about a link that no longer works. */
export function deadLink(code: ErrorCode, next: Content): Html {
  const { causes } = catalogue[code]
  return html`
    <p class="lead">${next}</p>
    <h2>Likely causes</h2>
    <ul>
      ${causes.map((cause) => html`<li>${cause}.</li>`)}
    </ul>
  `
}

function errorSummary(errors: readonly FormError[]): Html {
  return html`<div class="errors" role="alert">
    <h2><a href="#password">There is a problem with the password</a></h2>
    <ul id="password-errors">
      ${errors.map((error) => html`<li data-code="${error.code}">${error.message}</li>`)}
    </ul>
  </div>`
}
