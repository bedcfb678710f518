import { lifetimes } from '../domain/limits.ts'
import { fill, pieces } from '../texts/fill.ts'
import type { PageTexts } from '../texts/language.ts'
import { deadLinkPage, formTitle, passwordForm, translated } from './account-form.ts'
import type { FormState } from './account-form.ts'
import { html } from './html.ts'
import { page } from './layout.ts'
import type { PasswordSite } from './layout.ts'

export type DeadVerifyCode = 'verify_token_invalid' | 'verify_token_expired' | 'verify_token_used'

export type VerifyEmailState =
  | FormState
  | { readonly state: 'done'; readonly email: string }
  | { readonly state: 'dead'; readonly code: DeadVerifyCode }

const deadStates = {
  verify_token_invalid: 'invalid',
  verify_token_expired: 'expired',
  verify_token_used: 'used',
} as const

/**
 * The page behind a mailed confirmation link. Its form posts `token` and `password` to
 * `/account/verify-email`.
 */
export function verifyEmailPage(state: VerifyEmailState, texts: PageTexts, site: PasswordSite): string {
  const { verify } = texts
  switch (state.state) {
    case 'form': {
      const { label, hint, button } = verify
      const autocomplete = 'current-password' as const
      const form = { action: '/account/verify-email', label, hint, autocomplete, minLength: null, button }
      const errors = translated(state.errors, texts, site)
      const body = html`<p class="lead">${fill(verify.lead, { host: new URL(site.publicUrl).host })}</p>
        ${passwordForm(form, { ...state, errors }, texts)}
        <p class="hint">${verify.forgotten}</p>`
      const title = formTitle(verify.title, errors, texts)
      return page({ title, heading: verify.title, kind: 'account', texts, body }, site)
    }
    case 'done': {
      const email = html`<strong class="long">${state.email}</strong>`
      const body = html`<p class="lead">${pieces(verify.confirmed, { email })}</p>`
      return page({ title: verify.done, kind: 'account', texts, body }, site)
    }
    case 'dead': {
      const text = verify.dead[deadStates[state.code]]
      return deadLinkPage({ text, lifetimeMs: lifetimes.verifyTokenMs }, texts, site)
    }
  }
}
