/** Commands about the data as a whole. */
import { randomBytes } from 'node:crypto'
import { lists } from '../domain/limits.ts'
import { commandError } from './exit-codes.ts'
import { isOn, valueOf, type Invocation } from './invocation.ts'
import { readPassword } from './password-source.ts'
import { createProgress } from './progress.ts'
import { rowOf, rowsOf, textOf, withControl } from './with-control.ts'

const PASSWORD_BYTES = 15
const SEED_USERS = 100

/** Checks everything against itself, stretch by stretch; what it finds fails the command. */
export async function verifyStore(invocation: Invocation): Promise<void> {
  const { output } = invocation
  const progress = createProgress({ of: 'rows', total: null })
  const list = output.list(['kind', 'where', 'id'])
  const { checked, found } = await withControl(invocation, async (ask) => {
    let [checked, found] = [0, 0]
    let cursor: string | null = null
    do {
      const step = rowOf(await ask('POST', '/control/verify', { cursor }))
      const here = rowsOf(step['findings'])
      if (here.length > 0) list.add(here)
      found += here.length
      checked += Number(step['checked'])
      cursor = textOf(step, 'cursor') || null
      progress.reached(checked)
    } while (cursor !== null)
    return { checked, found }
  }).finally(progress.end)
  list.end()
  if (found > 0) throw commandError('failed', `${found} findings: not as they should be (${checked} rows).`)
  output.say(`${checked} rows checked; everything is as it should be.`)
}

/** Takes what was deleted out of free space at once, instead of within a day. */
export async function scrubStore(invocation: Invocation): Promise<void> {
  await withControl(invocation, (ask) => ask('POST', '/control/scrub'))
  invocation.output.say('Nothing that was deleted is readable in free space any more.')
}

/** Adds made-up users, step by step; those of an earlier run stay, so that it can be taken up again. */
export async function seedStore(invocation: Invocation): Promise<void> {
  const total = Number(valueOf(invocation, 'users') ?? SEED_USERS)
  const given = valueOf(invocation, 'passwordFile') !== null || isOn(invocation, 'passwordStdin')
  const password = given ? await readPassword(invocation) : randomBytes(PASSWORD_BYTES).toString('base64url')
  const all = { password, in_production: isOn(invocation, 'yes') }
  const progress = createProgress({ of: 'users', total })
  const sum = { added: 0, repeated: 0, taken: 0 }
  await withControl(
    invocation,
    async (ask) => {
      for (let from = 1; from <= total; from += lists.seedStep) {
        const count = Math.min(lists.seedStep, total - from + 1)
        const step = rowOf(await ask('POST', '/control/seed', { from, count, ...all }))
        sum.added += Number(step['added'])
        sum.repeated += Number(step['repeated'])
        sum.taken += Number(step['taken'])
        progress.reached(from + count - 1)
      }
    },
    { mayCreate: true },
  ).finally(progress.end)
  invocation.output.record({ ...sum, ...(!given && sum.added > 0 && { password }) })
}
