/** What the pages with forms share: the password field, what was wrong with a field, the dead link. */
import type { FieldError } from '../domain/errors.ts'
import { input } from '../domain/limits.ts'
import { passwordMinimum } from '../domain/password-rules.ts'
import type { Ms } from '../domain/ports/runtime.ts'
import { fill } from '../texts/fill.ts'
import type { DeadLinkText, FormCode, PageTexts } from '../texts/language.ts'
import { spanText } from '../texts/times.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { page } from './layout.ts'
import type { PasswordSite } from './layout.ts'

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
  readonly hint: string
  readonly autocomplete: 'new-password' | 'current-password'
  readonly minLength: number | null
  readonly button: string
}

/** A form that posts `token` and `password`, urlencoded; the errors are in the reader's language by now. */
export function passwordForm(form: PasswordForm, state: FormState, texts: PageTexts): Html {
  const { token, username, errors } = state
  const wrong = errors.length > 0
  return html`${wrong && errorSummary(errors, texts)}
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

/** The title of a page with a form: a refusal is announced first. */
export function formTitle(title: string, errors: readonly FormError[], { error }: PageTexts): string {
  return errors.length > 0 ? `${error}: ${title}` : title
}

/** What was wrong, in the reader's language; the rules' own sentence where there is no other. */
export function translated<Each extends FormError>(
  errors: readonly Each[],
  { refusals }: PageTexts,
  site: PasswordSite,
): readonly Each[] {
  if (!refusals) return errors
  const values = {
    minimum: passwordMinimum(site.passwordPolicy),
    maximum: input.passwordMaxCodePoints,
    username_minimum: input.usernameMinLength,
    username_maximum: input.usernameMaxLength,
  }
  return errors.map((each) =>
    isFormCode(each.code, refusals) ? { ...each, message: fill(refusals[each.code], values) } : each,
  )
}

function isFormCode(code: string, refusals: Readonly<Record<FormCode, string>>): code is FormCode {
  return Object.hasOwn(refusals, code)
}

/** What is left to say about a link that no longer works. */
export interface DeadLink {
  readonly text: DeadLinkText
  /** How long a new one would work. */
  readonly lifetimeMs: Ms
  /** Between what to do and the causes. */
  readonly more?: Html | false
}

export function deadLinkPage(
  { text, lifetimeMs, more }: DeadLink,
  texts: PageTexts,
  site: PasswordSite,
): string {
  const written = (words: string) => fill(words, { span: spanText(lifetimeMs, texts.tag) })
  const body = html`
    <p class="lead">${written(text.next)}</p>
    ${more}
    <h2>${texts.causes}</h2>
    <ul>
      ${text.causes.map((cause) => html`<li>${written(cause)}</li>`)}
    </ul>
  `
  return page({ title: text.title, kind: 'account', texts, body }, site)
}

function errorSummary(errors: readonly FormError[], texts: PageTexts): Html {
  return html`<div class="errors" role="alert">
    <h2><a href="#password">${texts.form.wrongPassword}</a></h2>
    <ul id="password-errors">
      ${errors.map((error) => html`<li data-code="${error.code}">${error.message}</li>`)}
    </ul>
  </div>`
}
