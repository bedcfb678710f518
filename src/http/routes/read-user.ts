import { readUser } from '../../domain/read-user.ts'
import { idOf, route, signedInActor } from '../route.ts'
import { userSchema } from '../answers.ts'
import { etag, wireUser } from '../wire.ts'

export const readUserRoute = route({
  method: 'GET',
  path: '/users/{id}',
  operationId: 'readUser',
  tag: 'Administration',
  summary: 'Read a user',
  description: "One's own account always; another one with the permission users:read.",
  access: 'owner',
  responses: {
    200: { description: 'The user', schema: userSchema, headers: { ETag: 'The version of the user' } },
  },
  errors: ['permission_denied', 'user_not_found'],
  async handle(call) {
    const request = { actor: signedInActor(call), id: idOf(call) }
    const user = await readUser(request, call.deps)
    return { status: 200, body: wireUser(user), headers: { etag: etag(user) } }
  },
})
