import Type from 'typebox'
import { createUserWithPassword, findUserByName, passwordUserErrors } from '../../domain/operator-users.ts'
import { input, lists } from '../../domain/limits.ts'
import { userSchema } from '../answers.ts'
import { closed, email, newPassword, username } from '../fields.ts'
import { administrator, route } from '../route.ts'
import { wireUser } from '../wire.ts'

const findUserRoute = route({
  method: 'GET',
  path: '/control/user',
  operationId: 'controlFindUser',
  tag: 'Administration',
  summary: 'Find a user by id, e-mail address or username',
  access: 'operator',
  undocumented: true,
  query: Type.Object({ name: Type.String({ minLength: 1, maxLength: input.identifierMaxLength }) }, closed),
  responses: { 200: { description: 'The user', schema: userSchema } },
  errors: ['user_not_found'],
  async handle(call) {
    const request = { actor: administrator(call), name: call.query.name }
    return { status: 200, body: wireUser(await findUserByName(request, call.deps)) }
  },
})

const createUserRoute = route({
  method: 'POST',
  path: '/control/users',
  operationId: 'controlCreateUser',
  tag: 'Administration',
  summary: 'Create a user with a password',
  access: 'operator',
  undocumented: true,
  body: Type.Object(
    {
      username,
      email,
      password: newPassword,
      roles: Type.Optional(Type.Array(Type.String(), { maxItems: lists.rolesMax })),
      email_verified: Type.Optional(Type.Boolean()),
    },
    closed,
  ),
  responses: { 201: { description: 'The new user', schema: userSchema } },
  errors: ['insufficient_privilege', 'email_taken', 'username_taken', 'overloaded'],
  fieldErrors: (body, { deps }) => passwordUserErrors(body, deps),
  async handle(call) {
    const { email_verified: emailVerified, ...rest } = call.body
    const request = { actor: administrator(call), creation: { ...rest, emailVerified } }
    const user = await createUserWithPassword(request, call.caller, call.deps)
    if (user.roles.includes('admin')) call.surroundings.onFirstAdmin?.()
    return { status: 201, body: wireUser(user) }
  },
})

export const controlUserRoutes = [findUserRoute, createUserRoute]
