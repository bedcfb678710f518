/** Two server processes on one database, as an operator would run them: one key, one public URL. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientOf, type Client } from '../support/process-client.ts'
import { fixedPort, startServer, temporaryFolder, type ServerProcess } from '../support/process.ts'

const COUNT = 2

export interface Node {
  readonly name: string
  readonly call: Client
  /** True from the kill until it is ready again: only then may a request stay without an answer. */
  isDown(): boolean
  /** `kill -9`. */
  kill(): Promise<void>
  restart(): Promise<void>
  /** The newest lines of its log. */
  log(): string
  end(): Promise<void>
}

export interface Nodes {
  readonly publicUrl: string
  readonly all: readonly [Node, Node]
}

const LOG_LINES = 15

/** Both at the same time, on an empty database: the one that comes second finds a schema in the making. */
export async function startNodes(databaseUrl: string): Promise<Nodes> {
  const folder = temporaryFolder()
  const keyFile = join(folder, 'master.key')
  writeFileSync(keyFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  const ports = [await fixedPort(), await fixedPort()]
  const publicUrl = `http://localhost:${ports[0]}`
  const started = await Promise.all(
    ports.map((port, index) =>
      startNode({
        name: `server ${index + 1}`,
        port,
        dataDir: join(folder, `data-${index}`),
        settings: {
          UM_PORT: String(port),
          UM_PUBLIC_URL: publicUrl,
          UM_DATABASE_URL: databaseUrl,
          UM_MASTER_KEY_FILE: keyFile,
          UM_RATE_LIMITS: 'off',
          UM_LOG_LEVEL: 'warn',
        },
      }),
    ),
  )
  const [one, other] = started
  if (!one || !other) throw new Error(`${COUNT} servers are needed.`)
  return { publicUrl, all: [one, other] }
}

async function startNode(plan: {
  readonly name: string
  readonly port: number
  readonly dataDir: string
  readonly settings: Readonly<Record<string, string>>
}): Promise<Node> {
  const { name, port, dataDir, settings } = plan
  const launch = { dataDir, how: 'directly', settings } as const
  let server: ServerProcess = await startServer(launch)
  let down = false
  return {
    name,
    // Not what the ready line says: that is the public URL, which both have in common.
    call: clientOf(`http://localhost:${port}`),
    isDown: () => down,
    kill: async () => {
      down = true
      await server.end('SIGKILL')
    },
    restart: async () => {
      server = await startServer(launch)
      down = false
    },
    log: () => server.stderr().trimEnd().split('\n').slice(-LOG_LINES).join('\n'),
    end: async () => void (await server.end('SIGKILL')),
  }
}
