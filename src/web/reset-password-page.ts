import { lifetimes } from '../domain/limits.ts'
import { passwordMinimum } from '../domain/password-rules.ts'
import { fill } from '../texts/fill.ts'
import type { PageTexts, ResetTexts } from '../texts/language.ts'
import { deadLinkPage, formTitle, passwordForm, translated } from './account-form.ts'
import type { FormState } from './account-form.ts'
import { html } from './html.ts'
import { page } from './layout.ts'
import type { PasswordSite } from './layout.ts'

export type DeadResetCode = 'reset_token_invalid' | 'reset_token_expired' | 'reset_token_used'

export type ResetPasswordState =
  | FormState
  | { readonly state: 'done'; readonly sessionsRevoked: number }
  | { readonly state: 'dead'; readonly code: DeadResetCode }

const deadStates = {
  reset_token_invalid: 'invalid',
  reset_token_expired: 'expired',
  reset_token_used: 'used',
} as const

/**
 * The page behind a mailed password link. Its form posts `token` and `password` to
 * `/account/reset-password`.
 */
export function resetPasswordPage(state: ResetPasswordState, texts: PageTexts, site: PasswordSite): string {
  const { reset } = texts
  switch (state.state) {
    case 'form': {
      const minLength = passwordMinimum(site.passwordPolicy)
      const form = {
        action: '/account/reset-password',
        label: reset.label,
        hint: fill(reset.hint, { minimum: minLength }),
        autocomplete: 'new-password',
        minLength,
        button: reset.button,
      } as const
      const errors = translated(state.errors, texts, site)
      const body = html`<p class="lead">${fill(reset.lead, { host: new URL(site.publicUrl).host })}</p>
        ${passwordForm(form, { ...state, errors }, texts)}`
      const title = formTitle(reset.title, errors, texts)
      return page({ title, heading: reset.title, kind: 'account', texts, body }, site)
    }
    case 'done': {
      const body = html`
        <p class="lead">${reset.saved}</p>
        <p>${endedSessions(state.sessionsRevoked, reset)} ${reset.told}</p>
      `
      return page({ title: reset.done, kind: 'account', texts, body }, site)
    }
    case 'dead': {
      const text = reset.dead[deadStates[state.code]]
      return deadLinkPage({ text, lifetimeMs: lifetimes.resetTokenMs }, texts, site)
    }
  }
}

function endedSessions(count: number, { ended }: ResetTexts): string {
  if (count === 0) return ended.none
  return count === 1 ? ended.one : fill(ended.more, { count })
}
