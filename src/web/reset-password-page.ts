import { catalogue } from '../domain/errors.ts'
import { passwordMinimum } from '../domain/password-rules.ts'
import { deadLink, passwordForm } from './account-form.ts'
import type { FormState, PasswordForm } from './account-form.ts'
import { html } from './html.ts'
import { page } from './layout.ts'
import type { PasswordSite } from './layout.ts'

export type DeadResetCode = 'reset_token_invalid' | 'reset_token_expired' | 'reset_token_used'

export type ResetPasswordState =
  | FormState
  | { readonly state: 'done'; readonly sessionsRevoked: number }
  | { readonly state: 'dead'; readonly code: DeadResetCode }

/**
 * The page behind a mailed password link. Its form posts `token` and `password` to
 * `/account/reset-password`.
 */
export function resetPasswordPage(state: ResetPasswordState, site: PasswordSite): string {
  const host = new URL(site.publicUrl).host
  switch (state.state) {
    case 'form': {
      const body = html`<p class="lead">
          For your account at ${host}. Saving it signs out every device that uses the account.
        </p>
        ${passwordForm(newPassword(passwordMinimum(site.passwordPolicy)), state)}`
      const prefix = state.errors.length > 0 ? 'Error: ' : ''
      return page(
        {
          title: `${prefix}Choose a new password`,
          heading: 'Choose a new password',
          kind: 'account',
          body,
        },
        site,
      )
    }
    case 'done': {
      const body = html`
        <p class="lead">Your new password is saved. You can sign in with it now.</p>
        <p>${endedSessions(state.sessionsRevoked)} We have sent you a mail about the change.</p>
      `
      return page({ title: 'Your password was changed', kind: 'account', body }, site)
    }
    case 'dead':
      return page(
        { title: catalogue[state.code].title, kind: 'account', body: deadLink(state.code, next[state.code]) },
        site,
      )
  }
}

function newPassword(minLength: number): PasswordForm {
  return {
    action: '/account/reset-password',
    label: 'New password',
    hint:
      `At least ${minLength} characters, without your username or address. Several ` +
      'random words are strong and easy to remember.',
    autocomplete: 'new-password',
    minLength,
    button: 'Save password',
  }
}

const next: Readonly<Record<DeadResetCode, string>> = {
  reset_token_invalid:
    'Open the link in the newest mail once more, or ask for a new one where you sign in (“forgot password”).',
  reset_token_expired:
    'Ask for a new link where you sign in (“forgot password”) and open it within 30 minutes.',
  reset_token_used:
    'If you have just chosen a new password, sign in with it. Otherwise ask for a new link where ' +
    'you sign in (“forgot password”).',
}

function endedSessions(count: number): string {
  if (count === 0) return 'No device was signed in.'
  return count === 1 ? 'One device was signed out.' : `${count} devices were signed out.`
}
