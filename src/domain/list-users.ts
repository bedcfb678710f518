import { positionOf, withCursors, type List } from './cursor.ts'
import type { Deps } from './deps.ts'
import { requirePermission, type Administrator } from './policy.ts'
import type { UserQuery } from './ports/administration.ts'
import type { User } from './user.ts'

export interface UserListRequest extends Omit<UserQuery, 'from'> {
  readonly cursor?: string | undefined
}

/**
 * A page of users, with `users:read`. Throws `permission_denied`, or `validation_failed` for a cursor of
 * another list.
 */
export async function listUsers(
  { actor, request }: { readonly actor: Administrator; readonly request: UserListRequest },
  deps: Deps,
): Promise<List<User>> {
  requirePermission(actor, 'users:read')
  const { cursor, ...rest } = request
  const query = { ...rest, search: rest.search?.toLowerCase() ?? null }
  const { search, role, status, verified, sort, descending } = query
  const list = JSON.stringify(['users', search, role, status, verified, sort, descending])
  const page = await deps.store.listUsers({ ...query, from: positionOf(list, cursor, deps) })
  return withCursors(list, page, deps)
}
