import { idOfUser } from './find-user.ts'
import { valueOf, type Invocation } from './invocation.ts'
import { printPages } from './pages.ts'
import { withControl, type Ask } from './with-control.ts'

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What was done, the newest first. */
export async function listAudit(invocation: Invocation): Promise<void> {
  const columns = ['at', 'action', 'user_id', 'actor_id', 'request_id', 'detail']
  await withControl(invocation, async (ask) => {
    const query = {
      user_id: await idOf(ask, valueOf(invocation, 'user')),
      actor_id: await idOf(ask, valueOf(invocation, 'actor')),
    }
    await printPages(ask, { path: '/audit', query, columns }, invocation)
  })
}

/** Events outlive their users: an id is taken as it is. */
async function idOf(ask: Ask, name: string | null): Promise<string | null> {
  return name === null || ID.test(name) ? name : idOfUser(ask, name)
}
