import { positionOf, withCursors } from './cursor.ts'
import type { Deps } from './deps.ts'
import { moving } from './limits.ts'
import { requireOperator, requirePermission, type Administrator } from './policy.ts'
import type { JsonObject } from './ports/runtime.ts'
import { recordOf } from './user-record.ts'

/**
 * The next records of everybody, password hashes among them, by the time of their creation; `cursor` is null
 * at the beginning, `next` at the end. Only the operator may. Throws `permission_denied`, or
 * `validation_failed` for a cursor of another list.
 */
export async function exportUsers(
  { actor, cursor }: { readonly actor: Administrator; readonly cursor: string | null },
  deps: Deps,
): Promise<{ readonly records: readonly JsonObject[]; readonly next: string | null }> {
  requireOperator(actor)
  requirePermission(actor, 'users:read')
  const from = positionOf('export', cursor ?? undefined, deps)
  const everybody = { search: null, role: null, status: null, verified: null } as const
  const order = { sort: 'created_at', descending: false, limit: moving.rowsPerStep } as const
  const { items, next } = withCursors(
    'export',
    await deps.store.listUsers({ ...everybody, ...order, from }),
    deps,
  )
  return { records: items.map(recordOf), next }
}
