/** What was deleted stays deleted, whatever copy of the data comes back: the ledger, and its replay. */
import type { Caller, Deps } from './deps.ts'
import { backup as limits } from './limits.ts'
import { requireOperator, type Administrator } from './policy.ts'
import type { Deletion } from './ports/moving.ts'
import type { Id } from './ports/runtime.ts'
import { auditEvent } from './trail.ts'

/** What a replay touches. */
export type ReplayDeps = Pick<Deps, 'store' | 'secrets' | 'clock' | 'ids'>

/** Adds what another ledger knows. Throws `permission_denied` for anybody but the operator. */
export async function addDeletions(
  { actor, deletions }: { readonly actor: Administrator; readonly deletions: readonly Deletion[] },
  deps: Pick<Deps, 'store'>,
): Promise<void> {
  requireOperator(actor)
  await deps.store.putDeletions(deletions)
}

/**
 * Looks at a stretch of the users, from the one after `after`, and deletes again whom the ledger names; the
 * last administrator too, whose deletion was right when it was made. `next` is null at the end. Throws
 * `permission_denied`.
 */
export async function replayDeletions(
  { actor, after }: { readonly actor: Administrator; readonly after: Id | null },
  caller: Caller,
  deps: ReplayDeps,
): Promise<{ readonly checked: number; readonly deleted: number; readonly next: Id | null }> {
  requireOperator(actor)
  const { store, secrets } = deps
  const limit = limits.usersPerStep
  const ids = await store.listUserIds({ after, limit })
  const idOf = new Map(ids.map((id) => [secrets.hashId(id).toHex(), id]))
  const found = await store.findDeletions(ids.map((id) => secrets.hashId(id)))
  let deleted = 0
  for (const idHash of found) {
    const userId = idOf.get(idHash.toHex())
    if (userId === undefined) continue
    const audit = auditEvent({ action: 'restore', userId, actorId: actor.userId }, caller, deps)
    const deletion = { userId, expectEpoch: null, idHash, lastAdminToo: true, now: audit.at } as const
    if ((await store.deleteUser(deletion, { audit })).kind === 'deleted') deleted += 1
  }
  return { checked: ids.length, deleted, next: ids.length === limit ? (ids.at(-1) ?? null) : null }
}

/** Looks at all users in this way; says how many were deleted again. Throws `permission_denied`. */
export async function replayAllDeletions(
  actor: Administrator,
  caller: Caller,
  deps: ReplayDeps,
): Promise<number> {
  let [after, deleted]: [Id | null, number] = [null, 0]
  do {
    const step = await replayDeletions({ actor, after }, caller, deps)
    deleted += step.deleted
    after = step.next
  } while (after !== null)
  return deleted
}

/**
 * Ends a restoration: sessions, links and waiting mail of an older time are gone, and everybody signs in
 * again. Says whether there is an administrator. Throws `permission_denied`.
 */
export async function endRestoration(
  { actor, detail }: { readonly actor: Administrator; readonly detail: string },
  caller: Caller,
  deps: ReplayDeps,
): Promise<{ readonly hasAdmin: boolean }> {
  requireOperator(actor)
  await deps.store.endEverything()
  const happening = { action: 'restore', userId: null, actorId: actor.userId, detail }
  await deps.store.appendAudit(auditEvent(happening, caller, deps))
  return { hasAdmin: await deps.store.hasAdmin() }
}
