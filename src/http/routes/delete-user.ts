import { deleteUser } from '../../domain/delete-user.ts'
import { receiptSchema } from '../answers.ts'
import { administrator, idOf, route } from '../route.ts'
import { wireReceipt } from '../wire.ts'

export const deleteUserRoute = route({
  method: 'DELETE',
  path: '/users/{id}',
  operationId: 'deleteUser',
  tag: 'Administration',
  summary: 'Delete a user for good',
  description:
    'Everything that holds the user goes in one step, and every token is refused at once; no mail is sent. ' +
    'The same address and username can register again.',
  access: 'users:delete',
  responses: { 200: { description: 'The deletion receipt', schema: receiptSchema } },
  errors: ['insufficient_privilege', 'user_not_found', 'last_admin', 'overloaded'],
  async handle(call) {
    const target = { actor: administrator(call), id: idOf(call) }
    return { status: 200, body: wireReceipt(await deleteUser(target, call.caller, call.deps)) }
  },
})
