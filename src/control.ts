/**
 * How commands act: by requests to one set of routes. Beside a running server on SQLite they go over its
 * socket, since one process owns the file; else this process opens the store itself. Part of the composition
 * root; whatever is heavy is loaded only where it is needed.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join, resolve } from 'node:path'
import type { Config } from './config.ts'
import { answers, controlPath, databaseName } from './control-listener.ts'
import { DomainError } from './domain/errors.ts'
import { control as limits } from './domain/limits.ts'

/** Not imported: each export would be read, and that of WebSockets loads a client that costs 30 ms. */
const { Agent, request: httpRequest } = process.getBuiltinModule('node:http')

const JSON_TYPE = { 'content-type': 'application/json' }

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface ControlAnswer {
  readonly status: number
  /** Null where there is no body. */
  readonly json: unknown
}

export interface Control {
  /** Throws `store_unavailable` where no answer comes; every answer, good or bad, is returned. */
  request(method: Method, path: string, body?: unknown): Promise<ControlAnswer>
  close(): Promise<void>
}

export interface Means {
  /** There may be no data folder yet. */
  readonly mayCreate?: boolean
  /** On SQLite the server has to be stopped. */
  readonly withoutServer?: boolean
  /** A link is mailed, so that the address of the server has to be known. */
  readonly mailsLink?: boolean
}

/**
 * Opens the way to the data of these settings. Throws `start_refused` or `store_incompatible`; also where
 * there is no data folder yet, unless it may be made: a folder that is misspelt is not to become a new one.
 */
export async function openControl(config: Config, means: Means = {}): Promise<Control> {
  const dataDir = resolve(config.dataDir)
  requireDataDir(dataDir, means.mayCreate === true)
  enableCompileCache(join(dataDir, 'compile-cache'))
  const path = controlPath(dataDir)
  const embedded = config.databaseUrl.startsWith('sqlite:')
  if (!embedded) return openHere(config, means)
  if (await answers(path)) return means.withoutServer ? refuseRunning() : toServer(path, config)
  if (means.withoutServer) return openHere(config, means)
  try {
    return await openHere(config, means)
  } catch (error) {
    // A server that was about to start has taken the file meanwhile, and listens by now.
    const taken = error instanceof DomainError && error.code === 'store_incompatible'
    if (taken && (await answers(path))) return toServer(path, config)
    throw error
  }
}

function requireDataDir(dataDir: string, mayCreate: boolean): void {
  if (existsSync(dataDir)) return
  if (mayCreate) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    return
  }
  const detail =
    `There is no data folder ${dataDir}; set UM_DATA_DIR to the one of the server, ` +
    'or make it with "user-management serve" or "user-management users create".'
  throw new DomainError('start_refused', { detail })
}

function refuseRunning(): never {
  const detail = 'The server is running, and goes on with what it has read; stop it, then run this again.'
  throw new DomainError('start_refused', { detail })
}

/** A running server knows the port that it was given; nobody knows the one of its next start. */
function requireAddress({ publicUrl, port }: Config): void {
  if (publicUrl !== null || port !== 0) return
  const detail =
    'With UM_PORT=0 nobody knows yet where a mailed link would lead; set UM_PUBLIC_URL to the address of ' +
    'the server, or UM_PORT to the port on which it will run.'
  throw new DomainError('start_refused', { detail })
}

/** The same routes as beside a running server, without a socket. */
async function openHere(config: Config, { mailsLink = false }: Means): Promise<Control> {
  if (mailsLink) requireAddress(config)
  const [
    { systemClock: clock },
    { assemble },
    { buildServer },
    { answerInProcess },
    { controlRoutes },
    { masterKeyRoutes },
    { createLog },
  ] = await Promise.all([
    import('./app.ts'),
    import('./assemble.ts'),
    import('./http/server.ts'),
    import('./http/in-process.ts'),
    import('./http/control-routes.ts'),
    import('./http/routes/control-keys.ts'),
    import('./observe/log.ts'),
  ])
  const publicUrl = config.publicUrl ?? `http://localhost:${config.port}`
  const { deps, masterKey, close } = await assemble(config, { publicUrl, log: createLog('error'), clock })
  const { mode, corsOrigins } = config
  const alone = { notReady: async () => null, stopping: new AbortController().signal, inbox: null }
  const surroundings = { mode, corsOrigins, ...alone, control: true }
  try {
    const routes = [...controlRoutes, ...masterKeyRoutes(masterKey)]
    const server = await buildServer({ deps, surroundings, routes })
    return {
      request: async (method, url, body) => {
        const bulk = routes.find((each) => each.bulk && each.method === method && each.path === url)
        if (bulk) return answerInProcess(bulk, body, { deps, surroundings })
        const payload = body === undefined ? {} : { headers: JSON_TYPE, payload: JSON.stringify(body) }
        const answer = await server.inject({ method, url, ...payload })
        return { status: answer.statusCode, json: jsonOf(answer.body) }
      },
      close: async () => {
        await server.close()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The way to the running server, if it has this database: a data folder has one socket. */
async function toServer(path: string, config: Config): Promise<Control> {
  const control = overSocket(path)
  try {
    const { json } = await control.request('GET', '/control/database')
    const [has, wanted] = [nameIn(json), databaseName(config)]
    if (has === wanted) return control
    const detail =
      `The server that runs in the data folder ${resolve(config.dataDir)} has the database ${has}, and ` +
      `these settings name ${wanted}; set UM_DATABASE_URL as the server has it, or UM_DATA_DIR to a ` +
      'folder that belongs to this database alone.'
    throw new DomainError('start_refused', { detail })
  } catch (error) {
    await control.close()
    throw error
  }
}

function nameIn(json: unknown): string {
  const name = typeof json === 'object' && json !== null && 'name' in json ? json.name : null
  return typeof name === 'string' ? name : 'of another version of this program'
}

function overSocket(socketPath: string): Control {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    request: async (method, path, body) => {
      const { promise, resolve: answered, reject } = Promise.withResolvers<ControlAnswer>()
      const lost = (cause: unknown) => {
        const detail = 'The running server ended the connection before it answered.'
        reject(new DomainError('store_unavailable', { detail, cause }))
      }
      const headers = body === undefined ? {} : JSON_TYPE
      const request = httpRequest({ socketPath, agent, method, path, headers, timeout: limits.answerMs })
      request.once('timeout', () => request.destroy(new Error('no answer in time')))
      request.once('error', lost)
      request.once('response', (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.once('error', lost)
        response.once('end', () => answered({ status: response.statusCode ?? 0, json: jsonOf(text) }))
      })
      request.end(body === undefined ? undefined : JSON.stringify(body))
      return promise
    },
    close: async () => agent.destroy(),
  }
}

function jsonOf(text: string): unknown {
  return text === '' ? null : JSON.parse(text)
}
