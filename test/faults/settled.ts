/** Between two faults, with every outcome known: holds both nodes to everything that was acknowledged. */
import { mustBeRefused } from './refused.ts'
import { untilAnswered, type Account, type Life, type Scene } from './account.ts'

const DEPTH = 6

export async function mustHold(accounts: readonly Account[], scene: Scene): Promise<void> {
  await Promise.all(
    accounts.map(async (account) => {
      if (account.life) await holds(account, account.life, scene)
      await mustBeRefused(account, scene, DEPTH)
    }),
  )
}

/** I1 and I5: the password, the profile and every session are as the last acknowledgement said, on both nodes. */
async function holds(account: Account, life: Life, scene: Scene): Promise<void> {
  const { email } = account
  for (const node of scene.nodes.all) {
    const lost = (what: string): void => scene.watch.lose(`I1/I5 ${email} on ${node.name}: ${what}`)
    const body = { email, password: life.password }
    const { status } = await untilAnswered(scene, node, 'POST /users/login', { body })
    if (status !== 200) lost(`the acknowledged password is refused with ${status}`)
    for (const { access } of life.sessions) {
      const read = await untilAnswered(scene, node, 'GET /users/profile', { token: access })
      const found = read.status === 200 ? read.body.profile['display_name'] : undefined
      if (read.status !== 200 || read.body.id !== life.userId)
        lost(`an acknowledged session is refused with ${read.status}`)
      else if (Number(found ?? 0) !== life.counter)
        lost(`the profile says ${found}, acknowledged was ${life.counter}`)
    }
  }
}
