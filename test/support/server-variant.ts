/** A second listener on the store of a running server whose ports can be watched and made to fail. */
import type { Server } from 'node:http'
import { after } from 'node:test'
import type { Deps } from '../../src/domain/deps.ts'
import { buildServer } from '../../src/http/server.ts'
import { routes as allRoutes } from '../../src/http/routes.ts'
import type { Route, Surroundings } from '../../src/http/route.ts'
import { createInbox } from '../../src/mail/inbox.ts'
import { createClient, type Client } from './client.ts'
import { freePort, type TestServer } from './server.ts'

/** Decides for each call of a port: it throws this error, it never answers, or (null) it passes. */
type Fault = (call: string) => Error | Promise<never> | null

export interface Variant {
  readonly client: Client
  /** Names of the calls of ports, such as `store.findUser`, in order. */
  readonly calls: string[]
  fault: Fault
  readonly port: number
}

export interface VariantOptions {
  readonly surroundings?: Partial<Surroundings>
  /** Changes the route table. */
  readonly routes?: (routes: readonly Route[]) => readonly Route[]
  /** Changes the server of Node below, such as its times, before it listens. */
  readonly tune?: (server: Server) => void
}

export async function startVariant(
  { deps, app, client: original }: TestServer,
  { surroundings = {}, routes = (same) => same, tune }: VariantOptions = {},
): Promise<Variant> {
  const variant = {
    calls: new Array<string>(),
    fault: (_call: string): Error | Promise<never> | null => null,
  }
  const watched = <Port extends object>(name: string, port: Port): Port =>
    new Proxy(port, {
      get(target, member) {
        const value: unknown = Reflect.get(target, member)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown => {
          const call = `${name}.${String(member)}`
          variant.calls.push(call)
          const fault = variant.fault(call)
          if (fault instanceof Error) throw fault
          if (fault) return fault
          return Reflect.apply(value, target, args)
        }
      },
    })
  const watchedDeps: Deps = {
    ...deps,
    store: watched('store', deps.store),
    passwords: watched('passwords', deps.passwords),
    accessTokens: watched('accessTokens', deps.accessTokens),
  }
  const { publicUrl } = app
  const { store, secrets, clock } = watchedDeps
  const server = await buildServer({
    deps: watchedDeps,
    surroundings: {
      mode: 'development',
      corsOrigins: [],
      control: false,
      inbox: createInbox({ store, secrets, clock, publicUrl }),
      stopping: new AbortController().signal,
      notReady: async () => {
        const { writable, detail } = await store.health()
        return writable ? null : detail
      },
      ...surroundings,
    },
    routes: routes(allRoutes),
  })
  tune?.(server.server)
  const port = await freePort()
  await server.listen({ host: 'localhost', port })
  after(() => server.close())
  const client = await createClient({ port, publicUrl, document: original.document })
  return Object.assign(variant, { client, port })
}
