/** Faults of MongoDB on demand: fail points of the server, and a proxy that swallows answers. */
import type { Document, MongoClient } from 'mongodb'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** Makes commands of one application name fail, so often or until it is lifted. */
export async function failCommand(
  admin: MongoClient,
  fault: { readonly appName: string; readonly failCommands: readonly string[] } & Document,
  times: number | 'always' = 1,
): Promise<void> {
  const mode = times === 'always' ? 'alwaysOn' : { times }
  await admin.db('admin').command({ configureFailPoint: 'failCommand', mode, data: fault })
}

export async function liftFaults(admin: MongoClient): Promise<void> {
  await admin.db('admin').command({ configureFailPoint: 'failCommand', mode: 'off' })
}

export interface Proxy {
  /** A URL that leads through the proxy and nowhere past it. */
  readonly url: string
  /** From now on the connection is cut in place of the answer to this command; null: no more. */
  swallow(command: string | null): void
  /** Answers swallowed so far. */
  swallowed(): number
  stop(): Promise<void>
}

/** Stands before a server. What it swallows, the server has done. */
export async function startProxy(host: string, port: number): Promise<Proxy> {
  let command: string | null = null
  let swallowed = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, host)
    let doomed = false
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', end).on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    client.on('data', (bytes) => {
      if (command !== null && bytes.includes(command)) doomed = true
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (!doomed) return void client.write(bytes)
      swallowed += 1
      end()
    })
  })
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening))
  const { port: own } = server.address() as AddressInfo
  return {
    url: `mongodb://127.0.0.1:${own}/?directConnection=true`,
    swallow: (next) => {
      command = next
    },
    swallowed: () => swallowed,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => void server.close(closed))
    },
  }
}

/** Waits until something holds; the time limit of the run ends it where it never does. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(50)
}
