/** The whole run: servers, load, one fault after the other, and after each of them the reckoning. */
import { clientOf } from '../support/process-client.ts'
import { randomFrom } from '../support/ledger.ts'
import type { OpenApiDocument } from '../support/openapi-check.ts'
import { newAccount, type Account, type Scene } from './account.ts'
import { brokenIn, readAll } from './collections.ts'
import { drivers, type FaultName } from './drivers.ts'
import { startLoad } from './load.ts'
import { startMembers } from './members.ts'
import { startNodes, type Nodes } from './nodes.ts'
import { mustHold } from './settled.ts'
import { newWatch, type Figures } from './watch.ts'

export interface Plan {
  /** The `mongod` to run. */
  readonly binary: string
  readonly faults: readonly FaultName[]
  readonly rounds: number
  readonly seed: number
  readonly accounts: number
  readonly stopMs: number
  /** How long the members wait for a frozen one; 10 seconds by default. */
  readonly heartbeatSeconds: number
  readonly say: (line: string) => void
}

export interface Report {
  readonly survived: number
  readonly broken: readonly string[]
  readonly figures: Figures
}

const DATABASE = 'faults'

export async function runFaults(plan: Plan): Promise<Report> {
  const members = await startMembers(plan.binary, plan.heartbeatSeconds)
  const url = members.url(DATABASE)
  let nodes: Nodes | null = null
  try {
    nodes = await startNodes(url)
    plan.say('three members and two servers are up')
    const watch = newWatch(await documentOf(nodes.publicUrl), nodes.publicUrl)
    members.onElection(watch.elected)
    const scene = { nodes, watch, random: randomFrom(plan.seed), members, stopMs: plan.stopMs }
    const accounts = Array.from({ length: plan.accounts }, (_, index) => newAccount(`ledger-${index}`))
    let survived = 0
    for (let round = 0; round < plan.rounds; round += 1) {
      for (const fault of plan.faults) {
        const before = watch.broken.length
        const refused = { ...watch.figures }
        const load = startLoad(accounts, scene)
        const what = await happened(() => drivers[fault](scene), watch.breaks)
        await load.stop()
        await reckon(url, accounts, scene)
        plan.say(`${fault}: ${what}; ${refusals(watch.figures, refused)}`)
        const broken = watch.broken.slice(before)
        for (const line of broken) plan.say(`  BROKEN ${line}`)
        if (broken.length > 0) for (const { name, log } of nodes.all) plan.say(`  log of ${name}:\n${log()}`)
        else survived += 1
      }
    }
    return { survived, broken: watch.broken, figures: watch.figures }
  } finally {
    await Promise.all([members.end(), ...(nodes?.all.map((node) => node.end()) ?? [])])
  }
}

function refusals(now: Figures, before: Figures): string {
  const { busy, away, cut } = now
  return `${busy - before.busy} overloaded, ${away - before.away} store_unavailable, ${cut - before.cut} cut`
}

async function reckon(url: string, accounts: readonly Account[], scene: Scene): Promise<void> {
  await mustHold(accounts, scene)
  for (const line of brokenIn(await readAll(url), accounts)) scene.watch.lose(line)
}

async function happened(driver: () => Promise<string>, breaks: (what: string) => void): Promise<string> {
  try {
    return await driver()
  } catch (error) {
    breaks(`I8 ${String(error)}`)
    return 'did not recover'
  }
}

async function documentOf(url: string): Promise<OpenApiDocument> {
  const document: OpenApiDocument = JSON.parse((await clientOf(url)('GET /openapi.json')).text)
  return document
}

function writesOf({ writes }: Figures): number {
  return [...writes.values()].reduce((sum, count) => sum + count, 0)
}

/** What the run comes to, in one line. */
export function summaryOf({ survived, figures }: Report): string {
  return (
    `faults: ${survived} survived, ${writesOf(figures)} writes acknowledged, ${figures.lost} lost, longest without ` +
    `one ${(figures.longestGapMs / 1000).toFixed(1)} s, longest request ${(figures.longestMs / 1000).toFixed(1)} s, ` +
    `${figures.busy + figures.away} documented 503s`
  )
}

/** What the run comes to, a line each. */
export function reportLines({ survived, broken, figures }: Report): readonly string[] {
  const kinds = [...figures.writes].map(([what, count]) => `${what} ${count}`).join(', ')
  return [
    `faults survived: ${survived}`,
    `writes acknowledged: ${writesOf(figures)} (${kinds})`,
    `writes lost: ${figures.lost}`,
    `longest time without an acknowledged write: ${(figures.longestGapMs / 1000).toFixed(1)} s`,
    `longest request: ${(figures.longestMs / 1000).toFixed(1)} s of ${figures.requests} (${figures.longest})`,
    `longest time with errors after a recovery: ${(figures.longestRecoveryMs / 1000).toFixed(1)} s`,
    `documented 503s: ${figures.busy} overloaded, ${figures.away} store_unavailable; ${figures.cut} cut with their server`,
    `invariants broken: ${broken.length}`,
  ]
}
