import type { Caller, Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { requireFreshAuthentication, type Actor } from './policy.ts'
import type { Id, Ms } from './ports/runtime.ts'
import type { Erased, Retained } from './ports/records.ts'
import { requirePassword } from './reauthenticate.ts'
import { auditEvent } from './trail.ts'

export interface DeletionReceipt {
  readonly deletionId: Id
  readonly deletedAt: Ms
  readonly erased: Erased
  readonly retained: readonly Retained[]
}

/**
 * Deletes the actor with everything that holds it, in one step; every token is refused from then on and no
 * mail is sent. Throws `password_incorrect`, or without a password `fresh_authentication_required`;
 * `last_admin`.
 */
export async function deleteAccount(
  { actor, password }: { readonly actor: Actor; readonly password: string | undefined },
  caller: Caller,
  deps: Deps,
): Promise<DeletionReceipt> {
  if (password === undefined) requireFreshAuthentication(actor, deps.clock.now())
  else await requirePassword({ actor, password }, caller, deps)
  const userId = actor.user.id
  const audit = auditEvent({ action: 'delete-account', userId }, caller, deps)
  const idHash = deps.secrets.hashId(userId)
  const deletion = { userId, expectEpoch: actor.user.epoch, idHash, now: audit.at }
  const deleted = await deps.store.deleteUser(deletion, { audit })
  switch (deleted.kind) {
    case 'deleted':
      return { deletionId: audit.id, deletedAt: audit.at, erased: deleted.erased, retained: deleted.retained }
    case 'last_admin':
      throw new DomainError('last_admin')
    case 'stale':
    case 'not_found':
      throw new DomainError('session_revoked')
  }
}
