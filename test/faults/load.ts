/** The load: clients that register, sign in, update, refresh, reset and delete, one step after the other. */
import { momentIn } from '../support/ledger.ts'
import {
  anyNode,
  bury,
  otherThan,
  remember,
  untilKnown,
  type Account,
  type Life,
  type Scene,
  type Session,
} from './account.ts'
import { resetPassword } from './reset.ts'
import { tokensOf, mustBeRefused } from './refused.ts'

/** Fewer than the server keeps for a user, which would end the oldest. */
const SESSIONS_MAX = 20
/** A pause between two steps, so that the load leaves the machine some air. */
const PAUSE_MS = 40
/** How much of an answer a complaint shows. */
const SHOWN = 200
const LATE_MS = 15_000
/** For so long a refresh token may be repeated; a margin below the 60 seconds of the server. */
const REPEAT_MS = 50_000

export interface Load {
  /** Lets every client end its step, so that every outcome is known. */
  stop(): Promise<void>
}

export function startLoad(accounts: readonly Account[], scene: Scene): Load {
  let stopped = false
  const { watch } = scene
  const live = async (account: Account): Promise<void> => {
    try {
      while (!stopped) {
        await step(account, scene)
        await momentIn(PAUSE_MS * (0.5 + scene.random()))
      }
    } catch (error) {
      watch.breaks(`${account.username}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  watch.startClock()
  const lives = accounts.map(live)
  return {
    stop: async () => {
      watch.stopClock()
      stopped = true
      await Promise.all(lives)
    },
  }
}

async function step(account: Account, scene: Scene): Promise<void> {
  const { life } = account
  const chance = scene.random()
  if (!life) return register(account, scene)
  if (life.sessions.length === 0 || chance < 0.1) return signIn(account, life, scene)
  if (life.sessions.length >= SESSIONS_MAX) return resetPassword(account, life, scene)
  if (chance < 0.6) return update(life, scene)
  if (chance < 0.84) return rotate(account, life, scene)
  if (chance < 0.93) return resetPassword(account, life, scene)
  if (performance.now() > life.repeatedUntil) await remove(account, life, scene)
}

/** I9: one key makes one user, however often it is sent; I4: the name and the address of a deleted one are free. */
async function register(account: Account, scene: Scene): Promise<void> {
  const { username, email } = account
  const { watch, random } = scene
  account.lives += 1
  const password = `first words of life ${account.lives} ${Math.floor(random() * 1e9)}`
  const headers = { 'idempotency-key': `${username}-${account.lives}-${Math.floor(random() * 1e9)}` }
  const request = { body: { username, email, password }, headers }
  const { answer, repeated, node } = await untilKnown(scene, 'POST /users/register', request)
  if (answer.status !== 201) {
    throw new Error(`I4/I9 registering${repeated ? ' again' : ''} answers ${answer.status} ${answer.text}`)
  }
  watch.acknowledge('register')
  const userId = answer.body.id
  account.life = {
    userId,
    repeatedUntil: repeated ? performance.now() + LATE_MS : 0,
    password,
    sessions: [],
    counter: 0,
    resets: 0,
    asked: 0,
  }
  if (!repeated && random() < 0.7) return
  const again = await untilKnown(scene, 'POST /users/register', { ...request, first: otherThan(node, scene) })
  if (again.answer.status !== 201 || again.answer.body.id !== userId)
    watch.breaks(`I9 the same key answers ${again.answer.status} ${again.answer.text}`)
}

async function signIn(account: Account, life: Life, scene: Scene): Promise<void> {
  const body = { email: account.email, password: life.password }
  const { answer } = await untilKnown(scene, 'POST /users/login', { body })
  if (answer.status !== 200) {
    scene.watch.lose(`I1 ${account.username}: the acknowledged password is refused with ${answer.text}`)
    throw new Error('nothing can be done with this account any more')
  }
  scene.watch.acknowledge('login')
  life.sessions.push({ id: answer.body.session_id, ...tokensOf(answer) })
}

function anySession(life: Life, scene: Scene): { readonly session: Session; readonly place: number } {
  const place = Math.floor(scene.random() * life.sessions.length)
  const session = life.sessions[place]
  if (!session) throw new Error('an account without a session')
  return { session, place }
}

/** Reads what it has written, on the other node. */
async function update(life: Life, scene: Scene): Promise<void> {
  const { session } = anySession(life, scene)
  const counter = life.counter + 1
  const sent = { token: session.access, body: { profile: { display_name: String(counter) } } }
  const { answer, node } = await untilKnown(scene, 'PUT /users/profile', sent)
  if (answer.status !== 200) {
    return scene.watch.lose(`I1/I5 a session that was acknowledged is refused: ${answer.text}`)
  }
  scene.watch.acknowledge('update')
  life.counter = counter
  const where = { token: session.access, first: otherThan(node, scene) }
  const read = (await untilKnown(scene, 'GET /users/profile', where)).answer
  if (read.status !== 200 || read.body.profile['display_name'] !== String(counter))
    scene.watch.lose(
      `I1 the update ${counter} was acknowledged, then a read answers ${read.text.slice(0, SHOWN)}`,
    )
}

/** I6: twice at the same time, or again after a lost answer, it has the same successor. */
async function rotate(account: Account, life: Life, scene: Scene): Promise<void> {
  const { session, place } = anySession(life, scene)
  const body = { refresh_token: session.refresh }
  const began = performance.now()
  const first = anyNode(scene)
  const twice = scene.random() < 0.3
  const calls = twice ? [first, otherThan(first, scene)] : [first]
  const known = await Promise.all(
    calls.map((node) => untilKnown(scene, 'POST /users/token/refresh', { body, first: node })),
  )
  const answered = known.filter(({ answer }) => answer.status === 200)
  if (answered.length < known.length) {
    life.sessions.splice(place, 1)
    const late = performance.now() - began > REPEAT_MS
    const texts = known.map(({ answer }) => `${answer.status} ${answer.body.code}`).join(', ')
    if (!late) scene.watch.lose(`I1/I5 ${account.username}: a refresh token is refused: ${texts}`)
    return
  }
  const successors = new Set(answered.map(({ answer }) => answer.body.refresh_token))
  if (successors.size > 1) scene.watch.breaks('I6 a refresh token has two successors')
  const [one] = answered
  if (!one) return
  scene.watch.acknowledge('refresh')
  life.sessions[place] = { id: one.answer.body.session_id, ...tokensOf(one.answer) }
}

/** A repetition finds the session gone with its user: then the deletion was the first call's. */
async function remove(account: Account, life: Life, scene: Scene): Promise<void> {
  const { session } = anySession(life, scene)
  const request = { token: session.access, body: { password: life.password } }
  const { answer, repeated } = await untilKnown(scene, 'DELETE /users/delete', request)
  const gone = repeated && answer.status === 401 && answer.body.code === 'session_revoked'
  if (answer.status !== 200 && !gone) {
    return scene.watch.lose(`I1 ${account.username}: deleting answers ${answer.status} ${answer.text}`)
  }
  scene.watch.acknowledge('delete')
  account.life = null
  remember(account.deletedIds, life.userId)
  bury(account, life.sessions)
  remember(account.dead.passwords, life.password)
  await mustBeRefused(account, scene, 1)
}
