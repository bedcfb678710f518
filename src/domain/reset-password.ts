import type { Caller, Deps } from './deps.ts'
import { deviceTokenFor } from './device.ts'
import { DomainError, refuseInvalid } from './errors.ts'
import { userFieldErrors } from './field-rules.ts'
import { readEmail } from './keys.ts'
import { notice } from './notice.ts'
import { decoyOwner, oneTimeLink } from './one-time-link.ts'
import { breachErrors, passwordErrors, preparePassword } from './password-rules.ts'
import type { TokenKind, TokenState } from './ports/records.ts'
import { admitRecipient, forgetGuesses } from './throttle.ts'
import { auditEvent } from './trail.ts'

const kinds: readonly TokenKind[] = ['reset_password', 'set_password']

/**
 * Mails a link, if an active user has this address. Equal work and the same nothing as answer for
 * everybody: the request for a stranger writes a decoy that nobody gets. Throws `validation_failed` for
 * what is no address.
 */
export async function requestPasswordReset(email: string, caller: Caller, deps: Deps): Promise<void> {
  refuseInvalid(userFieldErrors({ email }))
  const address = readEmail(email)
  const user = await deps.store.findUserByIdentifier({ key: address?.key ?? 'none' })
  const admitted = address !== null && (await admitRecipient(`reset ${address.key}`, deps))
  const owner = user?.status === 'active' && admitted ? user : decoyOwner
  const link = oneTimeLink(
    {
      kind: 'reset_password',
      owner,
      auditAction: 'reset-password',
    },
    caller,
    deps,
  )
  await deps.store.putToken(link.token, link.mail)
}

/** Looks at a link without consuming it. Throws `reset_token_invalid`, `_expired` or `_used`. */
export async function peekResetToken(token: string, deps: Deps): Promise<TokenState> {
  const hash = deps.secrets.hashOneTimeToken(token)
  const state = hash && (await deps.store.peekToken({ hash, kinds, now: deps.clock.now() }))
  if (!state) throw new DomainError('reset_token_invalid')
  if (state.kind !== 'live') throw new DomainError(`reset_token_${state.kind}`)
  return state
}

/**
 * Redeems a link: sets the password, verifies the address, ends every session and tells the owner. A
 * refused password leaves the link usable. Throws the errors of `peekResetToken` and `validation_failed`.
 */
export async function confirmPasswordReset(
  { token, password }: { readonly token: string; readonly password: string },
  caller: Caller,
  deps: Deps,
): Promise<{ readonly sessionsRevoked: number; readonly deviceToken: string }> {
  const { token: stored, user } = await peekResetToken(token, deps)
  refuseInvalid(passwordErrors(password, { context: user }, deps))
  refuseInvalid(await breachErrors(password, deps))
  const passwordHash = await deps.passwords.hash(preparePassword(password), caller.gone)
  const reset = await deps.store.resetPassword(
    {
      hash: stored.hash,
      passwordHash,
      now: deps.clock.now(),
      displaced: auditEvent({ action: 'delete-account', userId: null, detail: 'displaced' }, caller, deps),
    },
    {
      audit: auditEvent({ action: 'reset-password', userId: user.id, detail: 'confirmed' }, caller, deps),
      mail: notice({ kind: 'password_changed', userId: user.id, to: null }, deps),
    },
  )
  if (reset.kind === 'reset') {
    await forgetGuesses(user.id, deps)
    return { sessionsRevoked: reset.sessionsRevoked, deviceToken: deviceTokenFor(reset.user, null, deps) }
  }
  await peekResetToken(token, deps)
  throw new DomainError('reset_token_invalid')
}
