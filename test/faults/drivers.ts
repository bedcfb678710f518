/** The faults: each is injected under load, waits until the system has recovered, and says in how much time. */
import { momentIn } from '../support/ledger.ts'
import { until } from '../support/process.ts'
import type { Scene } from './account.ts'
import { claimsToLead, type Member, type Members } from './members.ts'

export interface Stage extends Scene {
  readonly members: Members
  /** How long a stopped primary stays stopped. */
  readonly stopMs: number
}

export type FaultName =
  | 'kill'
  | 'stop'
  | 'alone'
  | 'step-down'
  | 'slow'
  | 'cut-before'
  | 'cut-after'
  | 'server'

/** What happened, for the report. */
type Driver = (stage: Stage) => Promise<string>

const SERVER_DOWN_MS = 1500
const ALONE_MS = 12_000
const SLOW_MS = 15_000
/** Longer transactions run into their limit, all else does not. */
const SLOWNESS_MS = 1500
const CUTS = 24
const CUT_MS = 3000
/** Longer than the driver waits for an answer: it cuts the connection of a commit that was carried out. */
const HOLD_MS = 7500
const STEP_DOWN_SECONDS = 10

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export const drivers: Readonly<Record<FaultName, Driver>> = {
  kill: async (stage) => {
    const { members, watch } = stage
    const old = await members.primary()
    old.signal('SIGKILL')
    const { at, text } = await nextPrimary(members, old)
    const recovered = await watch.calm(at, 'the kill of the primary')
    await old.restart()
    await watch.calm(performance.now(), 'the return of the killed member')
    return `${text}, errors over after ${seconds(recovered)}`
  },
  stop: async (stage) => {
    const { members, watch, stopMs } = stage
    const old = await members.primary()
    const stoppedAt = performance.now()
    old.signal('SIGSTOP')
    const { at, text } = await nextPrimary(members, old)
    await momentIn(Math.max(0, stopMs - (performance.now() - stoppedAt)))
    const recovered = await watch.calm(at, 'the stop of the primary')
    old.signal('SIGCONT')
    const continued = performance.now()
    await until(async () => ((await claimsToLead(old)) ? null : true), 'the end of the deposed primary')
    const again = await watch.calm(continued, 'the return of the deposed primary')
    return `${text}, errors over after ${seconds(recovered)}, and after its return in ${seconds(again)}`
  },
  alone: async ({ members, watch }) => {
    const primary = await members.primary()
    const others = members.all.filter((member) => member !== primary)
    for (const other of others) other.signal('SIGSTOP')
    await momentIn(ALONE_MS)
    for (const other of others) other.signal('SIGCONT')
    const { at, text } = await nextPrimary(members)
    return `${text}, errors over after ${seconds(await watch.calm(at, 'the loss of the majority'))}`
  },
  'step-down': async ({ members, watch }) => {
    const old = await members.primary()
    await old.command({ replSetStepDown: STEP_DOWN_SECONDS, secondaryCatchUpPeriodSecs: 5 })
    const { at, text } = await nextPrimary(members, old)
    return `${text}, errors over after ${seconds(await watch.calm(at, 'the step-down'))}`
  },
  slow: async ({ members, watch }) => {
    const primary = await members.primary()
    const failCommands = ['find', 'findAndModify', 'update', 'insert', 'delete', 'commitTransaction']
    const blocking = { blockConnection: true, blockTimeMS: SLOWNESS_MS }
    const data = { failCommands, ...blocking, appName: 'user-management' }
    await primary.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data })
    await momentIn(SLOW_MS)
    await off(primary, 'failCommand')
    const recovered = await watch.calm(performance.now(), 'the slowness of the primary')
    return `${seconds(SLOWNESS_MS)} more for each command, errors over after ${seconds(recovered)}`
  },
  'cut-before': async ({ members, watch }) => {
    const primary = await members.primary()
    const failCommands = ['commitTransaction', 'findAndModify', 'update', 'insert']
    const data = { failCommands, closeConnection: true, appName: 'user-management' }
    const mode = { times: CUTS }
    const before = await primary.command({ configureFailPoint: 'failCommand', mode, data })
    await momentIn(CUT_MS)
    const cut = (await off(primary, 'failCommand')) - Number(before['count'])
    const recovered = await watch.calm(performance.now(), 'connections cut before the commit')
    return `${cut} commands cut before they were carried out, errors over after ${seconds(recovered)}`
  },
  'cut-after': async ({ members, watch }) => {
    const primary = await members.primary()
    const data = { commands: ['commitTransaction'] }
    const failPoint = 'waitAfterCommandFinishesExecution'
    await primary.command({ configureFailPoint: failPoint, mode: 'alwaysOn', data })
    await momentIn(HOLD_MS)
    await off(primary, failPoint)
    const recovered = await watch.calm(performance.now(), 'connections cut after the commit')
    return `no answer to any commit for ${seconds(HOLD_MS)}, errors over after ${seconds(recovered)}`
  },
  server: async ({ nodes, watch, random }) => {
    const node = nodes.all[random() < 0.5 ? 0 : 1]
    await node.kill()
    await momentIn(SERVER_DOWN_MS)
    await node.restart()
    const recovered = await watch.calm(performance.now(), 'the return of the server')
    return `${node.name} killed and started again, errors over after ${seconds(recovered)}`
  },
}

export const faultNames: readonly FaultName[] = Object.keys(drivers).filter((name) => isFault(name))

export function isFault(name: string): name is FaultName {
  return Object.hasOwn(drivers, name)
}

async function nextPrimary(
  members: Members,
  old?: Member,
): Promise<{ readonly at: number; readonly text: string }> {
  const began = performance.now()
  await members.primary(old)
  const at = performance.now()
  return { at, text: `new primary after ${seconds(at - began)}` }
}

/** Switches it off; how often it was hit. */
async function off(member: Member, failPoint: string): Promise<number> {
  const { count } = await member.command({ configureFailPoint: failPoint, mode: 'off' })
  return Number(count)
}
