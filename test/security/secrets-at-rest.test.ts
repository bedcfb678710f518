/** What lies on the disk of a running and of a stopped server: no secret that anybody carries, and only for its owner. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { bytesOf, filesIn } from '../support/canary.ts'
import { clientOf, mailTo, type Answer, type Client } from '../support/process-client.ts'
import { fixedPort, startServer, temporaryFolder, until, type ServerProcess } from '../support/process.ts'

const dataDir = join(temporaryFolder(), 'data')
const email = 'vault@keeper.example'
const newEmail = 'second.vault@keeper.example'
const passwords = ['seven locks on a door', 'eight locks on a door', 'nine locks on a door']

/** Name → everything that was ever handed to somebody and opens something. */
const carried = new Map<string, string>()

let server: ServerProcess
let call: Client

/** A server that creates its files with nothing masked out: the rights must come from the program itself. */
before(async () => {
  const mask = process.umask(0)
  try {
    server = await startServer({ dataDir, settings: { UM_LOG_LEVEL: 'debug' } })
  } finally {
    process.umask(mask)
  }
  call = clientOf(server.url)
  await collect()
})
after(() => server.end('SIGKILL'))

async function ok(name: string, asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked
  assert.ok(answer.status < 300, answer.text)
  const { access_token: access, refresh_token: refresh } = answer.body
  if (access) carried.set(`access token of ${name}`, access)
  if (refresh) carried.set(`refresh token of ${name}`, refresh)
  return answer
}

async function mailed(to: string, kind: string): Promise<string> {
  const [token = ''] = (await mailTo(call, to, kind)).tokens
  carried.set(`token of the mail ${kind}`, token)
  return token
}

/** Everything that hands out a secret: registration, sign-in, refresh, new proof, links of three kinds. */
async function collect(): Promise<void> {
  const [first = '', second = '', third = ''] = passwords
  for (const password of passwords) carried.set(`password ${password}`, password)
  const register = { username: 'vault', email, password: first }
  await ok('registration', call('POST /users/register', { body: register }))
  const verify = await mailed(email, 'verify_email')
  const login = await ok('login', call('POST /users/login', { body: { email, password: first } }))
  const token = login.body.access_token
  await ok('verification', call(`POST /users/verify-email/${verify}`, { token }))
  const refresh = { refresh_token: login.body.refresh_token }
  await ok('refresh', call('POST /users/token/refresh', { body: refresh }))
  await ok('new proof', call('POST /users/reauthenticate', { token, body: { password: first } }))
  await ok('change', call('PUT /users/profile', { token, body: { email: newEmail } }))
  const change = await mailed(newEmail, 'change_email')
  await ok('confirmation', call(`POST /users/verify-email/${change}`, { token }))
  const change2 = { current_password: first, new_password: second }
  await ok('password', call('PUT /users/password', { token, body: change2 }))
  await ok('request', call('POST /users/reset-password', { body: { email: newEmail } }))
  const used = await mailed(newEmail, 'reset_password')
  await ok('reset', call(`POST /users/reset-password/${used}`, { body: { password: third } }))
  carried.set('used reset token', used)
  await ok('login 2', call('POST /users/login', { body: { email: newEmail, password: third } }))
  await ok('request 2', call('POST /users/reset-password', { body: { email: newEmail } }))
  const live = async () => ((await mailed(newEmail, 'reset_password')) === used ? null : true)
  await until(live, 'a second link')
}

/** The forms in which a secret might be stored by mistake: as it is, and as the bytes that it stands for. */
function formsOf(secret: string): readonly Buffer[] {
  const text = secret.replace(/^umr_/, '')
  const decoded = /^[\w-]{43,}$/.test(text) ? Buffer.from(text, 'base64url') : null
  // The last 32 bytes of a refresh token are its secret; before them stand ids, which are stored.
  const secretBytes = decoded && decoded.subarray(-32)
  const forms = [
    Buffer.from(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('hex'),
  ]
  const ofBytes = secretBytes
    ? [secretBytes, secretBytes.toString('hex'), secretBytes.toString('base64')]
    : []
  // Of a signed token the signature alone is enough to know it again.
  const parts = secret.split('.').length === 3 ? [secret.split('.')[2] ?? ''] : []
  return [...forms, ...ofBytes, ...parts].map((form) => Buffer.from(form))
}

function found(content: Buffer): readonly string[] {
  return [...carried]
    .filter(([, secret]) => formsOf(secret).some((form) => content.includes(form)))
    .map(([name]) => name)
}

/** All but the master key, which must lie there, and compiled code. */
function storedFiles(): readonly string[] {
  return filesIn(dataDir).filter((path) => !path.includes('compile-cache') && basename(path) !== 'master.key')
}

test('no token and no password that anybody carries is in the database or its log file (row 13)', () => {
  assert.ok(carried.size >= 14, [...carried.keys()].join(', '))
  const files = storedFiles()
  assert.ok(files.some((path) => path.endsWith('users.db-wal')))
  for (const path of files) assert.deepEqual(found(bytesOf(path)), [], path)

  const everything = Buffer.concat(files.map(bytesOf))
  const token = Buffer.from(carried.get('token of the mail reset_password') ?? '', 'base64url')
  const live = createHash('sha256').update(token).digest()
  assert.ok(everything.includes(live), 'the hash of a live link is there, so this search can find something')
})

test('no token, no password and no address is in what the server prints', () => {
  const printed = server.stdout() + server.stderr()
  assert.match(printed, /mail reset_password → /)
  assert.deepEqual(found(Buffer.from(printed)), [])
  assert.ok(!printed.includes('keeper.example'))
})

test('the private halves of the signing keys and the master key are in no other file', () => {
  const everything = Buffer.concat(storedFiles().map(bytesOf))
  const key = bytesOf(join(dataDir, 'master.key')).toString('latin1').trim()
  assert.equal(key.length, 64)
  for (const form of [key, Buffer.from(key, 'hex'), Buffer.from(key, 'hex').toString('base64url')]) {
    assert.equal(everything.includes(form), false)
  }
  assert.equal(everything.includes('"crv":"P-256"'), true)
  assert.doesNotMatch(everything.toString('latin1'), /"d":"[\w-]{43}"|BEGIN (?:EC )?PRIVATE KEY/)
})

test('only the owner can look into the data folder and its files, while it runs and afterwards', async () => {
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
  const assertPrivate = (): void => {
    assert.equal(modeOf(dataDir), '700')
    const modes = new Set(
      filesIn(dataDir)
        .filter((path) => !path.includes('compile-cache'))
        .map(modeOf),
    )
    assert.deepEqual([...modes], ['600'])
  }
  assertPrivate()
  await server.end('SIGTERM')
  assertPrivate()
  for (const path of storedFiles()) assert.deepEqual(found(bytesOf(path)), [], path)
})

test('two fresh instances share no secret: a token of the one is worth nothing at the other (row 54)', async (t) => {
  const person = { username: 'vault', email, password: passwords[0] }
  const fresh = async () => {
    const folder = join(temporaryFolder(), 'data')
    const port = String(await fixedPort())
    // The same public URL, so that nothing but the keys can tell their tokens apart.
    const settings = { UM_PUBLIC_URL: 'http://localhost:4711', UM_PORT: port }
    const instance = await startServer({ dataDir: folder, settings })
    t.after(() => instance.end('SIGKILL'))
    const send = clientOf(`http://localhost:${port}`)
    assert.equal((await send('POST /users/register', { body: person })).status, 201)
    const { body } = await send('POST /users/login', { body: { email, password: person.password } })
    const published = (await send('GET /.well-known/jwks.json')).text.match(/"(?:kid|x|y)":"[^"]+"/g) ?? []
    const key = bytesOf(join(folder, 'master.key')).toString('latin1')
    return { send, secrets: new Set([key, ...published]), tokens: body }
  }
  const one = await fresh()
  const other = await fresh()
  assert.ok(one.secrets.size >= 7)
  const shared = [...one.secrets].filter((secret) => other.secrets.has(secret))
  assert.deepEqual(shared, [])

  const { access_token: token, refresh_token } = one.tokens
  assert.equal((await one.send('GET /users/profile', { token })).status, 200)
  const read = await other.send('GET /users/profile', { token })
  assert.deepEqual([read.status, read.body.code], [401, 'token_invalid'])
  const refreshed = await other.send('POST /users/token/refresh', { body: { refresh_token } })
  assert.deepEqual([refreshed.status, refreshed.body.code], [401, 'refresh_token_invalid'])
})
