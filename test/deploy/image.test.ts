/** The image, as far as it can be tried without a container engine: its files, its user, its commands. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fixedPort, temporaryFolder, within } from '../support/process.ts'
import { read, ROOT } from '../rules/source.ts'

const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ')
const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))

/** Where the run may, it takes the user of the image; else it is itself not root, and owns nothing more. */
const [USER = 0] = (/^USER (\d+):/m.exec(lastStage) ?? []).slice(1).map(Number)
const isRoot = process.getuid?.() === 0
const as = isRoot ? { uid: USER, gid: USER } : {}

const base = temporaryFolder()
chmodSync(base, 0o755)
const app = join(base, 'app')
const dataDir = join(base, 'data')
const scratch = join(base, 'tmp')

function ownFolder(path: string): void {
  mkdirSync(path, { mode: 0o700 })
  if (isRoot) chownSync(path, USER, USER)
}

/** What the last stage copies out of the folder of the build, and `.dockerignore` lets in. */
function copied(): readonly string[] {
  const admitted = new Set([...read('.dockerignore').matchAll(/^!(\S+)$/gm)].map(([, name = '']) => name))
  assert.match(read('.dockerignore'), /^\*$/m)
  const names = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list = '']) =>
    list.split(' '),
  )
  assert.deepEqual(
    names.filter((name) => !admitted.has(name)),
    [],
  )
  return [...lastStage.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list = '']) => list.split(' '))
}

function everything(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) =>
    join(entry.parentPath, entry.name),
  )
}

/** The words of an instruction in JSON form, with the paths of this machine. */
function words(instruction: RegExp): readonly string[] {
  const [, json = '[]'] = instruction.exec(lastStage) ?? assert.fail(String(instruction))
  const list: string[] = JSON.parse(json)
  return list.map((word) => (word === 'node' ? process.execPath : word.replace(/^\/app\//, `${app}/`)))
}

const entryPoint = words(/^ENTRYPOINT (\[.*\])$/m)
const serve = [...entryPoint, ...words(/^CMD (\[.*\])$/m)]
const health = words(/^HEALTHCHECK .* CMD (\[.*\])$/m)

const keyFile = join(base, 'master_key')
const smtpFile = join(base, 'smtp_url')
const port = await fixedPort()
const environment = {
  PATH: process.env['PATH'],
  HOME: dataDir,
  TMPDIR: scratch,
  ...Object.fromEntries(
    [...(/^ENV (.+)$/m.exec(lastStage)?.[1] ?? '').matchAll(/(\w+)=(\S+)/g)].map(
      ([, name = '', value = '']) => [name, value === '/data' ? dataDir : value],
    ),
  ),
  UM_PORT: String(port),
  UM_PUBLIC_URL: 'https://accounts.example.com',
  UM_MAIL_FROM: 'accounts@example.com',
  UM_SMTP_URL_FILE: smtpFile,
  UM_MASTER_KEY_FILE: keyFile,
  UM_SHUTDOWN_DELAY: '0',
}

function started([command = '', ...args]: readonly string[]) {
  const child = spawn(command, args, { cwd: app, env: environment, stdio: ['ignore', 'pipe', 'pipe'], ...as })
  let output = ''
  const ready = Promise.withResolvers<void>()
  const take = (chunk: Buffer): void => {
    output += chunk.toString()
    if (/^ready /m.test(output)) ready.resolve()
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const ended = new Promise<number | null>((done) => child.on('close', done))
  after(() => child.kill('SIGKILL'))
  return { child, ended, ready: ready.promise, output: () => output }
}

const codeOf = (command: readonly string[]): Promise<number | null> =>
  within(started(command).ended, 'its end')

for (const name of copied()) cpSync(join(ROOT, name), join(app, name), { recursive: true })
symlinkSync(join(ROOT, 'node_modules'), join(app, 'node_modules'))
ownFolder(dataDir)
ownFolder(scratch)
writeFileSync(keyFile, `${'5e'.repeat(32)}\n`)
writeFileSync(smtpFile, 'smtp://127.0.0.1:1\n')
// As an orchestrator hands out a secret: the file is root's, and the group may read it.
chmodSync(keyFile, isRoot ? 0o440 : 0o400)
if (isRoot) chownSync(keyFile, 0, USER)
const files = everything(app).filter((path) => !path.startsWith(join(app, 'node_modules')))
for (const path of [app, ...files]) chmodSync(path, statSync(path).isDirectory() ? 0o555 : 0o444)
const before = files.map((path) => [path, statSync(path).mtimeMs])

test('the image has a user of its own that is not root, and a folder for its data', () => {
  assert.ok(USER >= 10_000)
  assert.match(lastStage, /^VOLUME \/data$/m)
  assert.match(lastStage, /useradd --uid 10001 .*--shell \/usr\/sbin\/nologin/)
})

test('nothing of tests, docs, secrets or data goes into it', () => {
  const top = new Set(readdirSync(app))
  assert.deepEqual(top, new Set(['package.json', 'LICENSE', 'bin', 'src', 'node_modules']))
})

test('it serves from a folder that cannot be written, as its own user, writes data alone, and ends at SIGTERM', async () => {
  assert.equal(await codeOf(health), 5, 'nobody is there yet')
  const server = started(serve)
  await within(Promise.race([server.ready, server.ended]), 'the ready line')
  assert.match(server.output(), /^ready https:\/\/accounts\.example\.com$/m, server.output())
  assert.equal(await codeOf(health), 0)
  assert.equal(await codeOf([...entryPoint, 'healthcheck']), 0)
  const url = `http://127.0.0.1:${port}`
  const person = { username: 'ada', email: 'ada@example.com', password: 'four plain words together' }
  const registered = await fetch(`${url}/users/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(person),
  })
  assert.equal(registered.status, 201)
  assert.equal((await fetch(`${url}/docs`)).status, 200)
  server.child.kill('SIGTERM')
  assert.equal(await within(server.ended, 'the end'), 0, server.output())
  assert.equal(await codeOf(health), 5)
  assertOnlyDataIsWritten()
})

function assertOnlyDataIsWritten(): void {
  assert.deepEqual(
    files.map((path) => [path, statSync(path).mtimeMs]),
    before,
  )
  assert.deepEqual(
    new Set(readdirSync(app)),
    new Set(['package.json', 'LICENSE', 'bin', 'src', 'node_modules']),
  )
  assert.deepEqual(readdirSync(scratch), [], 'not even temporary files')
  assert.ok(readdirSync(dataDir).includes('users.db'))
  const strays = isRoot
    ? [tmpdir(), '/var/tmp', '/dev/shm'].flatMap((folder) =>
        readdirSync(folder).filter((name) => ownerOf(join(folder, name)) === USER),
      )
    : []
  assert.deepEqual(strays, [])
}

function ownerOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.uid ?? null
}
