import { lists } from '../../domain/limits.ts'
import { listUsers } from '../../domain/list-users.ts'
import { userSorts, type UserSort } from '../../domain/ports/administration.ts'
import { userListSchema } from '../answers.ts'
import { listAnswer, listed } from '../list.ts'
import { userListQuery } from '../requests.ts'
import { administrator, route } from '../route.ts'
import { wireUser } from '../wire.ts'

export const listUsersRoute = route({
  method: 'GET',
  path: '/users',
  operationId: 'listUsers',
  tag: 'Administration',
  summary: 'List and search users',
  description:
    'A user that stays as it is during a walk from page to page appears exactly once, whatever comes and ' +
    'goes around it. A page may have fewer items than its limit, and still a next one.',
  access: 'users:read',
  query: userListQuery,
  responses: { 200: listed('A page of users', userListSchema) },
  errors: [],
  async handle(call) {
    const { query } = call
    const request = {
      search: query.search ?? null,
      role: query.role ?? null,
      status: query.status ?? null,
      verified: query.verified ?? null,
      ...orderOf(query.sort ?? 'created_at'),
      limit: query.limit ?? lists.pageDefault,
      cursor: query.cursor,
    }
    const list = await listUsers({ actor: administrator(call), request }, call.deps)
    const page = { ...list, items: list.items.map(wireUser) }
    return listAnswer(page, { path: '/users', query }, call.deps)
  },
})

function orderOf(text: string): { readonly sort: UserSort; readonly descending: boolean } {
  const descending = text.startsWith('-')
  const name = descending ? text.slice(1) : text
  return { sort: userSorts.find((each) => each === name) ?? 'created_at', descending }
}
