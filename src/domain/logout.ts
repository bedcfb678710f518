import type { Caller, Deps } from './deps.ts'
import type { Actor } from './policy.ts'
import { auditEvent } from './trail.ts'

/** Ends the calling session; its tokens are refused from the next request on. */
export async function logout(actor: Actor, caller: Caller, deps: Deps): Promise<void> {
  const userId = actor.user.id
  const audit = auditEvent({ action: 'logout', userId }, caller, deps)
  await deps.store.endSessions({ userId, now: deps.clock.now(), only: actor.session.id }, { audit })
}
