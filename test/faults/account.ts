/**
 * One client and its account: what was acknowledged, and how a client that gets a 503 or no answer finds out, by
 * repeating the same call until it is answered. From then on the outcome is known, whatever the fault was.
 */
import type { Answer } from '../support/process-client.ts'
import { momentIn, type Random } from '../support/ledger.ts'
import type { Node, Nodes } from './nodes.ts'
import type { Outcome, Sent, Watch } from './watch.ts'

const RETRY_MS = 200
/** A call that is repeated for longer than every fault lasts has no end. */
const PATIENCE_MS = 75_000
const REMEMBERED_MAX = 20

export interface Tokens {
  readonly access: string
  readonly refresh: string
}

export interface Session extends Tokens {
  readonly id: string
}

/** From a registration to the deletion. */
export interface Life {
  readonly userId: string
  /** A registration that was sent twice may come through late: it is not deleted before that is over. */
  readonly repeatedUntil: number
  password: string
  sessions: Session[]
  /** Written into the profile with each update. */
  counter: number
  resets: number
  asked: number
}

/** What must be refused from now on, on every node; the newest of each kind. */
export interface Dead {
  readonly tokens: Tokens[]
  readonly passwords: string[]
  /** One-time tokens that were redeemed. */
  readonly links: string[]
}

export interface Account {
  readonly username: string
  readonly email: string
  life: Life | null
  lives: number
  readonly dead: Dead
  /** Of users that were deleted with acknowledgement. */
  readonly deletedIds: string[]
  lastMail: string | null
}

export interface Scene {
  readonly nodes: Nodes
  readonly watch: Watch
  readonly random: Random
}

export function newAccount(username: string): Account {
  return {
    username,
    email: `${username}@bank.example`,
    life: null,
    lives: 0,
    dead: { tokens: [], passwords: [], links: [] },
    deletedIds: [],
    lastMail: null,
  }
}

export function remember<Item>(list: Item[], item: Item): void {
  list.push(item)
  if (list.length > REMEMBERED_MAX) list.shift()
}

/** The session ends: its tokens must be refused from now on. */
export function bury(account: Account, tokens: readonly Tokens[]): void {
  for (const each of tokens) remember(account.dead.tokens, each)
}

export function anyNode({ nodes, random }: Scene): Node {
  return nodes.all[random() < 0.5 ? 0 : 1]
}

export function otherThan(node: Node, { nodes }: Scene): Node {
  const [first, second] = nodes.all
  return node === first ? second : first
}

/** An answer that is one, and whether the call had to be repeated for it. */
export interface Known {
  readonly answer: Answer
  readonly repeated: boolean
  /** The node that answered. */
  readonly node: Node
  readonly ms: number
}

/** Repeats the call, on the other node each time, as a client behind a balancer does. Throws where it never ends. */
export async function untilKnown(
  scene: Scene,
  operation: string,
  request: Sent & { readonly first?: Node } = {},
): Promise<Known> {
  const began = performance.now()
  const { first, ...sent } = request
  let node = first ?? anyNode(scene)
  for (let repeated = false; ; repeated = true) {
    const answer: Outcome = await scene.watch.send(node, operation, sent)
    const ms = performance.now() - began
    if (answer) return { answer, repeated, node, ms }
    if (ms > PATIENCE_MS) throw new Error(`I8 ${operation} was never answered`)
    await momentIn(RETRY_MS)
    node = otherThan(node, scene)
  }
}

/** Repeats the call on this node only. */
export async function untilAnswered(
  { watch }: Scene,
  node: Node,
  operation: string,
  sent: Sent = {},
): Promise<Answer> {
  const began = performance.now()
  for (;;) {
    const answer = await watch.send(node, operation, sent)
    if (answer) return answer
    if (performance.now() - began > PATIENCE_MS) throw new Error(`I8 ${operation} was never answered`)
    await momentIn(RETRY_MS)
  }
}
