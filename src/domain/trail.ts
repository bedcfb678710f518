import type { Caller, Deps } from './deps.ts'
import type { AuditEvent } from './ports/records.ts'
import type { Id } from './ports/runtime.ts'

/** What happened to whom; without `actorId` the user did it. */
export interface Happening {
  readonly action: string
  readonly userId: Id | null
  readonly actorId?: Id | null
  readonly detail?: string
}

/** The audit event of a use case: ids and nothing personal. */
export function auditEvent(
  happening: Happening,
  caller: Caller,
  deps: Pick<Deps, 'ids' | 'clock'>,
): AuditEvent {
  return {
    id: deps.ids.next(),
    at: deps.clock.now(),
    action: happening.action,
    userId: happening.userId,
    actorId: happening.actorId === undefined ? happening.userId : happening.actorId,
    requestId: caller.requestId,
    detail: happening.detail ?? null,
  }
}
