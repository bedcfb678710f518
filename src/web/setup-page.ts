import type { FieldError } from '../domain/errors.ts'
import type { DeadSetupLink } from '../domain/first-admin.ts'
import { input } from '../domain/limits.ts'
import { passwordMinimum } from '../domain/password-rules.ts'
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
export function setupPage(state: SetupState, site: PasswordSite): string {
  switch (state.state) {
    case 'form': {
      const heading = 'Create the first administrator'
      const prefix = state.errors.length > 0 ? 'Error: ' : ''
      return page({ title: prefix + heading, heading, kind: 'account', body: setupForm(state, site) }, site)
    }
    case 'done':
      return page({ title: 'You are the administrator', kind: 'account', body: nextSteps(state) }, site)
    case 'dead': {
      const { title, next, causes } = deadLinks[state.why]
      const body = html`
        <p class="lead">${next}</p>
        ${state.why !== 'used' && newLink}
        <h2>Likely causes</h2>
        <ul>
          ${causes.map((cause) => html`<li>${cause}.</li>`)}
        </ul>
      `
      return page({ title, kind: 'account', body }, site)
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

const names: readonly Field[] = [
  {
    name: 'username',
    label: 'Username',
    hint:
      `${input.usernameMinLength} to ${input.usernameMaxLength} characters: letters, digits, dot, ` +
      'underscore and hyphen.',
    attributes: html`type="text" autocomplete="username" minlength="${input.usernameMinLength}"
    maxlength="${input.usernameMaxLength}" pattern="[A-Za-z0-9._\\-]+"`,
  },
  {
    name: 'email',
    label: 'E-mail address',
    hint: 'A link to confirm it is mailed there. A forgotten password is replaced through it, too.',
    attributes: html`type="email" autocomplete="email" maxlength="${input.emailMaxLength}"`,
  },
]

function passwordField(minLength: number): Field {
  return {
    name: 'password',
    label: 'Password',
    hint:
      `At least ${minLength} characters, not a common password, and without your ` +
      'username or address. Several random words are strong and easy to remember.',
    attributes: html`type="password" autocomplete="new-password" minlength="${minLength}"`,
  }
}

function setupForm(state: SetupForm, site: PasswordSite): Html {
  const fields = [...names, passwordField(passwordMinimum(site.passwordPolicy))]
  const host = new URL(site.publicUrl).host
  return html`<p class="lead">
      ${host} has no administrator yet. The account that this form makes may do everything there, with every
      other account too.
    </p>
    ${state.errors.length > 0 && summary(state, fields)}
    <form method="post" action="/account/setup">
      <input type="hidden" name="token" value="${state.token}" />
      ${fields.map((field) => fieldOf(field, state))}
      <button type="submit">Create administrator</button>
    </form>`
}

function summary({ errors }: SetupForm, fields: readonly Field[]): Html {
  const wrong = fields.filter(({ name }) => errorsOf(name, errors).length > 0)
  return html`<div class="errors" role="alert">
    <h2>There is a problem</h2>
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

function nextSteps({ username, email, confirmFirst, inbox }: SetupDone): Html {
  const where = inbox ? html` It lies in the <a href="/dev/mail">built-in inbox</a>.` : null
  return html`<p class="lead">
      The account <strong class="long">${username}</strong> is made. The setup link is used up, and there will
      be no other.
    </p>
    <h2>What to do next</h2>
    <ol>
      <li>
        Confirm your address${confirmFirst && ', which this server asks for before you can sign in'}: the link
        has been mailed to <span class="long">${email}</span>.${where}
      </li>
      <li>
        Sign in: the Authorize button of the <a href="/docs">API documentation</a> takes your username and
        password, programs use <code>POST /users/login</code>.
      </li>
      <li>
        On the server, <code>./bin/user-management.cjs --help</code> lists the commands for users, roles and
        keys.
      </li>
    </ol>`
}

interface DeadText {
  readonly title: string
  readonly next: string
  readonly causes: readonly string[]
}

const newLink = html`<p>
  Start the server again: it makes a new link. Or use the command line:
  <code>./bin/user-management.cjs users create &lt;username&gt; &lt;email&gt; --role admin</code>
</p>`

const deadLinks: Readonly<Record<DeadSetupLink, DeadText>> = {
  invalid: {
    title: 'This setup link is not valid',
    next: 'Copy the whole link once more, or have a new one made.',
    causes: ['The link was cut off as it was copied', 'It belongs to another server, or to another database'],
  },
  expired: {
    title: 'This setup link has expired',
    next: 'Have a new one made, and open it within 30 minutes.',
    causes: ['More than 30 minutes have passed since the server was started'],
  },
  used: {
    title: 'There is an administrator already',
    next:
      'Sign in with that account; a forgotten password is replaced where you sign in (“forgot ' +
      'password”). An administrator can give the role to others.',
    causes: [
      'The link, or another one of this server, has been used',
      'An administrator was made on the command line or from the settings',
    ],
  },
}
