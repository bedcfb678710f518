/** How a fresh installation comes by its first administrator, as an operator without a terminal sees it. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test, type TestContext } from 'node:test'
import { placeSetupLink } from '../../src/cli/setup-link.ts'
import { clientOf } from '../support/process-client.ts'
import {
  fixedPort,
  runToEnd,
  startServer,
  temporaryFolder,
  type Launch,
  type ServerProcess,
} from '../support/process.ts'

const password = 'nine quiet harbour lamps'
const person = { username: 'keeper', email: 'keeper@first.example', password }

async function started(t: TestContext, launch: Launch): Promise<ServerProcess> {
  const server = await startServer({ how: 'directly', ...launch })
  t.after(() => server.end('SIGKILL'))
  return server
}

function freshFolder(): { readonly dataDir: string; readonly file: string } {
  const dataDir = join(temporaryFolder(), 'data')
  return { dataDir, file: join(dataDir, 'setup-link') }
}

/** The settings of a first administrator whose password file has this content. */
function named(content: string): Readonly<Record<string, string>> {
  const file = join(temporaryFolder(), 'password')
  writeFileSync(file, content, { mode: 0o600 })
  return { UM_ADMIN_EMAIL: person.email, UM_ADMIN_PASSWORD_FILE: file, UM_ADMIN_USERNAME: 'keeper' }
}

/** Of the users: everything that is stored of them. */
function usersIn(dataDir: string): readonly unknown[] {
  const db = new DatabaseSync(join(dataDir, 'users.db'), { readOnly: true })
  try {
    return db.prepare('SELECT * FROM users ORDER BY id').all()
  } finally {
    db.close()
  }
}

function tokenIn(file: string): string {
  const link = readFileSync(file, 'utf8')
  return /^http:\/\/localhost:\d+\/setup\/([\w-]{43})\n$/.exec(link)?.[1] ?? assert.fail(`no link: ${link}`)
}

suite('without a terminal', { concurrency: 4 }, () => {
  test('the link is in a file for its owner alone, printed nowhere, and gone once it is used', async (t) => {
    const { dataDir, file } = freshFolder()
    const mask = process.umask(0)
    const server = await started(t, { dataDir }).finally(() => process.umask(mask))
    assert.equal((statSync(file).mode & 0o777).toString(8), '600')
    const token = tokenIn(file)
    assert.ok(server.banner.length <= 14, server.banner.join('\n'))
    assert.match(server.banner.at(-1) ?? '', /^ready http:/)
    const at = server.banner.findIndex((line) => line.startsWith('No administrator yet.'))
    assert.match(server.banner[at] ?? '', /30 minutes.*this machine.*file$/)
    assert.equal(server.banner[at + 1]?.trim(), file)
    assert.match(server.banner[at + 2] ?? '', /\.\/bin\/user-management\.cjs users create .*--role admin$/)

    const call = clientOf(server.url)
    const link = readFileSync(file, 'utf8').trim()
    assert.equal(new URL(link).origin, server.url)
    assert.equal((await call(`GET ${new URL(link).pathname}`)).status, 200)
    const done = await call('POST /account/setup', { form: { token, ...person } })
    assert.equal(done.status, 200, done.text)
    assert.equal(existsSync(file), false)
    assert.equal((await call(`GET ${new URL(link).pathname}`)).status, 400)
    const { code } = await server.end('SIGTERM')
    assert.equal(code, 0)
    assert.ok(!(server.stdout() + server.stderr()).includes(token))
    assert.doesNotMatch(server.stdout() + server.stderr(), /\/setup\/|keeper|harbour/)

    const again = await started(t, { dataDir })
    assert.doesNotMatch(again.stdout(), /administrator/)
    assert.equal(existsSync(file), false)
  })

  test('every start replaces the link, and the next start after an administrator removes it', async (t) => {
    const { dataDir, file } = freshFolder()
    const first = await started(t, { dataDir })
    const old = tokenIn(file)
    await first.end('SIGKILL')
    const second = await started(t, { dataDir })
    const token = tokenIn(file)
    assert.notEqual(token, old)
    assert.deepEqual(
      readdirSync(dataDir).filter((name) => name.startsWith('setup-link')),
      ['setup-link'],
    )
    const call = clientOf(second.url)
    assert.equal((await call(`GET /setup/${old}`)).status, 200, 'an earlier one lives for its 30 minutes')
    await second.end('SIGTERM')
    assert.equal(existsSync(file), true)

    const third = await started(t, { dataDir, settings: named(password) })
    assert.equal(existsSync(file), false)
    const dead = await clientOf(third.url)(`GET /setup/${token}`)
    assert.match(dead.text, /There is an administrator already/)
  })
})

suite('with an administrator in the settings', { concurrency: 4 }, () => {
  test('it is there at the first start, verified, and no link is made', async (t) => {
    const { dataDir, file } = freshFolder()
    const server = await started(t, { dataDir, settings: named(`${password}\n`) })
    assert.equal(existsSync(file), false)
    assert.doesNotMatch(server.stdout(), /administrator/i)
    const call = clientOf(server.url)
    const { status, body } = await call('POST /users/login', { body: { username: 'keeper', password } })
    assert.equal(status, 200)
    assert.deepEqual([body.user.email, body.user.email_verified], [person.email, true])
    const token = body.access_token
    assert.equal((await call('GET /users', { token })).status, 200)
    assert.doesNotMatch(server.stdout() + server.stderr(), /harbour|keeper/)
  })

  test('another start with the same settings, or with others, changes nothing', async (t) => {
    const { dataDir } = freshFolder()
    const settings = named(password)
    await (await started(t, { dataDir, settings })).end('SIGTERM')
    const before = usersIn(dataDir)
    assert.equal(before.length, 1)
    await (await started(t, { dataDir, settings })).end('SIGTERM')
    assert.deepEqual(usersIn(dataDir), before)
    const others = { ...named('another password of words'), UM_ADMIN_EMAIL: 'other@first.example' }
    await (await started(t, { dataDir, settings: others })).end('SIGTERM')
    assert.deepEqual(usersIn(dataDir), before)
  })

  test('an account that has the address stays what it is, the log names the setting, the server runs', async (t) => {
    const { dataDir, file } = freshFolder()
    const first = await started(t, { dataDir })
    const body = { ...person, username: 'somebody' }
    assert.equal((await clientOf(first.url)('POST /users/register', { body })).status, 201)
    await first.end('SIGTERM')
    const before = usersIn(dataDir)
    const server = await started(t, { dataDir, settings: named('another password of words') })
    assert.deepEqual(usersIn(dataDir), before)
    assert.match(server.stderr(), /UM_ADMIN_EMAIL/)
    assert.doesNotMatch(server.stderr(), /first\.example|somebody/)
    assert.equal(existsSync(file), true, 'the setup link is still a way')
  })

  test('a password that breaks the rules ends the start with its setting, and makes no account', async () => {
    const { dataDir } = freshFolder()
    const settings = { ...named('password'), UM_ADMIN_USERNAME: 'no spaces' }
    const { code, stdout, stderr } = await runToEnd({ dataDir, settings })
    assert.equal(code, 4)
    assert.equal(stdout, '')
    const sentences = stderr.split('\n').filter((line) => line.startsWith('user-management: '))
    assert.equal(sentences.length, 2, stderr)
    assert.match(sentences[0] ?? '', /UM_ADMIN_USERNAME must be another name: .*\.$/)
    assert.match(sentences[1] ?? '', /UM_ADMIN_PASSWORD_FILE must hold another password: .*common.*\.$/)
    assert.deepEqual(usersIn(dataDir), [])
  })
})

suite('in production', { concurrency: 2 }, () => {
  const production = {
    UM_MODE: 'production',
    UM_PUBLIC_URL: 'https://accounts.example.com',
    UM_SMTP_URL: 'smtp://localhost:1',
    UM_MAIL_FROM: 'accounts@example.com',
    UM_SHUTDOWN_DELAY: '0',
  }

  test('the link leads to this machine and not to the public URL', async (t) => {
    const { dataDir, file } = freshFolder()
    const port = String(await fixedPort())
    const server = await started(t, { dataDir, settings: { ...production, UM_PORT: port } })
    const token = tokenIn(file)
    assert.equal(readFileSync(file, 'utf8'), `http://localhost:${port}/setup/${token}\n`)
    const call = clientOf(`http://localhost:${port}`)
    const proxied = { 'x-forwarded-for': '203.0.113.9' }
    assert.equal((await call(`GET /setup/${token}`, { headers: proxied })).status, 404)
    assert.equal((await call(`GET /setup/${token}`)).status, 200)
    assert.equal((await call('POST /account/setup', { form: { token, ...person } })).status, 200)
    assert.equal(existsSync(file), false)
    assert.equal((await server.end('SIGTERM')).code, 0)
  })
})

test('on a terminal the link itself is printed, and no file is left', () => {
  const { dataDir, file } = freshFolder()
  mkdirSync(dataDir, { mode: 0o700 })
  const link = 'http://localhost:8080/setup/T0kenT0kenT0kenT0kenT0kenT0kenT0kenT0kenT0k'
  const hidden = placeSetupLink(link, { dataDir, terminal: false })
  assert.equal(readFileSync(file, 'utf8'), `${link}\n`)
  assert.ok(!hidden.join('\n').includes('T0ken'))
  const shown = placeSetupLink(link, { dataDir, terminal: true })
  assert.equal(shown[1]?.trim(), link)
  assert.match(shown.join('\n'), /30 minutes.*\n.*\n.*users create/)
  assert.deepEqual(readdirSync(dataDir), [])
  assert.deepEqual(placeSetupLink(null, { dataDir, terminal: true }), [])
})

test('where the file cannot be written the command is the way, and the start goes on', () => {
  const { dataDir, file } = freshFolder()
  mkdirSync(join(file, 'in the way'), { recursive: true })
  const lines = placeSetupLink('http://localhost:1/setup/T0ken', { dataDir, terminal: false })
  assert.match(lines.join('\n'), /No administrator yet.*cannot be written \(E\w+\)[^]*users create/)
  assert.ok(!lines.join('\n').includes('T0ken'))
  assert.deepEqual(readdirSync(dataDir), ['setup-link'], 'nor does the link lie anywhere else')
})
