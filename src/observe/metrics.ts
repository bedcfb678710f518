/** What Prometheus is told. Loaded only where there is an internal listener: it costs memory and time. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { DomainError } from '../domain/errors.ts'
import type { Clock } from '../domain/ports/runtime.ts'
import type { Store } from '../domain/ports/store.ts'
import type { OnAnswered, OnHashStarted } from '../domain/ports/watching.ts'
import { timed } from './timed.ts'

/** What is asked at every scrape. */
export interface MetricSources {
  readonly store: Pick<Store, 'mailBacklog'>
  readonly passwords: { waiting(): number; running(): number }
  readonly clock: Clock
}

export interface Metrics {
  readonly onAnswered: OnAnswered
  readonly onHashStarted: OnHashStarted
  /** The same object; how long its verbs take is measured from now on. */
  timed<T extends object>(store: T): T
  /** Where the gauges come from. */
  read(sources: MetricSources): void
  /** Everything, in the text format of Prometheus. */
  text(): Promise<string>
}

const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
const STORE_SECONDS = [0.0001, 0.0005, 0.0025, 0.01, 0.05, 0.25, 1, 5]
const WAIT_SECONDS = [0.001, 0.01, 0.05, 0.25, 1, 4]

/** Each has a registry of its own: several may live in one process. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'um_http_request_duration_seconds',
    help: 'Requests by method, route template and status; 499 where the client has gone.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers,
  })
  const problems = new Counter({
    name: 'um_http_problems_total',
    help: 'Refused requests by error code.',
    labelNames: ['code'],
    registers,
  })
  const waits = new Histogram({
    name: 'um_password_hash_wait_seconds',
    help: 'How long password hashes waited for a thread.',
    buckets: WAIT_SECONDS,
    registers,
  })
  const verbs = new Histogram({
    name: 'um_store_duration_seconds',
    help: 'Steps of the store by verb and outcome: ok, overloaded, store_unavailable or error.',
    labelNames: ['verb', 'outcome'],
    buckets: STORE_SECONDS,
    registers,
  })
  let readGauges = async (): Promise<void> => {}
  return {
    onAnswered: ({ method, route, status, code, ms }) => {
      requests.observe({ method, route, status }, ms / 1000)
      if (code !== null) problems.inc({ code })
    },
    onHashStarted: (waitedMs) => waits.observe(waitedMs / 1000),
    timed: (store) =>
      timed(store, ({ verb, ms, error }) => verbs.observe({ verb, outcome: outcomeOf(error) }, ms / 1000)),
    read: (sources) => void (readGauges = gauges(registry, sources)),
    async text() {
      await readGauges()
      return registry.metrics()
    },
  }
}

function outcomeOf(error: unknown): string {
  if (error === null) return 'ok'
  const known = error instanceof DomainError && ['overloaded', 'store_unavailable'].includes(error.code)
  return known ? error.code : 'error'
}

/** Gauges that are read when they are asked for; returns how. */
function gauges(registry: Registry, { store, passwords, clock }: MetricSources): () => Promise<void> {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] })
  const waiting = gauge('um_password_hashes_waiting', 'Password hashes that wait for a thread.')
  const running = gauge('um_password_hashes_running', 'Password hashes that are being computed.')
  const mails = gauge('um_mail_waiting', 'Mails to be sent; NaN while the store is away.')
  const oldest = gauge('um_mail_oldest_due_seconds', 'For how long the oldest of them has been due.')
  return async () => {
    waiting.set(passwords.waiting())
    running.set(passwords.running())
    const backlog = await store.mailBacklog().catch(() => null)
    mails.set(backlog?.waiting ?? Number.NaN)
    const dueAt = backlog?.oldestDueAt ?? clock.now()
    oldest.set(backlog ? Math.max(0, clock.now() - dueAt) / 1000 : Number.NaN)
  }
}
