import { changePassword, newPasswordErrors } from '../../domain/password.ts'
import { route, signedInActor } from '../route.ts'
import { passwordChangeBody } from '../requests.ts'

export const passwordRoute = route({
  method: 'PUT',
  path: '/users/password',
  operationId: 'passwordChange',
  tag: 'Account',
  summary: 'Change my password',
  description:
    'Every other session ends; the calling one lives on with its tokens. The owner is told by mail.',
  access: 'owner',
  body: passwordChangeBody,
  responses: { 204: { description: 'The password is changed' } },
  errors: ['password_incorrect', 'rate_limited', 'overloaded'],
  fieldErrors: (body, call) =>
    typeof body['new_password'] === 'string'
      ? newPasswordErrors({ actor: signedInActor(call), newPassword: body['new_password'] }, call.deps)
      : [],
  async handle(call) {
    const { current_password: currentPassword, new_password: newPassword } = call.body
    const change = { actor: signedInActor(call), currentPassword, newPassword }
    await changePassword(change, call.caller, call.deps)
    return { status: 204 }
  },
})
