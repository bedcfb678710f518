/** For every operation of the contract a request that is right in itself: from the examples of the document and live tokens. */
import type { Sent } from './client.ts'
import type { Operation } from './openapi-check.ts'
import type { TestServer } from './server.ts'
import { PASSWORD } from './server-users.ts'

export interface PreparedRequest {
  readonly method: string
  readonly path: string
  readonly sent: Sent
}

/** Signs a user in and has links mailed to it, so that each request gets as far as the rules of its operation. */
export async function validRequests(server: TestServer): Promise<(operation: Operation) => PreparedRequest> {
  const { client, mailbox, newUser, signIn } = server
  const user = await newUser({ emailVerified: false })
  const { access_token: token, refresh_token: refreshToken } = await signIn(user)
  const { access_token: adminToken } = await signIn(await newUser({ roles: ['admin'] }))
  const other = await newUser()
  const links: Record<string, string> = { setup: server.app.setupLink?.split('/').at(-1) ?? '' }
  for (const kind of ['reset', 'verify'] as const) {
    const path = kind === 'reset' ? '/users/reset-password' : '/users/verify-email'
    await client.send('POST', path, { json: { email: user.email } })
    links[kind] = await mailbox.token({
      to: user.email,
      kind: kind === 'reset' ? 'reset_password' : 'verify_email',
    })
  }
  const bodies: Readonly<Record<string, object>> = {
    refresh: { refresh_token: refreshToken },
    login: { username: user.username, password: PASSWORD },
    deleteAccount: { password: PASSWORD },
    verifyEmailConfirm: { password: PASSWORD },
    reauthenticate: { password: PASSWORD },
  }
  const linkFor = ({ operationId }: Operation): string =>
    links[/^(?:verify|setup)/.exec(operationId)?.[0] ?? 'reset'] ?? ''
  const newcomer = { username: 'newcomer', email: 'newcomer@example.com' }

  return (operation) => {
    const { operationId, method } = operation
    const path = operation.path
      .replace('{id}', isAdministrative(operation) ? other.id : user.id)
      .replace('{code}', 'email_taken')
      .replace('{token}', linkFor(operation))
    const content = operation.requestBody?.content
    const json = bodies[operationId] ?? content?.['application/json']?.example
    const isForm = content !== undefined && !('application/json' in content)
    return {
      method,
      path,
      sent: {
        ...(operation.security.length > 0 &&
          operationId !== 'verifyEmailConfirm' && {
            token: isAdministrative(operation) ? adminToken : token,
          }),
        ...(isForm && {
          form: {
            token: linkFor(operation),
            password: PASSWORD,
            ...(operationId === 'setupForm' && newcomer),
          },
        }),
        ...(!isForm && content && { json }),
      },
    }
  }
}

/** Whether the document names permissions for it. */
export function isAdministrative({ security }: Operation): boolean {
  return security.some((scheme) => Object.values(scheme).flat().length > 0)
}

/** Whether the operation declares that it may answer with the code; pages declare by the route table. */
export function declares(operation: Operation, status: number, code: string): boolean {
  const content = operation.responses[String(status)]?.content
  const problem = content?.['application/problem+json']
  return problem ? Object.hasOwn(problem.examples ?? {}, code) : content !== undefined
}
