import type { Caller, Deps } from './deps.ts'
import { DomainError } from './errors.ts'
import type { Id } from './ports/runtime.ts'
import type { Actor } from './policy.ts'
import type { Session } from './session.ts'
import { auditEvent } from './trail.ts'

/** The actor's live sessions, the most recently used first. */
export async function listSessions(actor: Actor, deps: Deps): Promise<readonly Session[]> {
  return deps.store.listSessions({ userId: actor.user.id, now: deps.clock.now() })
}

/** Ends one of the actor's own sessions. Throws `session_not_found`. */
export async function endSession(
  { actor, sessionId }: { actor: Actor; sessionId: Id },
  caller: Caller,
  deps: Deps,
): Promise<void> {
  const userId = actor.user.id
  const audit = auditEvent({ action: 'sessions', userId, detail: 'ended_one' }, caller, deps)
  const { ended } = await deps.store.endSessions(
    { userId, now: deps.clock.now(), only: sessionId },
    { audit },
  )
  if (ended === 0) throw new DomainError('session_not_found')
}

/** Ends every session of the actor but the calling one. */
export async function endOtherSessions(actor: Actor, caller: Caller, deps: Deps): Promise<void> {
  const userId = actor.user.id
  const audit = auditEvent({ action: 'sessions', userId, detail: 'ended_others' }, caller, deps)
  await deps.store.endSessions({ userId, now: deps.clock.now(), allExcept: actor.session.id }, { audit })
}
