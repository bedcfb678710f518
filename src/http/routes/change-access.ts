import { changeAccess, roleErrors } from '../../domain/change-access.ts'
import { userSchema } from '../answers.ts'
import { accessBody } from '../requests.ts'
import { administrator, idOf, route } from '../route.ts'
import { etag, wireUser } from '../wire.ts'

export const changeAccessRoute = route({
  method: 'PATCH',
  path: '/users/{id}',
  operationId: 'changeAccess',
  tag: 'Administration',
  summary: 'Change the roles or the status of a user',
  description:
    'roles needs the permission roles:write, status needs users:write. Taking a role away, and disabling, ' +
    'end every session of the user at once and kill its mailed links. Nobody acts on a user, or gives a ' +
    'role, with permissions beyond their own.',
  access: ['users:write', 'roles:write'],
  body: accessBody,
  responses: {
    200: {
      description: 'The user as it is now',
      schema: userSchema,
      headers: { ETag: 'The version of the user' },
    },
  },
  errors: ['insufficient_privilege', 'user_not_found', 'last_admin', 'overloaded'],
  fieldErrors: (body, { deps }) => roleErrors(body, deps.rules.roles),
  async handle(call) {
    const request = { actor: administrator(call), id: idOf(call), change: call.body }
    const user = await changeAccess(request, call.caller, call.deps)
    return { status: 200, body: wireUser(user), headers: { etag: etag(user) } }
  },
})
