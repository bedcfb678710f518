/**
 * Runs a page of the documentation: what its reader would type and save, in order, in a folder of its own. A page says
 * what is run in the info strings of its blocks, and the rest in comments that readers don't see:
 *
 * - `sh test`: run by bash, one shell a page, so that variables stay; it has to succeed. `needs=python` leaves it out where
 *   there is no Python with PyJWT.
 * - `<language> output`: what the block before it has printed on standard output; `…` stands for anything.
 * - `<language> file=NAME`: is saved under this name.
 * - `<!-- test: server UM_NAME=value … -->`: here the reader starts the server, with these settings; `<!-- test: stop -->`:
 *   here it is stopped.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { compileCache, startServer, temporaryFolder, within, type ServerProcess } from './process.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The address that pages name. */
const PAGE_URL = 'http://localhost:8080'
const BLOCK_MS = 60_000

export type Step =
  | {
      readonly kind: 'shell'
      readonly line: number
      readonly text: string
      readonly needsPython: boolean
      output: string | null
    }
  | { readonly kind: 'file'; readonly line: number; readonly text: string; readonly name: string }
  | { readonly kind: 'server'; readonly line: number; readonly settings: Readonly<Record<string, string>> }
  | { readonly kind: 'stop'; readonly line: number }

export interface DocPage {
  readonly steps: readonly Step[]
  /** Blocks of commands, those that are not run included. */
  readonly shellBlocks: number
}

/** What is to be done on a page. Throws where an output belongs to no block. */
export function readDocPage(markdown: string): DocPage {
  const steps: Step[] = []
  let shellBlocks = 0
  for (const match of markdown.matchAll(/^```(\w+)([^\n]*)\n([^]*?)^```$|^<!-- test: ([^\n]*?) -->$/gm)) {
    const [, language = '', info = '', text = '', order] = match
    const line = markdown.slice(0, match.index).split('\n').length
    if (order === 'stop') steps.push({ kind: 'stop', line })
    else if (order !== undefined) steps.push({ kind: 'server', line, settings: settingsOf(order) })
    const words = info.trim().split(/\s+/)
    if (language === 'sh' && !words.includes('output')) shellBlocks += 1
    const file = words.find((word) => word.startsWith('file='))
    if (file) steps.push({ kind: 'file', line, text, name: file.slice('file='.length) })
    if (words.includes('test')) {
      const needsPython = words.includes('needs=python')
      steps.push({ kind: 'shell', line, text, needsPython, output: null })
    }
    if (words.includes('output')) {
      const last = steps.at(-1)
      if (last?.kind !== 'shell') throw new Error(`line ${line}: an output without a block that prints it`)
      last.output = text
    }
  }
  return { steps, shellBlocks }
}

function settingsOf(order: string): Record<string, string> {
  const [word, ...settings] = order.split(' ')
  if (word !== 'server') throw new Error(`a page can't be told to "${order}"`)
  return Object.fromEntries(
    settings.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
  )
}

/** A Python that can check tokens; null where there is none. That of the system may not be the first on the path. */
export function findPython(): string | null {
  const ask = 'import jwt, cryptography, sys; print(sys.executable)'
  for (const python of ['python3', '/usr/bin/python3']) {
    const { stdout, status } = spawnSync(python, ['-c', ask], { encoding: 'utf8' })
    if (status === 0) return stdout.trim()
  }
  return null
}

/** Does what the page says; how many blocks of commands were run. Throws with the line of the first that goes wrong. */
export async function runDocPage({ steps }: DocPage, python: string | null): Promise<number> {
  const folder = temporaryFolder()
  const shell = openShell(folder, python)
  let server: ServerProcess | null = null
  let run = 0
  try {
    for (const step of steps) {
      if (step.kind === 'file') writeFileSync(join(folder, step.name), shell.localised(step.text))
      else if (step.kind === 'stop') server = await stopped(server)
      else if (step.kind === 'server') {
        server = await stopped(server)
        const settings = Object.fromEntries(
          Object.entries(step.settings).map(([name, value]) => [name, inFolder(folder, value)]),
        )
        server = await startServer({ dataDir: join(folder, 'data'), settings, how: 'directly' })
        shell.serverUrl = server.url
      } else if (!step.needsPython || python !== null) {
        const { status, stdout, stderr } = await within(
          shell.run(step.text),
          `the end of line ${step.line}`,
          BLOCK_MS,
        )
        if (status !== 0) throw new Error(`line ${step.line}: exit code ${status}\n${stdout}\n${stderr}`)
        if (step.output !== null) assertPrinted(step.output, shell.asOnPage(stdout), step.line)
        run += 1
      }
    }
  } finally {
    shell.close()
    await stopped(server)
  }
  return run
}

async function stopped(server: ServerProcess | null): Promise<null> {
  await server?.end('SIGTERM')
  return null
}

/** Settings that name a file name one that the page has saved. */
function inFolder(folder: string, value: string): string {
  return /^[\w-]+(?:\.[\w-]+)+$/.test(value) ? join(folder, value) : value
}

function assertPrinted(expected: string, printed: string, line: number): void {
  const lines = (text: string) => text.trim().replaceAll(/[ \t]+$/gm, '')
  const parts = lines(expected)
    .split('…')
    .map((part) => RegExp.escape(part))
  if (new RegExp(`^${parts.join('[^]*?')}$`).test(lines(printed))) return
  throw new Error(`line ${line} printed something else:\n${printed}\nwhere the page says:\n${expected}`)
}

interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A shell in a folder that looks like a checkout, in which the data are in `data`. */
function openShell(folder: string, python: string | null) {
  for (const name of ['bin', 'node_modules', 'client', 'deploy'])
    symlinkSync(join(ROOT, name), join(folder, name))
  mkdirSync(join(folder, 'path'))
  symlinkSync(join(ROOT, 'bin', 'user-management.cjs'), join(folder, 'path', 'user-management'))
  if (python !== null) symlinkSync(python, join(folder, 'path', 'python3'))
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('UM_') && !name.startsWith('NODE_'),
  )
  const PATH = [join(folder, 'path'), dirname(process.execPath), process.env['PATH']].join(delimiter)
  const env = { ...Object.fromEntries(own), PATH, NO_COLOR: '1', NODE_COMPILE_CACHE: compileCache() }
  const bash = spawn('bash', ['--noprofile', '--norc'], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let blocks = 0
  const shell = {
    serverUrl: PAGE_URL,
    localised: (text: string) => text.replaceAll(PAGE_URL, shell.serverUrl),
    asOnPage: (text: string) => text.replaceAll(shell.serverUrl, PAGE_URL),
    run(text: string): Promise<Ran> {
      const [block, out, err] = ['block', 'out', 'err'].map((name) =>
        join(folder, 'path', `${name}-${blocks}`),
      )
      blocks += 1
      writeFileSync(block ?? '', `set -e -o pipefail\n${shell.localised(text)}\nset +e\n`)
      const { promise, resolve, reject } = Promise.withResolvers<Ran>()
      const seen = (chunk: Buffer): void => {
        const status = /^ended (\d+)$/m.exec(String(chunk))?.[1]
        if (status === undefined) return
        bash.stdout.off('data', seen)
        bash.off('close', lost)
        resolve({ status: Number(status), ...printed() })
      }
      const printed = () => ({
        stdout: readFileSync(out ?? '', 'utf8'),
        stderr: readFileSync(err ?? '', 'utf8'),
      })
      // With `set -e` a command that fails ends the shell.
      const lost = (code: number | null): void => {
        if (code === null) reject(new Error('the shell was killed'))
        else resolve({ status: code, ...printed() })
      }
      bash.stdout.on('data', seen)
      bash.once('close', lost)
      bash.stdin.write(`source '${block}' >'${out}' 2>'${err}' </dev/null; echo "ended $?"\n`)
      return promise
    },
    close: () => void bash.kill('SIGKILL'),
  }
  return shell
}
