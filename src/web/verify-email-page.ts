import { catalogue } from '../domain/errors.ts'
import { deadLink, passwordForm } from './account-form.ts'
import type { FormState } from './account-form.ts'
import { html } from './html.ts'
import { page } from './layout.ts'
import type { Site } from './layout.ts'

export type DeadVerifyCode = 'verify_token_invalid' | 'verify_token_expired' | 'verify_token_used'

export type VerifyEmailState =
  | FormState
  | { readonly state: 'done'; readonly email: string }
  | { readonly state: 'dead'; readonly code: DeadVerifyCode }

/**
 * The page behind a mailed confirmation link. Its form posts `token` and `password` to
 * `/account/verify-email`.
 */
export function verifyEmailPage(state: VerifyEmailState, site: Site): string {
  const host = new URL(site.publicUrl).host
  switch (state.state) {
    case 'form': {
      const body = html`<p class="lead">
          Enter the password of your account at ${host} to confirm that this address is yours.
        </p>
        ${passwordForm(currentPassword, state)}
        <p class="hint">
          Forgotten? Ask for a new password where you sign in: choosing one confirms the address too. If you
          have no account here, close this page, and nothing will be confirmed.
        </p>`
      const prefix = state.errors.length > 0 ? 'Error: ' : ''
      return page(
        {
          title: `${prefix}Confirm your address`,
          heading: 'Confirm your address',
          kind: 'account',
          body,
        },
        site,
      )
    }
    case 'done': {
      const body = html`<p class="lead">
        <strong class="long">${state.email}</strong> is confirmed. You can close this page.
      </p>`
      return page({ title: 'Your address is confirmed', kind: 'account', body }, site)
    }
    case 'dead':
      return page(
        { title: catalogue[state.code].title, kind: 'account', body: deadLink(state.code, next[state.code]) },
        site,
      )
  }
}

const currentPassword = {
  action: '/account/verify-email',
  label: 'Password',
  hint: 'The password with which you sign in there.',
  autocomplete: 'current-password',
  minLength: null,
  button: 'Confirm address',
} as const

const next: Readonly<Record<DeadVerifyCode, string>> = {
  verify_token_invalid: 'Open the link in the newest mail once more, or ask for a new one where you sign in.',
  verify_token_expired: 'Ask for a new link where you sign in and open it within 24 hours.',
  verify_token_used:
    'If you have just confirmed the address, there is nothing more to do. Otherwise ask for a new ' +
    'link where you sign in.',
}
