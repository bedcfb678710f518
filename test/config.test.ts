import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { effectiveSettings, environmentExample, loadConfig, settings } from '../src/config.ts'
import { DomainError } from '../src/domain/errors.ts'
import { builtInRoles } from '../src/domain/policy.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-config-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Writes a file that a setting can name; a text as it is, anything else as JSON. */
function fileWith(name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

function refusal(environment: Record<string, string>): string[] {
  try {
    loadConfig(environment)
  } catch (error) {
    assert.ok(error instanceof DomainError && error.code === 'start_refused')
    return error.message.split('\n')
  }
  return []
}

test('nothing has to be set in development', () => {
  const config = loadConfig({ PATH: '/bin', UM_TEST_ANYTHING: 'x', UM_PORT: '' })
  assert.deepEqual(
    [
      config.mode,
      config.host,
      config.port,
      config.publicUrl,
      config.databaseUrl,
      config.shutdownDelaySeconds,
    ],
    ['development', 'localhost', 8080, null, 'sqlite:users.db', 0],
  )
})

test('everything that is wrong is said at once, one line each', () => {
  const lines = refusal({
    UM_PROT: '1',
    UM_PORT: 'x',
    UM_MODE: 'test',
    UM_CORS_ORIGINS: 'https://a.example/',
  })
  assert.equal(lines.length, 4)
  assert.match(lines[0] ?? '', /UM_PROT is not known \(did you mean UM_PORT\?\)/)
  assert.match(lines.join('\n'), /UM_MODE is test, but takes development or production/)
})

test('a name that resembles nothing gets no suggestion', () => {
  const [line = ''] = refusal({ UM_COMPLETELY_DIFFERENT: '1' })
  assert.match(line, /not known; remove it/)
})

test('the policy of passwords is standard, and every list, service and pepper is off, unless it is set', () => {
  const { passwordPolicy, passwordListFile, passwordRangeUrl, passwordPepperFile } = loadConfig({})
  assert.deepEqual(
    [passwordPolicy, passwordListFile, passwordRangeUrl, passwordPepperFile],
    ['standard', null, null, null],
  )
  assert.equal(loadConfig({ UM_PASSWORD_POLICY: 'nist' }).passwordPolicy, 'nist')
})

test('a service of breached passwords is asked over https, or on this machine, and its URL is a prefix', () => {
  for (const url of [
    'https://passwords.example.com/range/',
    'http://127.0.0.1:8080/',
    'http://localhost/r/',
  ]) {
    assert.equal(loadConfig({ UM_PASSWORD_RANGE_URL: url }).passwordRangeUrl, url)
  }
  const wrong = ['http://passwords.example.com/range/', 'https://a.example/range', 'https://a.example/?r=/']
  for (const url of [...wrong, 'https://user:word@a.example/', 'http://127.0.0.1.example.com/', 'range/']) {
    assert.match(refusal({ UM_PASSWORD_RANGE_URL: url }).join(), /^UM_PASSWORD_RANGE_URL is no URL like/, url)
  }
})

test('production listens everywhere and waits before it closes', () => {
  const config = loadConfig({
    UM_MODE: 'production',
    UM_PUBLIC_URL: 'https://accounts.example.com/',
    UM_SMTP_URL: 'smtps://user:p%40ss@mail.example.com',
    UM_MAIL_FROM: 'accounts@example.com',
  })
  assert.deepEqual(
    [config.host, config.publicUrl, config.shutdownDelaySeconds],
    ['0.0.0.0', 'https://accounts.example.com', 5],
  )
})

test('the example of settings names each setting once, with its default and nothing set', () => {
  const lines = environmentExample().split('\n')
  for (const { name, fallback } of settings) {
    assert.deepEqual(
      lines.filter((line) => line.startsWith(`#${name}=`)),
      [`#${name}=${fallback ?? ''}`],
    )
  }
  assert.ok(!lines.some((line) => line.startsWith('UM_')))
})

test('a secret may come from a file, whose last line end does not count, and is shown only as set', () => {
  const url = 'smtps://user:hidden-word@mail.example.com'
  const environment = { UM_SMTP_URL_FILE: fileWith('smtp', `${url}\n`) }
  assert.equal(loadConfig(environment).smtpUrl, url)
  const shown = effectiveSettings(environment)
  assert.deepEqual(
    shown.filter(({ name }) => name === 'UM_SMTP_URL'),
    [{ name: 'UM_SMTP_URL', value: '(set)', source: 'UM_SMTP_URL_FILE' }],
  )
  assert.doesNotMatch(JSON.stringify(shown), /hidden-word/)
})

test('a secret that is given twice, or whose file cannot be read or is too large, stops the start', () => {
  const UM_SMTP_URL_FILE = fileWith('smtp', 'smtp://localhost')
  const [twice = '', ...more] = refusal({ UM_SMTP_URL_FILE, UM_SMTP_URL: 'smtp://localhost' })
  assert.equal(twice, 'UM_SMTP_URL and UM_SMTP_URL_FILE are both set; remove one of them.')
  assert.deepEqual(more, [])
  const [missing = ''] = refusal({ UM_SMTP_URL_FILE: join(folder, 'none') })
  assert.match(missing, /none of UM_SMTP_URL_FILE cannot be read/)
  const [large = ''] = refusal({ UM_SMTP_URL_FILE: fileWith('large', 'x'.repeat(64 * 1024 + 1)) })
  assert.match(large, /of UM_SMTP_URL_FILE has more than 65536 bytes/)
})

test('only secrets have a file of their own', () => {
  const [line = ''] = refusal({ UM_PUBLIC_URL_FILE: fileWith('url', 'http://localhost') })
  assert.match(line, /UM_PUBLIC_URL_FILE is not known/)
})

test('the first administrator is an address and the file of a password, with a username of its own', () => {
  assert.equal(loadConfig({}).firstAdmin, null)
  const pair = {
    UM_ADMIN_EMAIL: 'root@example.com',
    UM_ADMIN_PASSWORD_FILE: fileWith('password', ' spaces stay \r\n'),
  }
  const expected = { email: 'root@example.com', username: 'admin', password: ' spaces stay ' }
  assert.deepEqual(loadConfig(pair).firstAdmin, expected)
  assert.equal(loadConfig({ ...pair, UM_ADMIN_USERNAME: 'root' }).firstAdmin?.username, 'root')
  const shown = JSON.stringify(effectiveSettings(pair))
  assert.doesNotMatch(shown, /spaces stay/)
})

test('half of the first administrator stops the start, and so does a password file that is not there', () => {
  const together = 'UM_ADMIN_EMAIL and UM_ADMIN_PASSWORD_FILE belong together; set both or none.'
  assert.deepEqual(refusal({ UM_ADMIN_EMAIL: 'root@example.com' }), [together])
  assert.deepEqual(refusal({ UM_ADMIN_PASSWORD_FILE: fileWith('password', 'x') }), [together])
  const [line = ''] = refusal({ UM_ADMIN_EMAIL: 'root@example.com', UM_ADMIN_PASSWORD_FILE: folder })
  assert.match(line, /of UM_ADMIN_PASSWORD_FILE cannot be read/)
})

test('roles come from a file, beside the built-in ones', () => {
  assert.equal(loadConfig({}).roles, builtInRoles)
  const { roles } = loadConfig({ UM_ROLES_FILE: fileWith('roles', { support: ['users:read'] }) })
  assert.deepEqual(roles, { ...builtInRoles, support: ['users:read'] })
})

test('a file of roles that is wrong stops the start with all that is wrong, and its name', () => {
  const file = fileWith('roles', { admin: [], desk: ['users:raed'] })
  const lines = refusal({ UM_ROLES_FILE: file, UM_PORT: 'x' })
  assert.deepEqual(lines.filter((line) => line.startsWith(`The file ${file} of UM_ROLES_FILE `)).length, 2)
  assert.equal(lines.length, 3)
  assert.match(refusal({ UM_ROLES_FILE: fileWith('roles', '{') })[0] ?? '', /is not JSON; correct it\.$/)
})

test('the schema of the profile comes from a file, with its references written out', () => {
  assert.equal(loadConfig({}).profileSchema, null)
  const schema = {
    type: 'object',
    properties: { a: { $ref: '#/$defs/a' } },
    $defs: { a: { type: 'string' } },
  }
  assert.deepEqual(loadConfig({ UM_PROFILE_SCHEMA_FILE: fileWith('schema', schema) }).profileSchema, {
    type: 'object',
    properties: { a: { type: 'string' } },
  })
})

test('a schema of the profile that is wrong stops the start with all that is wrong, and its name', () => {
  const file = fileWith('schema', {
    type: 'object',
    properties: { a: { type: 'strng', $ref: 'other.json' } },
  })
  const lines = refusal({ UM_PROFILE_SCHEMA_FILE: file })
  assert.equal(lines.length, 2)
  for (const line of lines) assert.ok(line.startsWith(`The file ${file} of UM_PROFILE_SCHEMA_FILE `), line)
  for (const content of ['null', '[]', '{}', '{']) {
    assert.equal(refusal({ UM_PROFILE_SCHEMA_FILE: fileWith('schema', content) }).length, 1, content)
  }
})

test('there is no internal port unless it is set, and it is a port number', () => {
  assert.equal(loadConfig({}).internalPort, null)
  assert.equal(loadConfig({ UM_INTERNAL_PORT: '9464' }).internalPort, 9464)
  assert.equal(loadConfig({ UM_INTERNAL_PORT: '0' }).internalPort, 0)
  for (const UM_INTERNAL_PORT of ['-1', '65536', '1e3', 'on']) {
    assert.match(refusal({ UM_INTERNAL_PORT })[0] ?? '', /^UM_INTERNAL_PORT is no port number/)
  }
})

test('registration names taken addresses unless it is told to conceal them', () => {
  assert.equal(loadConfig({}).disclosure, 'friendly')
  assert.equal(loadConfig({ UM_REGISTRATION_DISCLOSURE: 'strict' }).disclosure, 'strict')
  assert.deepEqual(refusal({ UM_REGISTRATION_DISCLOSURE: 'Strict' }), [
    'UM_REGISTRATION_DISCLOSURE is Strict, but takes friendly or strict.',
  ])
})
