/** What is done to users, one or several at once. */
import { commandError, isCommandError, type CommandError } from './exit-codes.ts'
import { idOfUser } from './find-user.ts'
import { isOn, type Invocation } from './invocation.ts'
import type { Row } from './output.ts'
import { askYes } from './prompt.ts'
import { rowOf, withControl, type Ask } from './with-control.ts'

export async function setRoles(invocation: Invocation): Promise<void> {
  const [name = '', ...roles] = invocation.args
  await withControl(invocation, async (ask) => {
    const user = await ask('PATCH', `/users/${await idOfUser(ask, name)}`, { roles })
    invocation.output.record(rowOf(user))
  })
}

export async function disableUsers(invocation: Invocation): Promise<void> {
  await setStatus(invocation, 'disabled')
}

export async function enableUsers(invocation: Invocation): Promise<void> {
  await setStatus(invocation, 'active')
}

export async function signOutUsers(invocation: Invocation): Promise<void> {
  await each(invocation, 'sessions_revoked', async (ask, id) =>
    rowOf(await ask('POST', `/users/${id}/sign-out`)),
  )
}

/** Asks before, unless it was told not to. */
export async function deleteUsers(invocation: Invocation): Promise<void> {
  await confirm(
    invocation,
    `Delete ${invocation.args.join(', ')}, with everything that holds them, for good?`,
  )
  await each(invocation, 'deletion_id', async (ask, id) => rowOf(await ask('DELETE', `/users/${id}`)))
}

/** What can't be undone needs a yes: typed, or given as `--yes` where nobody can type. */
export async function confirm(invocation: Invocation, question: string): Promise<void> {
  if (isOn(invocation, 'yes')) return
  if (!process.stdin.isTTY) throw commandError('usage', 'error: this cannot be undone; add --yes.')
  if (!(await askYes(question))) throw commandError('failed', 'Nothing was done.')
}

async function setStatus(invocation: Invocation, status: 'active' | 'disabled'): Promise<void> {
  await each(invocation, 'status', async (ask, id) => {
    const user = rowOf(await ask('PATCH', `/users/${id}`, { status }))
    return { status: user['status'] }
  })
}

/**
 * Does the same to every user in turn. What fails is said, and the others are done all the same, unless
 * nobody answers any more.
 */
async function each(
  invocation: Invocation,
  column: string,
  act: (ask: Ask, id: string) => Promise<Row>,
): Promise<void> {
  const { args, output } = invocation
  const rows: Row[] = []
  const failures: CommandError[] = []
  await withControl(invocation, async (ask) => {
    for (const user of args) {
      try {
        const id = await idOfUser(ask, user)
        rows.push({ user, id, ...(await act(ask, id)) })
      } catch (error) {
        if (!isCommandError(error)) throw error
        failures.push(error)
        const [first = '', ...more] = error.lines
        for (const line of [`${user}: ${first}`, ...more]) output.say(`user-management: ${line}`)
        if (error.ending === 'unreachable') break
      }
    }
  }).finally(() => {
    if (rows.length > 0) output.rows(rows, ['user', 'id', column])
  })
  const [failure] = failures
  if (failure) throw commandError(rows.length > 0 ? 'partly' : failure.ending)
}
