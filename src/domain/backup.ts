import type { Caller, Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import { requireOperator, type Administrator } from './policy.ts'
import type { Ms } from './ports/runtime.ts'
import { auditEvent } from './trail.ts'

export interface BackupWritten {
  readonly bytes: number
  readonly users: number
  readonly at: Ms
}

/**
 * Writes a copy of all data to a path of this machine. Throws `permission_denied` for anybody but the
 * operator, `request_invalid` with the reason where it can't be written.
 */
export async function backUp(
  { actor, path }: { readonly actor: Administrator; readonly path: string },
  caller: Caller,
  deps: Deps,
): Promise<BackupWritten> {
  requireOperator(actor)
  const outcome = await deps.store.backUp({ path })
  switch (outcome.kind) {
    case 'written': {
      const happening = { action: 'backup', userId: null, actorId: actor.userId }
      await deps.store.appendAudit(auditEvent(happening, caller, deps))
      return outcome
    }
    case 'refused':
      throw new DomainError('request_invalid', { detail: outcome.reason })
    case 'unsupported':
      throw new DomainError('request_invalid', {
        detail:
          'MongoDB is backed up with its own mongodump, and brought back with mongorestore and ' +
          '"user-management deletions replay": the guide docs/guide/back-up.md has the commands.',
      })
  }
}
