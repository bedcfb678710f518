/** I3 and I4: what a reset or a deletion has ended is refused on every node, from the acknowledgement on. */
import type { Answer } from '../support/process-client.ts'
import { untilAnswered, type Account, type Scene, type Tokens } from './account.ts'
import type { Node } from './nodes.ts'

export function tokensOf({ body }: Answer): Tokens {
  return { access: body.access_token, refresh: body.refresh_token }
}

/** Looks at the newest `depth` of each kind, on both nodes. */
export async function mustBeRefused(account: Account, scene: Scene, depth: number): Promise<void> {
  await Promise.all(scene.nodes.all.map((node) => refusedOn(node, account, { scene, depth })))
}

async function refusedOn(
  node: Node,
  account: Account,
  { scene, depth }: { readonly scene: Scene; readonly depth: number },
): Promise<void> {
  const { dead, email } = account
  const invariant = account.life ? 'I3' : 'I4'
  const expect = (answer: Answer, status: number, what: string): void => {
    if (answer.status === status) return
    scene.watch.lose(`${invariant} ${email}: ${what} answers ${answer.status} on ${node.name}`)
  }
  for (const { access, refresh } of dead.tokens.slice(-depth)) {
    const read = await untilAnswered(scene, node, 'GET /users/profile', { token: access })
    expect(read, 401, 'the access token of an ended session')
    const body = { refresh_token: refresh }
    expect(
      await untilAnswered(scene, node, 'POST /users/token/refresh', { body }),
      401,
      'the refresh token of an ended session',
    )
  }
  for (const password of dead.passwords.slice(-depth)) {
    const body = { email, password }
    expect(await untilAnswered(scene, node, 'POST /users/login', { body }), 401, 'a password of before')
  }
  for (const link of dead.links.slice(-depth)) {
    const body = { password: 'redeemed a second time' }
    const again = await untilAnswered(scene, node, `POST /users/reset-password/${link}`, { body })
    expect(again, 400, 'a link that was redeemed')
  }
}
