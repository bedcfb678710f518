/** The real server in a process of its own, started as an operator starts it: by its command. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { recordSettings } from './settings-that-differ.ts'

const ROOT = join(import.meta.dirname, '../..')
const COMMAND = join(ROOT, 'bin', 'user-management.cjs')
/** Generous: nothing here measures, this only ends a test that hangs. */
const READY_MS = 30_000
const PATIENCE_MS = 20_000
const POLL_MS = 20

export interface Launch {
  readonly dataDir: string
  /** Settings by name, besides the data folder and a free port. */
  readonly settings?: Readonly<Record<string, string>>
  /** Words behind the command; `serve` unless given. */
  readonly words?: readonly string[]
  /** What it finds on standard input; nothing unless given. */
  readonly input?: string
  /**
   * `command`: with the Node of the machine, so that the launcher brings its own where that one is too old;
   * `directly`: with the Node of this run, whose process then is the server.
   */
  readonly how?: 'command' | 'directly'
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface ServerProcess {
  readonly url: string
  /** What was started: the server, or the launcher in front of it. */
  readonly pid: number
  readonly startMs: number
  /** Lines of standard output up to `ready`. */
  readonly banner: readonly string[]
  stdout(): string
  stderr(): string
  /** Closes the pipes that the server prints to, as a reader that has ended does. */
  hangUp(): void
  /** Asks it to stop, or kills it; resolves once every process behind the command has ended. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<Ended>
  readonly ended: Promise<Ended>
}

const alive = new Set<ChildProcess>()
const folders = new Set<string>()

/** Also when the run cuts this file off: no server and no folder outlives the test that made it. */
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
process.once('SIGTERM', () => process.exit(1))

/** A folder that goes with this process. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'um-e2e-'))
  folders.add(folder)
  return folder
}

/** A port that stays free between two starts: outside of the range from which systems give free ones. */
export async function fixedPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const probe = createServer()
    const free = await new Promise<boolean>((known) => {
      probe.once('error', () => known(false)).listen(port, 'localhost', () => known(true))
    })
    await new Promise((closed) => probe.close(closed))
    if (free) return port
  }
}

/** The Node that the machine has besides the one of the packages; null where there is none that is too old. */
function olderNode(): string | null {
  const path = (process.env['PATH'] ?? '').split(delimiter)
  const PATH = path.filter((entry) => !entry.includes('node_modules')).join(delimiter)
  const ask = 'console.log(process.versions.node.split(".")[0] + " " + process.execPath)'
  try {
    const answer = execFileSync('node', ['-e', ask], { env: { PATH }, encoding: 'utf8' }).trim()
    const [major = '', ...rest] = answer.split(' ')
    return Number(major) < 26 ? rest.join(' ') : null
  } catch {
    return null
  }
}

let older: string | null | undefined
let compiled: string | undefined

/**
 * Where every start keeps its compiled code and finds that of the others: as a second start of one installation does. The
 * folder is that of the run; a file that runs alone has its own.
 */
export function compileCache(): string {
  return process.env['NODE_COMPILE_CACHE'] ?? (compiled ??= join(temporaryFolder(), 'cache'))
}

/** Starts the server and waits for its `ready` line. Throws with what it said where it ends instead. */
export async function startServer(launch: Launch): Promise<ServerProcess> {
  const began = performance.now()
  const run = spawned(launch)
  const line = await within(run.ready, 'the ready line', READY_MS)
  if (line === null) throw new Error(`the server ended before it was ready:\n${run.stderr()}`)
  return {
    url: line.split(' ')[1] ?? '',
    pid: run.child.pid ?? 0,
    startMs: performance.now() - began,
    banner: run.stdout().trimEnd().split('\n'),
    stdout: run.stdout,
    stderr: run.stderr,
    ended: run.ended,
    hangUp: () => {
      run.child.stdout?.destroy()
      run.child.stderr?.destroy()
    },
    end: async (signal) => {
      run.child.kill(signal)
      return within(run.ended, `the end after ${signal}`)
    },
  }
}

/** Runs the command to its end, for a start that is refused. */
export async function runToEnd(launch: Launch): Promise<Ended> {
  const run = spawned(launch)
  const line = await within(run.ready, 'the end of the command')
  if (line === null) return run.ended
  run.child.kill('SIGKILL')
  throw new Error('the server started, though it should have refused to')
}

/** A command that is still at work, whatever time it takes. */
export interface CommandProcess {
  readonly ended: Promise<Ended>
  kill(): void
}

/** Starts the command directly, so that what is killed is the command itself. */
export function startCommand(launch: Launch): CommandProcess {
  const { child, ended } = spawned({ ...launch, how: 'directly' })
  return { ended, kill: () => void child.kill('SIGKILL') }
}

interface Run {
  readonly child: ChildProcess
  /** The `ready` line, or null where the process ends without one. */
  readonly ready: Promise<string | null>
  readonly ended: Promise<Ended>
  stdout(): string
  stderr(): string
}

function spawned({ dataDir, settings, words = ['serve'], input = '', how = 'command' }: Launch): Run {
  recordSettings(settings ?? {})
  const node = how === 'command' ? ((older ??= olderNode()) ?? process.execPath) : process.execPath
  const child = spawn(node, [COMMAND, ...words], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...environment(),
      NODE_COMPILE_CACHE: compileCache(),
      UM_DATA_DIR: dataDir,
      UM_PORT: '0',
      ...settings,
    },
  })
  alive.add(child)
  // A command that reads none of it may have ended before.
  child.stdin.on('error', () => undefined).end(input)
  const { promise: ready, resolve } = Promise.withResolvers<string | null>()
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    // An export writes much, and all of it would be looked at again and again.
    if (words[0] !== 'serve') return
    const line = /^ready .*(?=\n)/m.exec(stdout)
    if (line) resolve(line[0])
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const ended = new Promise<Ended>((done) => {
    child.on('close', (code, signal) => {
      alive.delete(child)
      resolve(null)
      done({ code, signal, stdout, stderr })
    })
  })
  return { child, ready, ended, stdout: () => stdout, stderr: () => stderr }
}

/** Ours without the settings of the developer's own server. */
function environment(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter(
    (name) => !name.startsWith('UM_') && !name.startsWith('NODE_'),
  )
  return Object.fromEntries(names.map((name) => [name, process.env[name]]))
}

/** Fails where something does not come in time. */
export async function within<T>(wanted: Promise<T>, what: string, ms = PATIENCE_MS): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`${what} did not come within ${ms} ms`)), ms)
  try {
    return await Promise.race([wanted, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Asks again and again until the answer is something; fails where it stays null. */
export async function until<T>(ask: () => Promise<T | null> | T | null, what: string): Promise<T> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (performance.now() > end) throw new Error(`${what} did not happen within ${PATIENCE_MS} ms`)
    await new Promise((again) => setTimeout(again, POLL_MS))
  }
}
