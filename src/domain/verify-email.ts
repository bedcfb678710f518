import type { Caller, Deps } from './deps.ts'
import { DomainError, refuseInvalid } from './errors.ts'
import { userFieldErrors } from './field-rules.ts'
import { readEmail } from './keys.ts'
import { notice } from './notice.ts'
import { decoyOwner, oneTimeLink } from './one-time-link.ts'
import type { Actor } from './policy.ts'
import type { TokenKind, TokenState } from './ports/records.ts'
import { taken } from './register.ts'
import { admitGuess, admitRecipient } from './throttle.ts'
import { auditEvent } from './trail.ts'
import { upgradePasswordHash } from './upgrade-password.ts'
import type { User } from './user.ts'

const kinds: readonly TokenKind[] = ['verify_email', 'change_email']

/**
 * Mails the confirmation link again, if an active user has this address and has not confirmed it. Equal
 * work for all.
 */
export async function requestEmailVerification(email: string, caller: Caller, deps: Deps): Promise<void> {
  refuseInvalid(userFieldErrors({ email }))
  const key = readEmail(email)?.key ?? 'none'
  const user = await deps.store.findUserByIdentifier({ key })
  const admitted = await admitRecipient(`verify ${key}`, deps)
  const owner = user?.status === 'active' && !user.emailVerified && admitted ? user : decoyOwner
  const link = oneTimeLink(
    {
      kind: 'verify_email',
      owner,
      auditAction: 'verify-email',
    },
    caller,
    deps,
  )
  await deps.store.putToken(link.token, link.mail)
}

/** Looks at a link without consuming it. Throws `verify_token_invalid`, `_expired` or `_used`. */
export async function peekVerifyToken(token: string, deps: Deps): Promise<TokenState> {
  const hash = deps.secrets.hashOneTimeToken(token)
  const state = hash && (await deps.store.peekToken({ hash, kinds, now: deps.clock.now() }))
  if (!state) throw new DomainError('verify_token_invalid')
  if (state.kind !== 'live') throw new DomainError(`verify_token_${state.kind}`)
  return state
}

export interface Confirmation {
  readonly token: string
  /** The account's password, or the signed-in owner: a click alone proves the mailbox, not the account. */
  readonly password: string | undefined
  readonly actor: Actor | null
}

/**
 * Confirms an address, a changed one included. Throws `token_missing` where neither password nor bearer is
 * there, the errors of `peekVerifyToken`, `permission_denied` for another user's bearer,
 * `password_incorrect`, and `email_taken` where somebody else has verified the address meanwhile.
 */
export async function confirmEmail(confirmation: Confirmation, caller: Caller, deps: Deps): Promise<User> {
  if (!confirmation.actor && confirmation.password === undefined) throw new DomainError('token_missing')
  const { token, user } = await peekVerifyToken(confirmation.token, deps)
  await requireOwner(confirmation, user, { caller, deps })
  const previous = { kind: 'email_changed', userId: user.id, to: user.email } as const
  const confirmed = await deps.store.confirmEmail(
    {
      hash: token.hash,
      userId: user.id,
      now: deps.clock.now(),
      displaced: auditEvent({ action: 'delete-account', userId: null, detail: 'displaced' }, caller, deps),
    },
    {
      audit: auditEvent({ action: 'verify-email', userId: user.id, detail: token.kind }, caller, deps),
      ...(token.kind === 'change_email' && { mail: notice(previous, deps) }),
    },
  )
  if (confirmed.kind === 'confirmed') {
    const { password } = confirmation
    if (!confirmation.actor && password !== undefined)
      await upgradePasswordHash({ user, password }, caller, deps)
    return confirmed.user
  }
  if (confirmed.kind === 'conflict') throw taken(confirmed.fields)
  await peekVerifyToken(confirmation.token, deps)
  throw new DomainError('verify_token_invalid')
}

async function requireOwner(
  { actor, password }: Confirmation,
  user: User,
  { caller, deps }: { caller: Caller; deps: Deps },
): Promise<void> {
  if (actor) {
    if (actor.user.id !== user.id) throw new DomainError('permission_denied')
    return
  }
  const guess = await admitGuess({ account: user.id, deviceId: null }, caller, deps)
  const right = await guess.settle(() =>
    deps.passwords.verify(password ?? '', user.passwordHash, caller.gone),
  )
  if (!right) throw new DomainError('password_incorrect')
}
