import { confirm } from './change-users.ts'
import { commandError } from './exit-codes.ts'
import { isOn, type Invocation } from './invocation.ts'
import { rowOf, rowsOf, withControl } from './with-control.ts'

const COLUMNS = ['kid', 'algorithm', 'state', 'created_at', 'activated_at', 'retires_at']

export async function listKeys(invocation: Invocation): Promise<void> {
  await withControl(invocation, async (ask) => print(invocation, await ask('GET', '/control/keys')))
}

export async function rotateKeys(invocation: Invocation): Promise<void> {
  if (isOn(invocation, 'master')) return rotateMasterKey(invocation)
  if (isOn(invocation, 'prepare')) throw commandError('usage', 'error: --prepare belongs to --master.')
  const force = isOn(invocation, 'force')
  await withControl(invocation, async (ask) =>
    print(invocation, await ask('POST', '/control/keys/rotate', { force })),
  )
}

/** A server goes on with the master key that it has read: on SQLite it has to be stopped. */
async function rotateMasterKey(invocation: Invocation): Promise<void> {
  const step = isOn(invocation, 'prepare') ? 'prepare' : 'rotate'
  await withControl(
    invocation,
    async (ask) => invocation.output.record(rowOf(await ask('POST', '/control/master-key', { step }))),
    { withoutServer: true },
  )
}

/** What a dropped key has signed is refused from then on: asks before, unless it was told not to. */
export async function dropKey(invocation: Invocation): Promise<void> {
  const [kid = ''] = invocation.args
  await confirm(invocation, `Drop the key ${kid}, and with it every access token that it has signed?`)
  await withControl(invocation, async (ask) =>
    print(invocation, await ask('DELETE', `/control/keys/${encodeURIComponent(kid)}`)),
  )
}

function print({ output }: Invocation, json: unknown): void {
  output.rows(rowsOf(rowOf(json)['items']), COLUMNS)
}
