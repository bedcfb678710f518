/** The composition root: config → adapters → Deps → server. */
import { createServer } from 'node:net'
import { assemble, type Assembled } from './assemble.ts'
import type { Config } from './config.ts'
import { databaseName, listenForCommands } from './control-listener.ts'
import type { Deps } from './domain/deps.ts'
import { DomainError } from './domain/errors.ts'
import { http } from './domain/limits.ts'
import type { MailKind, MailTransport } from './domain/ports/mailer.ts'
import type { Clock, Log } from './domain/ports/runtime.ts'
import type { OnAnswered } from './domain/ports/watching.ts'
import { controlRoutes } from './http/control-routes.ts'
import { clientNetworks } from './http/network.ts'
import { routesFor } from './http/routes.ts'
import { databaseRoute } from './http/routes/control-database.ts'
import { internalRoutes } from './http/routes/metrics.ts'
import { buildServer } from './http/server.ts'
import { startHousekeeping } from './housekeeping.ts'
import { startDeliverer, type Deliverer } from './mail/deliver.ts'
import { createInbox } from './mail/inbox.ts'
import { mailServerOf, transportsOf } from './mail-server.ts'
import { createLog } from './observe/log.ts'
import { settleFirstAdmin } from './settle-first-admin.ts'
import type { Metrics } from './observe/metrics.ts'

export interface App {
  readonly publicUrl: string
  readonly dataDir: string
  /** On the internal listener; null where there is none. */
  readonly metricsUrl: string | null
  /** The store could not be reached yet; the server goes on trying, and is not ready until then. */
  readonly storeAway: boolean
  /** Makes the first administrator; a secret. Null where there is one, and while the store is away. */
  readonly setupLink: string | null
  /** What the use cases run on; tests act on the same store as the server. */
  readonly deps: Deps
  /** From now on not ready; then closes the listener, drains, delivers what is due and closes the store. */
  stop(): Promise<void>
}

export interface AppOptions {
  /** A mail has gone out; `inboxUrl` shows it, in development. */
  readonly onMail?: (kind: MailKind, inboxUrl: string | null) => void
  /** What `setupLink` has become after the start: made once the store is there, or used up. */
  readonly onSetupLink?: (link: string | null) => void
  /** A store that was away at the start turns out to be one that this server can't use. */
  readonly onIncompatible?: (error: DomainError) => void
  readonly log?: Log
  readonly clock?: Clock
}

/** The one clock that is real. */
export const systemClock: Clock = { now: () => Date.now() }

type Server = Awaited<ReturnType<typeof buildServer>>

interface Parts {
  readonly config: Config
  readonly assembled: Assembled
  readonly server: Server
  /** The second listener, for metrics and health. */
  readonly internal: Server | null
  /** The listener for commands; null on MongoDB, where they open the store themselves. */
  readonly control: Server | null
  readonly deliverer: Deliverer
  readonly transports: readonly MailTransport[]
  readonly stopping: AbortController
}

/** Starts the whole server. Throws `start_refused` or `store_incompatible` with a plain sentence. */
export async function startApp(config: Config, options: AppOptions = {}): Promise<App> {
  const log = options.log ?? createLog(config.logLevel)
  const clock = options.clock ?? systemClock
  if (!config.rates)
    log.warn({ setting: 'UM_RATE_LIMITS' }, 'nothing is limited: anybody may guess passwords without end')
  const port = config.port === 0 ? await freePort(config.host) : config.port
  const publicUrl = config.publicUrl ?? `http://localhost:${port}`
  const smtp = await mailServerOf(config, publicUrl, clock)
  const { onIncompatible } = options
  const metrics = await metricsOf(config)
  const assembled = await assemble(config, { publicUrl, log, clock, onIncompatible, metrics })
  try {
    const onLink = (link: string | null) => options.onSetupLink?.(link)
    const onRefused = (error: DomainError) => onIncompatible?.(error)
    const late = !assembled.keyring.loaded()
    const firstAdmin = await settleFirstAdmin({ config, port, late, onLink, onRefused }, assembled.deps)
    const parts = await serverOf(config, { assembled, smtp, metrics }, options)
    const metricsUrl = await listenInternally(parts)
    await listen(parts.server, { host: config.host, port, setting: 'UM_PORT' })
    const { deps, dataDir, keyring } = assembled
    if (parts.control) await listenForCommands(parts.control, dataDir, log)
    const endHousekeeping = startHousekeeping(assembled)
    return {
      publicUrl,
      dataDir,
      metricsUrl,
      storeAway: !keyring.loaded(),
      setupLink: firstAdmin.link,
      deps,
      stop: async () => {
        firstAdmin.stop()
        await Promise.all([endHousekeeping(), stop(parts)])
      },
    }
  } catch (error) {
    await assembled.close()
    throw error
  }
}

async function serverOf(
  config: Config,
  given: {
    readonly assembled: Assembled
    readonly smtp: MailTransport | null
    readonly metrics: Metrics | null
  },
  options: AppOptions,
): Promise<Parts> {
  const { assembled, smtp, metrics } = given
  const { deps, keyring } = assembled
  const { store, secrets, clock, log } = deps
  const { publicUrl } = deps.rules
  const inbox = config.mode === 'development' ? createInbox({ store, secrets, clock, publicUrl }) : null
  const transports = transportsOf(smtp, inbox)
  const { onMail } = options
  const inboxUrl = inbox && `${publicUrl}/dev/mail`
  const onDelivered = onMail && { onDelivered: (kind: MailKind) => onMail(kind, inboxUrl) }
  const rate = deps.rates?.send ?? null
  const { templates } = config
  const mailing = { store, secrets, transports, clock, ids: deps.ids, log, publicUrl, rate, templates }
  const deliverer = startDeliverer({ ...mailing, ...onDelivered })
  const stopping = new AbortController()
  const notReady = async () => {
    if (stopping.signal.aborted) return 'The server is shutting down.'
    const { writable, detail } = await store.health()
    if (!writable) return detail
    return keyring.loaded() ? null : 'The signing keys have not been read yet.'
  }
  const { mode, corsOrigins } = config
  const onFirstAdmin = () => options.onSetupLink?.(null)
  const networkOf = clientNetworks(config.trustedProxies)
  const mailStyles = templates.styles
  const own = { stopping: stopping.signal, inbox, mailStyles, control: false, onFirstAdmin, networkOf }
  const surroundings = { mode, corsOrigins, notReady, ...own }
  const routes = routesFor(config.profileSchema)
  const server = await buildServer({ deps, surroundings, routes, onAnswered: watcherOf(log, metrics) })
  const internal =
    metrics && (await buildServer({ deps, surroundings, routes: internalRoutes(metrics.text) }))
  const control = config.databaseUrl.startsWith('sqlite:')
    ? await buildServer({
        deps,
        surroundings: { ...surroundings, control: true },
        routes: [...controlRoutes, databaseRoute(databaseName(config))],
      })
    : null
  return { config, assembled, server, internal, control, deliverer, transports, stopping }
}

async function metricsOf(config: Config): Promise<Metrics | null> {
  if (config.internalPort === null) return null
  const { createMetrics } = await import('./observe/metrics.ts')
  return createMetrics()
}

/** Who is told of every request: nobody, unless somebody has asked for metrics or for lines of requests. */
function watcherOf(log: Log, metrics: Metrics | null): OnAnswered | undefined {
  if (!log.debug) return metrics?.onAnswered
  return (request) => {
    metrics?.onAnswered(request)
    try {
      log.debug?.({ ...request }, 'request answered')
    } catch {
      // there is nowhere left to say it
    }
  }
}

async function stop(parts: Parts): Promise<void> {
  const { config, assembled, server, internal, control, deliverer, transports, stopping } = parts
  stopping.abort()
  assembled.keyring.stop()
  await delay(config.shutdownDelaySeconds * 1000)
  await drain(server)
  if (internal) await drain(internal)
  if (control) await drain(control)
  await deliverLast(deliverer, transports)
  await assembled.close()
}

/** Requests in flight finish. Their connections close then: a client that keeps one is not waited for. */
async function drain(server: Server): Promise<void> {
  const drained = server.close()
  const idle = setInterval(() => server.server.closeIdleConnections(), http.drainPollMs)
  const cut = setTimeout(() => server.server.closeAllConnections(), http.drainMs)
  await drained
  clearInterval(idle)
  clearTimeout(cut)
}

/** The last mails go out. A mail server that hangs holds up no stop: its mail stays in the outbox. */
async function deliverLast(deliverer: Deliverer, transports: readonly MailTransport[]): Promise<void> {
  await Promise.race([deliverer.flush(), delay(http.flushMs, { keepsAlive: false })])
  const ended = deliverer.stop()
  await Promise.all(transports.map((transport) => transport.close()))
  await Promise.race([ended, delay(http.cutOffMs, { keepsAlive: false })])
}

interface Address {
  readonly host: string
  readonly port: number
  readonly setting: 'UM_PORT' | 'UM_INTERNAL_PORT'
}

async function listen(server: Server, address: Address): Promise<void> {
  const { host, port } = address
  try {
    await server.listen({ host, port })
  } catch (error) {
    throw refusedAddress(error, address)
  }
}

/** Where the metrics are. A second start on the same port is told so before the public listener answers. */
async function listenInternally({ config, internal }: Parts): Promise<string | null> {
  if (!internal || config.internalPort === null) return null
  await listen(internal, { host: config.host, port: config.internalPort, setting: 'UM_INTERNAL_PORT' })
  const address = internal.server.address()
  const port = typeof address === 'object' && address ? address.port : config.internalPort
  return `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}/metrics`
}

/** The sentence for an address that cannot be listened on; any other error stays what it is. */
function refusedAddress(cause: unknown, { host, port, setting }: Address): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : ''
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} is taken by another program; stop it, or set ${setting} to another port.`,
    EACCES: `Port ${port} may not be used by this user; set ${setting} to a port above 1023.`,
    EADDRNOTAVAIL: `This machine has no address ${host}; set UM_HOST to one of its own.`,
    ENOTFOUND: `The name ${host} leads to no address; set UM_HOST to one of this machine.`,
  }
  const detail = sentences[String(code)]
  return detail ? new DomainError('start_refused', { detail, cause }) : cause
}

/** A port that is free now. The time between asking and listening is ours to lose: then the start says so. */
async function freePort(host: string): Promise<number> {
  const probe = createServer()
  await new Promise<void>((done, failed) => {
    probe
      .once('error', (error) => failed(refusedAddress(error, { host, port: 0, setting: 'UM_PORT' })))
      .listen(0, host, done)
  })
  const address = probe.address()
  await new Promise((done) => probe.close(done))
  return typeof address === 'object' && address ? address.port : 0
}

function delay(ms: number, { keepsAlive } = { keepsAlive: true }): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms)
    if (!keepsAlive) timer.unref()
  })
}
