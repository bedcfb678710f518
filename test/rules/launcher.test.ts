/**
 * The launcher, run by this Node, by this Node pretending to be old, and by an old Node where the machine has one.
 * A small main stands where the server's would: it prints its id and what reaches it. The last tests run the server.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
const LAUNCHER = join('bin', 'user-management.cjs')

const MAIN = `
const channel = process.channel ? 'channel' : 'alone'
const left = Object.keys(process.env).filter((name) => name.startsWith('USER_MANAGEMENT'))
const say = (line: string): boolean => process.stdout.write(line + '\\n')
process.on('exit', () => undefined)
if (process.argv[2] === 'exit') process.exitCode = Number(process.argv[3])
else {
  const alive = setInterval(() => undefined, 60_000)
  for (const name of ['SIGINT', 'SIGHUP', 'SIGUSR2'] as const) process.on(name, () => say('got ' + name))
  process.on('SIGTERM', () => { clearInterval(alive); process.exitCode = 7 })
}
say([process.pid, process.versions.node, channel, left.length, ...process.argv.slice(2)].join(' '))
`

/** Hides the true version, as an old Node would show it. */
const PRETEND_OLD = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.0.0' } })`

let folder = ''
let withoutNode = ''

before(() => {
  folder = checkout()
  withoutNode = checkout()
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
})
after(() => {
  for (const each of [folder, withoutNode]) rmSync(each, { recursive: true, force: true })
})

function checkout(): string {
  const path = mkdtempSync(join(tmpdir(), 'um-launcher-'))
  for (const name of ['bin', 'src']) mkdirSync(join(path, name))
  copyFileSync(join(ROOT, LAUNCHER), join(path, LAUNCHER))
  writeFileSync(join(path, 'package.json'), '{"type":"module"}')
  writeFileSync(join(path, 'src', 'main.ts'), MAIN)
  writeFileSync(join(path, 'pretend-old.cjs'), PRETEND_OLD)
  return path
}

/** The Node that the machine has besides the pinned one, if that is too old for the server. */
function systemNode(): string | null {
  const path = (process.env['PATH'] ?? '').split(delimiter)
  const PATH = path.filter((entry) => !entry.includes('node_modules')).join(delimiter)
  const ask = 'console.log(process.versions.node.split(".")[0] + " " + process.execPath)'
  try {
    const [major = '', ...rest] = execFileSync('node', ['-e', ask], { env: { PATH }, encoding: 'utf8' })
      .trim()
      .split(' ')
    return Number(major) < 26 ? rest.join(' ') : null
  } catch {
    return null
  }
}

interface Interpreter {
  readonly name: string
  readonly command: () => readonly [string, ...string[]]
}

const pretending: Interpreter = {
  name: 'a Node that is too old',
  command: () => [process.execPath, '--require', join(folder, 'pretend-old.cjs')],
}
const system = systemNode()
const tooOld = system
  ? [pretending, { name: "the machine's own old Node", command: () => [system] as const }]
  : [pretending]
const own: Interpreter = { name: 'a Node that is new enough', command: () => [process.execPath] }

interface Run {
  readonly process: ChildProcess
  readonly line: () => Promise<string>
  readonly ended: Promise<{ code: number | null; signal: string | null; stderr: string }>
}

function launch(interpreter: Interpreter, args: readonly string[], where = folder): Run {
  const [node, ...flags] = interpreter.command()
  const child = spawn(node, [...flags, join(where, LAUNCHER), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, UM_DATA_DIR: join(folder, 'data'), UM_PORT: '0' },
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return {
    process: child,
    line: async () => String((await lines.next()).value),
    ended: new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal, stderr }))
    }),
  }
}

function killAnyway(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone already, as it should be
  }
}

test('a Node that is new enough runs the server in its own process', async () => {
  const run = launch(own, ['exit', '0'])
  const [pid, version] = (await run.line()).split(' ')
  assert.equal(Number(pid), run.process.pid)
  assert.equal(version, process.versions.node)
  assert.equal((await run.ended).code, 0)
})

for (const interpreter of tooOld) {
  test(`${interpreter.name} starts the pinned one with the same arguments and keeps its exit code`, async () => {
    const run = launch(interpreter, ['exit', '3', 'a b', '--flag'])
    const [pid, version = '', ...rest] = (await run.line()).split(' ')
    assert.notEqual(Number(pid), run.process.pid)
    assert.ok(Number(version.split('.')[0]) >= 26)
    assert.deepEqual(rest, ['channel', '0', 'exit', '3', 'a', 'b', '--flag'])
    assert.equal((await run.ended).code, 3)
  })

  test(`${interpreter.name} hands signals on and ends as the server ends`, { timeout: 20_000 }, async () => {
    const run = launch(interpreter, ['stay'])
    await run.line()
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR2'] as const) {
      run.process.kill(signal)
      assert.equal(await run.line(), `got ${signal}`)
    }
    run.process.kill('SIGTERM')
    const end = await run.ended
    assert.deepEqual([end.code, end.signal], [7, null])
  })

  test(`${interpreter.name} dies by the signal that killed the server`, { timeout: 20_000 }, async () => {
    const run = launch(interpreter, ['stay'])
    process.kill(Number((await run.line()).split(' ')[0]), 'SIGKILL')
    assert.equal((await run.ended).signal, 'SIGKILL')
  })

  test(`${interpreter.name} leaves no orphan when it is killed`, { timeout: 20_000 }, async (t) => {
    const run = launch(interpreter, ['stay'])
    const pid = Number((await run.line()).split(' ')[0])
    t.after(() => killAnyway(pid))
    run.process.kill('SIGKILL')
    // The pipes close only when the last process that holds them, which is the server, has ended too.
    assert.equal((await run.ended).signal, 'SIGKILL')
  })

  test(`${interpreter.name} says in one line what to do where no other Node is installed`, async () => {
    const end = await launch(interpreter, ['serve'], withoutNode).ended
    assert.equal(end.code, 4)
    assert.match(
      end.stderr,
      /^user-management needs Node 26\.0 or newer, but this is \d+\.\d+\.\d+: run "npm ci" in .+\.\n$/,
    )
  })
}

/** Waits for the server's `ready <url>`; a server that ends instead gives no more lines. */
async function ready(run: Run): Promise<string> {
  for (;;) {
    const line = await run.line()
    assert.notEqual(line, 'undefined', 'the server ended before it was ready')
    if (line.startsWith('ready ')) return line.slice('ready '.length)
  }
}

for (const interpreter of [own, ...tooOld]) {
  test(
    `${interpreter.name} serves, and a kill -9 frees the data for the next start`,
    { timeout: 30_000 },
    async (t) => {
      const first = launch(interpreter, ['serve'], ROOT)
      t.after(() => first.process.kill('SIGKILL'))
      const url = await ready(first)
      assert.equal((await fetch(`${url}/livez`)).status, 200)
      first.process.kill('SIGKILL')
      await first.ended

      const second = launch(interpreter, ['serve'], ROOT)
      t.after(() => second.process.kill('SIGKILL'))
      await ready(second)
      await assert.rejects(fetch(`${url}/livez`))
      second.process.kill('SIGTERM')
      const end = await second.ended
      assert.deepEqual([end.code, end.signal], [0, null], end.stderr)
    },
  )
}

test('a wrong command ends with the exit code of the command line, whoever starts it', async () => {
  for (const interpreter of [own, ...tooOld]) {
    const end = await launch(interpreter, ['no-such-command'], ROOT).ended
    assert.notEqual(end.code, 0)
    assert.notEqual(end.stderr, '')
  }
})

test('what an earlier run has compiled is used from the first file on, and nobody else’s', (t) => {
  const place = checkout()
  t.after(() => rmSync(place, { recursive: true, force: true }))
  const print = `import { getCompileCacheDir } from 'node:module'\nconsole.log(getCompileCacheDir() ?? 'none')`
  writeFileSync(join(place, 'src', 'main.ts'), print)
  const { NODE_COMPILE_CACHE: _, ...rest } = process.env
  const env = { ...rest, UM_DATA_DIR: join(place, 'data') }
  const used = () => execFileSync(process.execPath, [join(place, LAUNCHER)], { env, encoding: 'utf8' }).trim()
  const compiled = join(place, 'data', 'compile-cache')
  assert.equal(used(), 'none')
  mkdirSync(compiled, { recursive: true })
  assert.ok(used().startsWith(compiled))
  if (process.getuid?.() !== 0) return t.diagnostic('only root can give a folder away')
  chownSync(compiled, 65534, 65534)
  assert.equal(used(), 'none')
})

test('a pinned Node that lacks a library here is refused with what to install', (t) => {
  const place = checkout()
  t.after(() => rmSync(place, { recursive: true, force: true }))
  const bin = join(place, 'node_modules', '.bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'node'), '#!/bin/sh\necho "libatomic.so.1: cannot open" >&2\nexit 127\n', {
    mode: 0o755,
  })
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--require', join(place, 'pretend-old.cjs'), join(place, LAUNCHER), 'serve'],
    { encoding: 'utf8' },
  )
  assert.equal(status, 4)
  assert.match(
    stderr,
    /libatomic\.so\.1.*\n.*the pinned one lacks a library here.*apt-get install libatomic1/s,
  )
})
