import type { Caller, Deps } from './deps.ts'
import { DomainError, refuseInvalid, type FieldError } from './errors.ts'
import { notice } from './notice.ts'
import { breachErrors, passwordErrors, preparePassword } from './password-rules.ts'
import type { Actor } from './policy.ts'
import { requirePassword } from './reauthenticate.ts'
import { auditEvent } from './trail.ts'

export interface PasswordChange {
  readonly actor: Actor
  readonly currentPassword: string
  readonly newPassword: string
}

/**
 * Changes the password: every other session ends, the calling one lives on with its tokens, the owner is
 * told. Throws `validation_failed`, `password_incorrect`, or `session_revoked` where the session ended
 * meanwhile.
 */
export async function changePassword(change: PasswordChange, caller: Caller, deps: Deps): Promise<void> {
  const { user, session } = change.actor
  refuseInvalid(newPasswordErrors(change, deps))
  refuseInvalid(await breachErrors(change.newPassword, deps, '/new_password'))
  await requirePassword({ actor: change.actor, password: change.currentPassword }, caller, deps)
  const passwordHash = await deps.passwords.hash(preparePassword(change.newPassword), caller.gone)
  const changed = await deps.store.changePassword(
    {
      userId: user.id,
      sessionId: session.id,
      expectEpoch: user.epoch,
      passwordHash,
      now: deps.clock.now(),
    },
    {
      audit: auditEvent({ action: 'password', userId: user.id }, caller, deps),
      mail: notice({ kind: 'password_changed', userId: user.id, to: null }, deps),
    },
  )
  if (changed.kind === 'stale') throw new DomainError('session_revoked')
}

/** Every rule that the new password breaks. */
export function newPasswordErrors(
  change: { readonly actor: Actor; readonly newPassword: string },
  deps: Pick<Deps, 'passwords' | 'rules'>,
): FieldError[] {
  const rules = { context: change.actor.user, pointer: '/new_password' }
  return passwordErrors(change.newPassword, rules, deps)
}
