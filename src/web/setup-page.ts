import type { FieldError } from '../domain/errors.ts'
import type { DeadSetupLink } from '../domain/first-admin.ts'
import { input, lifetimes } from '../domain/limits.ts'
import { passwordMinimum } from '../domain/password-rules.ts'
import { fill, pieces } from '../texts/fill.ts'
import type { PageTexts } from '../texts/language.ts'
import { deadLinkPage, formTitle, translated } from './account-form.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { page } from './layout.ts'
import type { PasswordSite } from './layout.ts'

export interface SetupForm {
  readonly state: 'form'
  readonly token: string
  readonly username: string
  readonly email: string
  /** What was wrong with the last attempt; empty at first. */
  readonly errors: readonly FieldError[]
}

export interface SetupDone {
  readonly state: 'done'
  readonly username: string
  readonly email: string
  /** Only confirmed addresses sign in at this server. */
  readonly confirmFirst: boolean
  /** Mails lie in the built-in inbox. */
  readonly inbox: boolean
}

export type SetupState = SetupForm | SetupDone | { readonly state: 'dead'; readonly why: DeadSetupLink }

/**
 * The page behind a setup link. Its form posts `token`, `username`, `email` and `password` to
 * `/account/setup`.
 */
export function setupPage(state: SetupState, texts: PageTexts, site: PasswordSite): string {
  const { setup } = texts
  switch (state.state) {
    case 'form': {
      const errors = translated(state.errors, texts, site)
      const title = formTitle(setup.title, errors, texts)
      const body = setupForm({ ...state, errors }, texts, site)
      return page({ title, heading: setup.title, kind: 'account', texts, body }, site)
    }
    case 'done':
      return page({ title: setup.done, kind: 'account', texts, body: nextSteps(state, texts) }, site)
    case 'dead': {
      const more = state.why !== 'used' && html`<p>${pieces(setup.newLink, { command: newAdmin })}</p>`
      const link = { text: setup.dead[state.why], lifetimeMs: lifetimes.setupTokenMs, more }
      return deadLinkPage(link, texts, site)
    }
  }
}

interface Field {
  readonly name: 'username' | 'email' | 'password'
  readonly label: string
  readonly hint: string
  /** The attributes of its own; every field is required. */
  readonly attributes: Html
}

function fieldsOf({ setup: { fields } }: PageTexts, site: PasswordSite): readonly Field[] {
  const { usernameMinLength, usernameMaxLength, emailMaxLength } = input
  const minLength = passwordMinimum(site.passwordPolicy)
  const names = { minimum: usernameMinLength, maximum: usernameMaxLength }
  return [
    {
      name: 'username',
      label: fields.username.label,
      hint: fill(fields.username.hint, names),
      attributes: html`type="text" autocomplete="username" minlength="${usernameMinLength}"
      maxlength="${usernameMaxLength}" pattern="[A-Za-z0-9._\\-]+"`,
    },
    {
      name: 'email',
      ...fields.email,
      attributes: html`type="email" autocomplete="email" maxlength="${emailMaxLength}"`,
    },
    {
      name: 'password',
      label: fields.password.label,
      hint: fill(fields.password.hint, { minimum: minLength }),
      attributes: html`type="password" autocomplete="new-password" minlength="${minLength}"`,
    },
  ]
}

function setupForm(state: SetupForm, texts: PageTexts, site: PasswordSite): Html {
  const fields = fieldsOf(texts, site)
  return html`<p class="lead">${fill(texts.setup.lead, { host: new URL(site.publicUrl).host })}</p>
    ${state.errors.length > 0 && summary(state, fields, texts)}
    <form method="post" action="/account/setup">
      <input type="hidden" name="token" value="${state.token}" />
      ${fields.map((field) => fieldOf(field, state))}
      <button type="submit">${texts.setup.button}</button>
    </form>`
}

function summary({ errors }: SetupForm, fields: readonly Field[], texts: PageTexts): Html {
  const wrong = fields.filter(({ name }) => errorsOf(name, errors).length > 0)
  return html`<div class="errors" role="alert">
    <h2>${texts.form.wrong}</h2>
    <ul>
      ${wrong.map(({ name, label }) =>
        errorsOf(name, errors).map(
          ({ message }) => html`<li><a href="#${name}">${label}</a>: ${message}</li>`,
        ),
      )}
    </ul>
  </div>`
}

/** A password is never sent back. */
function fieldOf({ name, label, hint, attributes }: Field, state: SetupForm): Html {
  const errors = errorsOf(name, state.errors)
  const wrong = errors.length > 0
  return html`<label for="${name}">${label}</label>
    <p class="hint" id="${name}-hint">${hint}</p>
    ${
      wrong &&
      html`<ul class="wrong" id="${name}-errors">
        ${errors.map(({ code, message }) => html`<li data-code="${code}">${message}</li>`)}
      </ul>`
    }
    <input
      id="${name}"
      name="${name}"
      ${attributes}
      autocapitalize="none"
      spellcheck="false"
      required
      ${name !== 'password' && html`value="${state[name]}"`}
      ${wrong && html`aria-invalid="true"`}
      aria-describedby="${wrong ? `${name}-errors ${name}-hint` : `${name}-hint`}"
    />`
}

function errorsOf(name: string, errors: readonly FieldError[]): readonly FieldError[] {
  return errors.filter(({ pointer }) => pointer === `/${name}`)
}

function nextSteps({ username, email, confirmFirst, inbox }: SetupDone, { setup }: PageTexts): Html {
  const address = html`<span class="long">${email}</span>`
  const mails = html`<a href="/dev/mail">${setup.inboxLink}</a>`
  const docs = html`<a href="/docs">${setup.docsLink}</a>`
  const request = html`<code>POST /users/login</code>`
  const command = html`<code>./bin/user-management.cjs --help</code>`
  return html`<p class="lead">
      ${pieces(setup.made, { username: html`<strong class="long">${username}</strong>` })}
    </p>
    <h2>${setup.next}</h2>
    <ol>
      <li>
        ${pieces(confirmFirst ? setup.confirmFirst : setup.confirm, { email: address })}
        ${inbox && pieces(setup.inbox, { inbox: mails })}
      </li>
      <li>${pieces(setup.signIn, { docs, request })}</li>
      <li>${pieces(setup.commands, { command })}</li>
    </ol>`
}

const newAdmin = html`<code
  >./bin/user-management.cjs users create &lt;username&gt; &lt;email&gt; --role admin</code
>`
