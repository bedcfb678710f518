/** Where commands reach a running server: a socket in its data folder; part of the composition root. */
import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { join, relative, resolve } from 'node:path'
import type { Config } from './config.ts'
import { control as limits } from './domain/limits.ts'
import type { Log } from './domain/ports/runtime.ts'
import { locateFile } from './store/sqlite/data-file.ts'

const WINDOWS = process.platform === 'win32'
/** Takes every right from others, so that the socket is private from its first moment. */
const PRIVATE_UMASK = 0o177

/** The socket of a data folder; on Windows a named pipe. */
export function controlPath(dataDir: string): string {
  const folder = resolve(dataDir)
  if (!WINDOWS) return join(folder, 'control.sock')
  const name = createHash('sha256').update(folder.toLowerCase()).digest('hex').slice(0, 32)
  return `\\\\.\\pipe\\user-management-${name}`
}

/** The database of a data folder, alike for both ends of its socket wherever that folder is mounted. */
export function databaseName({ databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>): string {
  const folder = resolve(dataDir)
  const { path } = locateFile(databaseUrl, folder)
  const name = relative(folder, path)
  return name.startsWith('..') ? path : name
}

/** What the HTTP library builds: the routes, once they are ready, and Node's server in front of them. */
interface Built {
  readonly server: Server
  ready(): PromiseLike<unknown>
}

/**
 * Has the server listen for commands, to nobody but the owner of the data folder. Where that is not possible
 * it says so in the log: a server serves without it, and commands need a stopped one.
 */
export async function listenForCommands(built: Built, dataDir: string, log: Log): Promise<void> {
  const path = controlPath(dataDir)
  await built.ready()
  try {
    if (!isShort(path)) throw new Error('the path of the data folder is too long for a socket')
    if (!WINDOWS) await removeStale(path)
    await listenPrivately(built.server, path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log.warn({ event: 'no_control_socket', reason }, 'commands need a stopped server: there is no socket')
  }
}

/** Whether somebody listens there. */
export async function answers(path: string): Promise<boolean> {
  if (!isShort(path)) return false
  return new Promise((known) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      known(true)
    })
    socket.once('error', (error) => known(!('code' in error) || !isNobody(error.code)))
  })
}

function isNobody(code: unknown): boolean {
  return code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK'
}

function isShort(path: string): boolean {
  return Buffer.byteLength(path) <= limits.pathMaxBytes
}

/** What a server left behind that was killed. A file of another kind is not ours to remove. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return
  if (!found.isSocket()) throw new Error('a file has the name control.sock')
  if (await answers(path)) throw new Error('another server listens on control.sock')
  unlinkSync(path)
}

/** The address is taken within the call, so that nothing else is made under the narrow mask. */
async function listenPrivately(server: Server, path: string): Promise<void> {
  const listening = new Promise<void>((done, failed) => {
    server.once('error', failed)
    server.once('listening', () => {
      server.off('error', failed)
      done()
    })
  })
  const mask = process.umask(PRIVATE_UMASK)
  try {
    server.listen(path)
  } finally {
    process.umask(mask)
  }
  await listening
  if (!WINDOWS) chmodSync(path, 0o600)
}
