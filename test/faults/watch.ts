/** Sees every request of the load: how long it took, what it was answered with, and when writes went through. */
import { createOpenApiCheck, type OpenApiCheck, type OpenApiDocument } from '../support/openapi-check.ts'
import type { Answer } from '../support/process-client.ts'
import { until } from '../support/process.ts'
import type { Node } from './nodes.ts'

/** What scale.md section 5.3 (I8) and the README promise. */
const REQUEST_MS = 10_000
/** Beyond this nobody waits any longer: it hangs. */
const HANG_MS = 15_000
const RECOVERY_MS = 15_000
/** Errors are over when there was none for so long. */
const QUIET_MS = 2000
const BROKEN_MAX = 40

/** Null where there is no answer to go by: 503, a connection that was cut, or 500, which is broken for itself. */
export type Outcome = Answer | null

export interface Watch {
  /** Every invariant that was broken, with its number. */
  readonly broken: string[]
  readonly figures: Figures
  send(node: Node, operation: string, request?: Sent): Promise<Outcome>
  /** The server has acknowledged a change; `what` is counted by name. */
  acknowledge(what: string): void
  /** Something that was acknowledged is not there any more. */
  lose(what: string): void
  breaks(what: string): void
  /** Between these the time without an acknowledged write counts. */
  startClock(): void
  stopClock(): void
  /** Waits until errors are over and writes go through; breaks I8 where that takes longer than it may. */
  calm(since: number, what: string): Promise<number>
  /** A primary was elected: what went wrong before has its reason. */
  elected(): void
}

export interface Sent {
  readonly body?: unknown
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Figures {
  requests: number
  readonly writes: Map<string, number>
  lost: number
  busy: number
  away: number
  cut: number
  longestMs: number
  longest: string
  longestGapMs: number
  longestRecoveryMs: number
}

export function newWatch(document: OpenApiDocument, publicUrl: string): Watch {
  const contract = createOpenApiCheck(document, publicUrl)
  const broken: string[] = []
  const figures: Figures = {
    requests: 0,
    writes: new Map(),
    lost: 0,
    busy: 0,
    away: 0,
    cut: 0,
    longestMs: 0,
    longest: '',
    longestGapMs: 0,
    longestRecoveryMs: 0,
  }
  let lastWriteAt: number | null = null
  let lastErrorAt = 0
  let lastError = ''
  let lastElectionAt = 0
  const breaks = (what: string): void => {
    if (broken.length < BROKEN_MAX) broken.push(what)
  }
  const gapEnds = (now: number): void => {
    if (lastWriteAt !== null) figures.longestGapMs = Math.max(figures.longestGapMs, now - lastWriteAt)
  }
  const timed = (what: string, began: number): void => {
    const ms = performance.now() - began
    figures.requests += 1
    if (ms > figures.longestMs) Object.assign(figures, { longestMs: ms, longest: what })
    if (ms > REQUEST_MS) breaks(`I8 ${what} took ${Math.round(ms)} ms`)
  }
  return {
    broken,
    figures,
    send: async (node, operation, request = {}) => {
      const began = performance.now()
      const wasDown = node.isDown()
      try {
        const answer = await node.call(operation, { ...request, signal: AbortSignal.timeout(HANG_MS) })
        timed(`${operation} (${answer.status})`, began)
        requireDocumented(contract, { operation, answer, breaks })
        if (answer.status < 500) return answer
        if (answer.status === 503) figures[answer.body.code === 'overloaded' ? 'busy' : 'away'] += 1
      } catch (error) {
        timed(`${operation} (no answer)`, began)
        const excused = error instanceof TypeError && (wasDown || node.isDown())
        if (!excused) breaks(`I8 ${operation} ended without an answer of ${node.name}: ${String(error)}`)
        figures.cut += 1
      }
      lastErrorAt = performance.now()
      lastError = `${operation} of ${node.name} after ${Math.round(lastErrorAt - began)} ms`
      return null
    },
    acknowledge: (what) => {
      figures.writes.set(what, (figures.writes.get(what) ?? 0) + 1)
      const now = performance.now()
      gapEnds(now)
      if (lastWriteAt !== null) lastWriteAt = now
    },
    lose: (what) => {
      figures.lost += 1
      breaks(what)
    },
    breaks,
    startClock: () => {
      lastWriteAt = performance.now()
    },
    stopClock: () => {
      gapEnds(performance.now())
      lastWriteAt = null
    },
    elected: () => {
      lastElectionAt = performance.now()
    },
    calm: async (from, what) => {
      const began = performance.now()
      let since = from
      await until(() => {
        const now = performance.now()
        // On a machine that is too busy for heartbeats another one may be elected meanwhile.
        since = Math.max(from, lastElectionAt)
        const errorsFrom = Math.max(lastErrorAt, began)
        const written = lastWriteAt !== null && lastWriteAt > errorsFrom
        return (written && now - errorsFrom > QUIET_MS) || now > since + RECOVERY_MS + QUIET_MS ? now : null
      }, `the end of errors after ${what}`)
      const recoveryMs = Math.max(0, lastErrorAt - since)
      figures.longestRecoveryMs = Math.max(figures.longestRecoveryMs, recoveryMs)
      if (recoveryMs > RECOVERY_MS || (lastWriteAt ?? 0) < since)
        breaks(`I8 after ${what} errors went on for ${Math.round(recoveryMs)} ms: ${lastError}`)
      return recoveryMs
    },
  }
}

/** Every answer has to be one that the served document declares for its operation; 500 is none of them. */
function requireDocumented(
  contract: OpenApiCheck,
  seen: { readonly operation: string; readonly answer: Answer; readonly breaks: (what: string) => void },
): void {
  const { operation, answer, breaks } = seen
  const [method = '', target = ''] = operation.split(' ')
  const { status, text } = answer
  if (status === 500) breaks(`I8 ${operation} answers 500`)
  try {
    contract.check({ method, target, status, headers: Object.fromEntries(answer.headers), body: text })
  } catch (error) {
    breaks(`I8 ${operation} ${status}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
