/** An operator's day at the command line, by the real command, beside a running server. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { clientOf, type Answer } from '../support/process-client.ts'
import { runToEnd, startServer, temporaryFolder, type Ended, type ServerProcess } from '../support/process.ts'

export const password = 'correct horse battery staple'
export const dataDir = join(temporaryFolder(), 'data')

interface Place {
  readonly settings: () => Promise<Readonly<Record<string, string>>>
}

type Values = Readonly<Record<string, unknown>>

/** The lines of `--output ndjson`: nothing else may be on standard output. */
export function rowsOf({ stdout }: Pick<Ended, 'stdout'>): readonly Values[] {
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}

export function journey(place: Place): void {
  let server: ServerProcess
  let settings: Readonly<Record<string, string>>
  const command = (line: string, input?: string): Promise<Ended> =>
    runToEnd({ dataDir, settings, words: line.split(' '), ...(input !== undefined && { input }) })
  const login = (username: string): Promise<Answer> =>
    clientOf(server.url)('POST /users/login', { body: { username, password } })

  before(async () => {
    settings = await place.settings()
    server = await startServer({ dataDir, settings })
  })
  after(() => server.end('SIGKILL'))

  test('an administrator is created with the password of standard input, and signs in', async () => {
    const line = 'users create grace grace@navy.example --role admin --verified --password-stdin'
    const made = await command(`${line} --output ndjson`, `${password}\n`)
    assert.deepEqual([made.code, made.stderr], [0, ''])
    const [user] = rowsOf(made)
    assert.deepEqual(
      [user?.['username'], user?.['email_verified'], user?.['roles']],
      ['grace', true, ['admin']],
    )
    const { status, body } = await login('grace')
    assert.equal(status, 200)
    const users = await clientOf(server.url)('GET /users', { token: body.access_token })
    assert.equal(users.status, 200)
  })

  test('the password of a file counts without its line end, and a refused one is explained by its field', async () => {
    const file = join(temporaryFolder(), 'password')
    writeFileSync(file, `${password}\r\n`)
    const made = await command(`users create ada ada@example.com --password-file ${file}`)
    assert.deepEqual([made.code, made.stderr], [0, ''])
    assert.match(made.stdout, /^email_verified +false$/m)
    assert.equal((await login('ada')).status, 200)

    const refused = await command('users create Ada eve@example.com --role nobody', 'short')
    assert.deepEqual([refused.code, refused.stdout], [1, ''])
    assert.match(refused.stderr, /^user-management: {3}password: .*8 characters\.$/m)
    assert.match(refused.stderr, /^user-management: {3}roles\/0: There is no role "nobody"/m)
    assert.ok(!refused.stderr.includes('short'))
  })

  test('a user without a password is mailed a link, and a taken name is refused', async () => {
    const made = await command('users create bob bob@example.com --send-link')
    assert.equal(made.code, 0)
    const kinds = new URLSearchParams({ to: 'bob@example.com', kind: 'set_password', wait: '20' })
    const { body } = await clientOf(server.url)(`GET /dev/mail/messages?${kinds.toString()}`)
    assert.equal(body.messages.length, 1)
    const again = await command('users create BOB other@example.com --send-link')
    assert.deepEqual([again.code, again.stdout], [1, ''])
    assert.match(again.stderr, /^user-management: This username is in use\. Choose another username\.$/m)
  })

  test('lists say who is there, whole ones too, and hold only data', async () => {
    const some = await command('users list --output ndjson --limit 1 --sort=-username')
    assert.deepEqual(
      rowsOf(some).map(({ username }) => username),
      ['grace'],
    )
    assert.match(some.stderr, /--all/)
    const all = await command('users list --all --output json')
    assert.deepEqual([all.code, all.stderr], [0, ''])
    const found: readonly Values[] = JSON.parse(all.stdout)
    assert.deepEqual(
      found.map(({ username }) => username),
      ['grace', 'ada', 'bob'],
    )
    assert.ok(!all.stdout.includes('argon2'))
  })

  test('whom a command disables is out, and whom it enables is in again', async () => {
    const earlier = (await login('ada')).body
    const out = await command('users disable ada@example.com --output ndjson')
    assert.deepEqual(
      rowsOf(out).map(({ status }) => status),
      ['disabled'],
    )
    assert.equal((await login('ada')).body.code, 'account_disabled')
    const profile = await clientOf(server.url)('GET /users/profile', { token: earlier.access_token })
    assert.equal(profile.status, 401)
    assert.equal((await command('users enable ADA')).code, 0)
    assert.equal((await login('ada')).status, 200)
  })

  test('roles are set, sessions shown and ended, keys rotated', async () => {
    const signedIn = (await login('ada')).body
    const roles = await command('users set-role ada user admin --output ndjson')
    assert.deepEqual(rowsOf(roles)[0]?.['roles'], ['admin', 'user'])
    const rotated = await command('keys rotate --force --output ndjson')
    assert.deepEqual(
      rowsOf(rotated).map(({ state }) => state),
      ['active', 'next', 'retired'],
    )
    const call = clientOf(server.url)
    assert.equal((await call('GET /users/profile', { token: signedIn.access_token })).status, 200)

    const shown = rowsOf(await command('users sessions ada --output ndjson'))
    assert.ok(shown.some(({ id }) => id === signedIn.session_id))
    const ended = rowsOf(await command('users sign-out ada --output ndjson'))
    assert.deepEqual(
      ended.map((row) => row['sessions_revoked']),
      [shown.length],
    )
    const old = await call('GET /users/profile', { token: signedIn.access_token })
    assert.deepEqual([old.status, old.body.code], [401, 'session_revoked'])
  })

  test('what cannot be undone needs a yes, and several users may be done in part', async () => {
    const unasked = await command('users delete ada')
    assert.deepEqual([unasked.code, unasked.stdout], [2, ''])
    assert.equal((await login('ada')).status, 200)
    const partly = await command('users delete nobody ada bob --yes --output ndjson')
    assert.equal(partly.code, 3)
    assert.deepEqual(
      rowsOf(partly).map(({ user }) => user),
      ['ada', 'bob'],
    )
    assert.ok(rowsOf(partly).every((row) => typeof row['deletion_id'] === 'string'))
    assert.match(partly.stderr, /^user-management: nobody: There is no such user\. Look it up with /)
    assert.equal((await login('ada')).status, 401)
    const last = await command('users delete grace --yes')
    assert.deepEqual([last.code, last.stdout], [1, ''])
    assert.match(last.stderr, /last administrator/)
  })

  test('the audit log names what came from the command line', async () => {
    const { code, stdout } = await command('audit --all --output ndjson')
    assert.equal(code, 0)
    const events = rowsOf({ stdout })
    const byCommand = events.filter(({ request_id: id }) => String(id).startsWith('cli:'))
    const actions = new Set(byCommand.map(({ action }) => action))
    for (const action of ['create-user', 'change-access', 'sign-out', 'delete-user', 'signing-keys'])
      assert.ok(actions.has(action), action)
    assert.ok(byCommand.every((event) => event['actor_id'] === null))
    assert.ok(
      events.some(({ action, request_id: id }) => action === 'login' && !String(id).startsWith('cli:')),
    )
  })
}
