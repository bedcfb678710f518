import type { Deps } from '../../src/domain/deps.ts'
import { signedIn } from '../../src/domain/signed-in.ts'

const HOUR_MS = 3_600_000

/** An access token of a new session, past the login and its hash; null where the user may not sign in. */
export async function tokenOf({ id }: { readonly id: string }, deps: Deps): Promise<string | null> {
  const now = deps.clock.now()
  const user = await deps.store.findUser({ id })
  if (!user) return null
  const session = {
    id: deps.ids.next(),
    userId: id,
    epoch: user.epoch,
    refreshKeyId: deps.secrets.refreshKeyId,
    deviceName: null,
    userAgent: null,
    createdAt: now,
    expiresAt: now + HOUR_MS,
  }
  const audit = { id: deps.ids.next(), at: now, action: 'login', actorId: id, userId: id }
  const trail = { audit: { ...audit, requestId: deps.ids.next(), detail: null } }
  const opened = await deps.store.openSession(session, trail)
  if (opened.kind === 'stale') return null
  const stored = { ...session, generation: 1, rotatedAt: now, authTime: now, lastUsedAt: now }
  return (await signedIn(opened.user, stored, deps)).accessToken
}
