/** A password reset through the inbox, with rivals: a second redemption of the same link, a login of the old password. */
import {
  anyNode,
  bury,
  otherThan,
  remember,
  untilKnown,
  type Account,
  type Known,
  type Life,
  type Scene,
} from './account.ts'
import { momentIn } from '../support/ledger.ts'
import type { Mail } from '../support/process-client.ts'
import { mustBeRefused, tokensOf } from './refused.ts'

/** A node that was killed may hold the lease of a mail for longer than a step should take. */
const MAIL_LOOKS = 12
const MAIL_PAUSE_MS = 250

export async function resetPassword(account: Account, life: Life, scene: Scene): Promise<void> {
  const { email } = account
  const asked = await untilKnown(scene, 'POST /users/reset-password', { body: { email } })
  if (asked.answer.status !== 202) return scene.watch.breaks(`I8 asking for a link: ${asked.answer.text}`)
  scene.watch.acknowledge('reset asked')
  life.asked += 1
  const mail = await newestMail(account, scene)
  const link = mail?.tokens[0]
  if (mail === null || link === undefined) return
  account.lastMail = mail.id
  await redeem(account, life, { scene, link })
}

async function newestMail(account: Account, scene: Scene): Promise<Mail | null> {
  const after: Record<string, string> = account.lastMail === null ? {} : { after: account.lastMail }
  const query = new URLSearchParams({ to: account.email, kind: 'reset_password', ...after })
  for (let look = 0; look < MAIL_LOOKS; look += 1) {
    const { answer } = await untilKnown(scene, `GET /dev/mail/messages?${query.toString()}`)
    const mail = answer.body.messages[0]
    if (mail) return mail
    await momentIn(MAIL_PAUSE_MS)
  }
  return null
}

/** I6: of two redemptions with two passwords on two nodes one counts; the password says which. */
async function redeem(
  account: Account,
  life: Life,
  { scene, link }: { readonly scene: Scene; readonly link: string },
): Promise<void> {
  const { watch, random } = scene
  const fresh = (): string => `more words ${Math.floor(random() * 1e9)}`
  const first = anyNode(scene)
  const second = otherThan(first, scene)
  const attempts = random() < 0.4 ? [first, second] : [first]
  const rival = random() < 0.4 ? rivalLogin(account, life, scene) : null
  const tried = await Promise.all(
    attempts.map(async (node) => {
      const password = fresh()
      const operation = `POST /users/reset-password/${link}`
      return { password, known: await untilKnown(scene, operation, { body: { password }, first: node }) }
    }),
  )
  await rival
  const won = tried.filter(({ known }) => known.answer.status === 200)
  if (won.length > 1) watch.breaks(`I6 ${account.email}: a link was redeemed twice`)
  const password = won[0]?.password ?? (await passwordOf(account, tried, scene))
  if (password === null) return unredeemed(life, tried, scene)
  watch.acknowledge('reset')
  remember(account.dead.passwords, life.password)
  remember(account.dead.links, link)
  bury(account, life.sessions)
  Object.assign(life, { password, sessions: [], resets: life.resets + 1 })
  await mustBeRefused(account, scene, 2)
}

type Tried = readonly { readonly password: string; readonly known: Known }[]

/** None was answered with 200: where a repetition finds the link used, one of ours was applied without an answer. */
async function passwordOf(account: Account, tried: Tried, scene: Scene): Promise<string | null> {
  for (const { password } of tried) {
    const body = { email: account.email, password }
    const { answer } = await untilKnown(scene, 'POST /users/login', { body })
    if (answer.status !== 200) continue
    if (!tried.some(({ known }) => known.repeated))
      scene.watch.breaks(`I9 ${account.email}: a refused reset was applied`)
    return password
  }
  return null
}

/** A link of before the last reset is used up; no other one may be refused. */
function unredeemed(life: Life, tried: Tried, { watch }: Scene): void {
  const codes = tried.map(({ known }) => known.answer.body.code)
  if (codes.every((code) => code === 'reset_token_used') && life.resets > 0) return
  watch.lose(`I1 a live link answers ${codes.join(', ')}`)
}

/** Where it is let in, the reset that comes after it must end its session. */
async function rivalLogin(account: Account, life: Life, scene: Scene): Promise<void> {
  const body = { email: account.email, password: life.password }
  const answer = await scene.watch.send(anyNode(scene), 'POST /users/login', { body })
  if (answer?.status === 200) life.sessions.push({ id: answer.body.session_id, ...tokensOf(answer) })
}
