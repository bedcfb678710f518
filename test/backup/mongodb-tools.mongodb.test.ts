/**
 * The drill of the guide with MongoDB's own tools, on a set with access control: its users, its commands. They are
 * looked for in the folder `UM_TEST_MONGODB_TOOLS`, else on the `PATH`; the run says where there are none.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { MongoClient } from 'mongodb'
import { rowsOf } from '../cli/journey.ts'
import { read } from '../rules/source.ts'
import { startReplicaSet, type Servers } from '../support/mongodb-servers.ts'
import { clientOf, mailTo, type Answer } from '../support/process-client.ts'
import { runToEnd, startServer, temporaryFolder, type Ended, type ServerProcess } from '../support/process.ts'
import { mongodbSource } from '../support/settings-of-the-run.ts'
import { addSummary } from '../support/summary.ts'

const tools = toolsFolder()
/** A whole set is dumped and brought back: never one that others use. */
const isOwnSet = 'binary' in (mongodbSource() ?? {})

test('the run says whether the tools of MongoDB were here', () => {
  const missing = isOwnSet
    ? 'no mongodump and mongorestore here (set UM_TEST_MONGODB_TOOLS)'
    : 'no set of its own'
  addSummary(
    `drill with mongodump and mongorestore: ${tools && isOwnSet ? 'ran' : `DID NOT HAPPEN, ${missing}`}`,
  )
})

if (tools && isOwnSet) suite('the drill of the guide, with the tools of MongoDB', () => drill(tools))

function toolsFolder(): string | null {
  const given = process.env['UM_TEST_MONGODB_TOOLS']
  if (given) return given
  const hasBoth = (folder: string): boolean =>
    ['mongodump', 'mongorestore'].every((name) => existsSync(join(folder, name)))
  return (process.env['PATH'] ?? '').split(delimiter).find(hasBoth) ?? null
}

function drill(folder: string): void {
  const password = 'correct horse battery staple'
  const later = 'four new random words'
  const root = { name: 'root', password: 'of the root' }
  const victims = 60
  const dataDir = join(temporaryFolder(), 'data')
  const work = temporaryFolder()
  let servers: Servers
  let settings: Readonly<Record<string, string>>
  let server: ServerProcess
  let session: Answer
  before(async () => {
    servers = await startReplicaSet({ members: 1, root })
    const passwords = await makeUsers(servers.url, root)
    const urlFor = (user: string, database: string): string => {
      const url = new URL(servers.url)
      ;[url.username, url.password, url.pathname] = [user, passwords.get(user) ?? '', `/${database}`]
      return url.href
    }
    settings = { UM_DATABASE_URL: urlFor('um', 'user_management') }
    for (const [file, user] of [
      ['mongodump.yaml', 'dump'] as const,
      ['mongorestore.yaml', 'restore'] as const,
    ]) {
      const url = `${urlFor(user, '')}&authSource=admin`
      writeFileSync(join(work, file), `uri: "${url}"\n`, { mode: 0o600 })
    }
    server = await startServer({ dataDir, settings })
  })
  after(async () => {
    await server?.end('SIGKILL')
    await servers?.stop()
  })

  const command = (words: string): Promise<Ended> =>
    runToEnd({ dataDir, settings, words: words.split(' '), input: password })
  const login = (username: string, given = password): Promise<Answer> =>
    clientOf(server.url)('POST /users/login', { body: { username, password: given } })

  test('the user that the guide makes is enough to begin, to prepare the database and to add users', async () => {
    for (const words of [
      'bob bob@example.com',
      'eve eve@example.com',
      'grace grace@example.com --role admin',
    ]) {
      const { code, stderr } = await command(`users create ${words} --verified --password-stdin`)
      assert.equal(code, 0, stderr)
    }
    const seeded = await command(`seed --users ${victims} --password-stdin`)
    assert.equal(seeded.code, 0, seeded.stderr)
    const looked = await command('doctor --output ndjson')
    assert.equal(looked.code, 0, looked.stdout)
    session = await login('eve')
    assert.equal(session.status, 200)
  })

  test('mongodump is done with its role alone, while users are changed and deleted', async () => {
    const call = clientOf(server.url)
    const { token, ids } = await victimsOf(server.url, await login('grace'), victims)
    let isOver = false
    const dump = run(folder, work, lineOf('mongodump')).finally(() => (isOver = true))
    let deleted = 0
    for (const id of ids) {
      if (isOver) break
      assert.equal((await call(`PATCH /users/${id}`, { token, body: { status: 'disabled' } })).status, 200)
      assert.equal((await call(`DELETE /users/${id}`, { token })).status, 200)
      deleted += 1
    }
    const { code, stderr } = await dump
    assert.equal(code, 0, stderr)
    assert.ok(deleted > 0, 'nobody was deleted during the dump')
    assert.ok(existsSync(join(work, 'monday.archive')))
  })

  test('after the dump somebody deletes an account, and somebody changes a password', async () => {
    const call = clientOf(server.url)
    const { body } = await login('bob')
    const gone = await call('DELETE /users/delete', { body: { password }, token: body.access_token })
    assert.equal(gone.status, 200)
    assert.equal(
      (await call('POST /users/reset-password', { body: { email: 'eve@example.com' } })).status,
      202,
    )
    const { links } = await mailTo(call, 'eve@example.com', 'reset_password')
    const changed = await call(`POST ${new URL(links[0] ?? '').pathname}`, { body: { password: later } })
    assert.equal(changed.status, 200)
    assert.equal((await login('eve', later)).status, 200)
    session = await login('eve', later)
    await server.end('SIGTERM')
  })

  test('mongorestore brings the set back with its roles, the replay of what happened meanwhile included', async () => {
    const { code, stderr } = await run(folder, work, lineOf('mongorestore'))
    assert.equal(code, 0, stderr)
    const applied = Number(/applied (\d+) oplog entries/.exec(stderr)?.[1])
    assert.ok(applied > 0, stderr)
    const back = new MongoClient(servers.url, { auth: { username: root.name, password: root.password } })
    try {
      const users = back.db('user_management').collection('users')
      assert.equal(await users.countDocuments({ username: 'bob' }), 1, 'he was there when the dump was made')
    } finally {
      await back.close()
    }
  })

  test('the replay of the ledger deletes again, ends every session, and nothing is wrong', async () => {
    const ledger = readFileSync(join(dataDir, 'deletions.ndjson'), 'utf8').trim().split('\n')
    const done = await command('deletions replay --yes --output ndjson')
    assert.equal(done.code, 0, done.stderr)
    const [{ deleted_again: again } = {}] = rowsOf(done)
    assert.ok(Number(again) >= 1 && Number(again) <= ledger.length, `${String(again)} of ${ledger.length}`)
    const sound = await command('verify')
    assert.equal(sound.code, 0, sound.stdout + sound.stderr)
    server = await startServer({ dataDir, settings })
    assert.equal((await login('bob')).status, 401)
    assert.equal((await login('eve', later)).status, 401, 'the password is that of the dump')
    assert.equal((await login('eve')).status, 200)
    const { access_token: token, refresh_token: refresh } = session.body
    const call = clientOf(server.url)
    assert.equal((await call('GET /users/profile', { token })).status, 401)
    assert.equal((await call('POST /users/token/refresh', { body: { refresh_token: refresh } })).status, 401)
    const left = await victimsOf(server.url, await login('grace'), victims)
    assert.equal(
      left.ids.length,
      victims - (ledger.length - 1),
      'whoever was deleted during the dump is gone',
    )
  })
}

/** The ids of the made-up users that there are, and a token with which they may be changed. */
async function victimsOf(
  url: string,
  admin: Answer,
  limit: number,
): Promise<{ readonly token: string; readonly ids: readonly string[] }> {
  const token = admin.body.access_token
  const { status, body, text } = await clientOf(url)(`GET /users?limit=${limit + 10}`, { token })
  assert.equal(status, 200, text)
  const named = new Set(['bob', 'eve', 'grace'])
  return { token, ids: body.items.filter(({ username }) => !named.has(username)).map(({ id }) => id) }
}

/** The only line of the guide that begins with this command. */
function lineOf(name: string): string {
  const lines = read('docs/guide/back-up.md').split('\n')
  const [line, ...others] = lines.filter((one) => one.startsWith(`${name} --`))
  assert.ok(line && others.length === 0, name)
  return line
}

/** Makes the users of the guides, with the roles that they give them; their passwords by name. */
async function makeUsers(
  url: string,
  root: { readonly name: string; readonly password: string },
): Promise<ReadonlyMap<string, string>> {
  const guides = read('docs/guide/back-up.md') + read('docs/guide/grow-to-mongodb.md')
  const made = /getSiblingDB\("(\w+)"\)\.createUser\(\{user: "(\w+)", pwd: \w+\(\), roles: (\[[^\]]*\])\}\)/g
  const passwords = new Map<string, string>()
  const client = new MongoClient(url, { auth: { username: root.name, password: root.password } })
  try {
    for (const [, database = '', user = '', roles = ''] of guides.matchAll(made)) {
      if (user === 'root') continue
      passwords.set(user, `of-${user}`)
      await client.db(database).command({ createUser: user, pwd: `of-${user}`, roles: JSON.parse(roles) })
    }
  } finally {
    await client.close()
  }
  assert.deepEqual([...passwords.keys()].toSorted(), ['dump', 'restore', 'um'])
  return passwords
}

/** Runs a line as an operator types it, with these tools before any others. */
function run(folder: string, cwd: string, line: string): Promise<Pick<Ended, 'code' | 'stderr'>> {
  const PATH = [folder, process.env['PATH'] ?? ''].join(delimiter)
  return new Promise((resolve) => {
    execFile(
      'sh',
      ['-c', line],
      { cwd, env: { ...process.env, PATH }, timeout: 60_000 },
      (error, _, stderr) =>
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : null) : 0, stderr }),
    )
  })
}
