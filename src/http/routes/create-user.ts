import { createUser, creationErrors } from '../../domain/create-user.ts'
import { acceptedSchema, userSchema } from '../answers.ts'
import { userCreationBody } from '../requests.ts'
import { administrator, route } from '../route.ts'
import { wireUser } from '../wire.ts'

export const createUserRoute = route({
  method: 'POST',
  path: '/users',
  operationId: 'createUser',
  tag: 'Administration',
  summary: 'Create a user',
  description:
    'The user is active, has no password, and gets a mail with a link to set one, good for seven days. ' +
    'Other roles than user need the permission roles:write too, and grant nothing that you do not hold.',
  access: 'users:write',
  body: userCreationBody,
  responses: {
    201: {
      description: 'The new user (UM_REGISTRATION_DISCLOSURE=friendly, the default)',
      schema: userSchema,
      headers: { Location: 'The address of the user' },
    },
    202: {
      description: 'Accepted, whoever holds the address (UM_REGISTRATION_DISCLOSURE=strict)',
      schema: acceptedSchema,
    },
  },
  errors: ['insufficient_privilege', 'email_taken', 'username_taken', 'overloaded'],
  fieldErrors: (body, { deps }) => creationErrors(body, deps.rules.roles),
  async handle(call) {
    const request = { actor: administrator(call), creation: call.body }
    const created = await createUser(request, call.caller, call.deps)
    if (created.kind === 'accepted') return { status: 202, body: { status: 'accepted' as const } }
    const { user } = created
    return { status: 201, body: wireUser(user), headers: { location: `/users/${user.id}` } }
  },
})
