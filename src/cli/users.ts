/** What is read about users. */
import { findUser, idOfUser } from './find-user.ts'
import { valueOf, type Invocation } from './invocation.ts'
import { printPages } from './pages.ts'
import { rowOf, rowsOf, withControl } from './with-control.ts'

export async function listUsers(invocation: Invocation): Promise<void> {
  const names = ['search', 'role', 'status', 'verified', 'sort']
  const query = Object.fromEntries(names.map((name) => [name, valueOf(invocation, name)]))
  const columns = ['id', 'username', 'email', 'email_verified', 'status', 'roles', 'last_sign_in_at']
  await withControl(invocation, (ask) => printPages(ask, { path: '/users', query, columns }, invocation))
}

export async function getUser(invocation: Invocation): Promise<void> {
  const [name = ''] = invocation.args
  await withControl(invocation, async (ask) => invocation.output.record(rowOf(await findUser(ask, name))))
}

export async function listSessions(invocation: Invocation): Promise<void> {
  const [name = ''] = invocation.args
  const columns = ['id', 'device_name', 'user_agent', 'created_at', 'last_used_at', 'expires_at']
  await withControl(invocation, async (ask) => {
    const page = await ask('GET', `/users/${await idOfUser(ask, name)}/sessions`)
    invocation.output.rows(rowsOf(rowOf(page)['items']), columns)
  })
}
