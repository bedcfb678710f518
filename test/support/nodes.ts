/** Two server processes on one MongoDB, with one master key and one public URL, as behind a load balancer. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientOf, patient, type Client } from './process-client.ts'
import { fixedPort, startServer, temporaryFolder, type ServerProcess } from './process.ts'

export interface Node {
  /** This very node, past any load balancer. */
  readonly call: Client
  readonly server: ServerProcess
}

/** Both started at once. */
export async function startNodes(databaseUrl: string): Promise<readonly [Node, Node]> {
  const folder = temporaryFolder()
  const keyFile = join(folder, 'master.key')
  writeFileSync(keyFile, randomBytes(32).toString('hex'), { mode: 0o600 })
  const [port, other] = [await fixedPort(), await fixedPort()]
  const start = async (own: number): Promise<Node> => {
    const settings = {
      UM_DATABASE_URL: databaseUrl,
      UM_MASTER_KEY_FILE: keyFile,
      UM_PUBLIC_URL: `http://localhost:${port}`,
      UM_PORT: String(own),
    }
    const dataDir = join(folder, `node-${own}`)
    const server = await startServer({ dataDir, settings, how: 'directly' })
    return { server, call: patient(clientOf(`http://localhost:${own}`)) }
  }
  return Promise.all([start(port), start(other)])
}

/** How many mails of each kind a node has said to have sent. */
export function mailsSaid({ server }: Node): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const [, kind = ''] of server.stdout().matchAll(/^mail (\w+) → /gm)) {
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}
