import type { Invocation } from './invocation.ts'
import { isOn, valuesOf } from './invocation.ts'
import { readPassword } from './password-source.ts'
import { rowOf, withControl } from './with-control.ts'

/** Creates a user: with a password, or with a mailed link to set one. */
export async function createUser(invocation: Invocation): Promise<void> {
  const { args, output } = invocation
  const [username, email] = args
  const given = valuesOf(invocation, 'role')
  const user = { username, email, ...(given.length > 0 && { roles: given }) }
  const byLink = isOn(invocation, 'sendLink')
  const secret = byLink ? {} : { password: await readPassword(invocation) }
  const marked = isOn(invocation, 'verified') ? { email_verified: true } : {}
  const path = byLink ? '/users' : '/control/users'
  await withControl(
    invocation,
    async (ask) => output.record(rowOf(await ask('POST', path, { ...user, ...secret, ...marked }))),
    { mayCreate: true, mailsLink: byLink },
  )
  if (byLink) output.say('The link to set a password is mailed by the server, as soon as it runs.')
}
