/** The files for containers, services and proxies name only what there is, and agree with each other. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseEnv } from 'node:util'
import { loadConfig, settings } from '../../src/config.ts'
import { control, http } from '../../src/domain/limits.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { read, ROOT } from '../rules/source.ts'
import { startServer, temporaryFolder } from '../support/process.ts'

const FILES = ['Dockerfile', ...readdirSync(join(ROOT, 'deploy')).map((name) => `deploy/${name}`)].filter(
  (name) => name !== 'deploy/secrets',
)
const unit = read('deploy/user-management.service')
const env = parseEnv(read('deploy/settings.env'))
const composes = ['deploy/compose.sqlite.yaml', 'deploy/compose.mongodb.yaml']

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? assert.fail(String(pattern)))
}

test('every setting that is named exists, and those that name a file are secrets', () => {
  const known = new Set(settings.map(({ name }) => name as string))
  const files = settings.flatMap((setting) => ('secret' in setting ? [`${setting.name}_FILE`] : []))
  for (const name of FILES) {
    const named = [...new Set(read(name).match(/\bUM_[A-Z_]+/g))]
    assert.deepEqual(
      named.filter((each) => !known.has(each) && !files.includes(each)),
      [],
      name,
    )
  }
})

test('the settings of the service start a server in production, once its secrets are there', () => {
  const smtp = join(temporaryFolder(), 'smtp-url')
  writeFileSync(smtp, 'smtps://user:password@mail.example.com\n')
  const config = loadConfig({ ...env, UM_SMTP_URL_FILE: smtp })
  assert.equal(config.mode, 'production')
  assert.equal(config.dataDir, `/var/lib/${/^StateDirectory=(\S+)$/m.exec(unit)?.[1]}`)
  assert.deepEqual([config.host, config.port], ['127.0.0.1', 8080])
  assert.throws(() => loadConfig(env), { code: 'start_refused' })
})

test('the environment of each compose file starts a server in production, once its secrets are there', () => {
  const folder = temporaryFolder()
  for (const name of composes) {
    const given = [...read(name).matchAll(/^ {6}(UM_\w+): (\S+)$/gm)].map(([, setting = '', value = '']) => {
      const secret = /^\/run\/secrets\/(\w+)$/.exec(value)?.[1]
      if (secret === undefined) return [setting, value]
      assert.ok(read(name).includes(`file: secrets/${secret}\n`), `${name} has ${secret}`)
      writeFileSync(join(folder, secret), secret === 'smtp_url' ? 'smtp://mail.example.com' : 'ab'.repeat(32))
      return [setting, join(folder, secret)]
    })
    const config = loadConfig({ UM_MODE: 'production', ...Object.fromEntries(given) })
    assert.equal(config.databaseUrl.startsWith('mongodb'), name.includes('mongodb'))
    assert.equal(config.port, numberIn(read('Dockerfile'), /^EXPOSE (\d+)$/m))
    assert.deepEqual(config.trustedProxies, [/gateway: (\S+)/.exec(read(name))?.[1]])
  }
})

test('containers cannot write their own files, gain no rights, and open no port to other machines', () => {
  for (const name of composes) {
    const [, service = ''] = read(name).split(/^ {2}user-management:$/m)
    for (const line of [
      'read_only: true',
      'cap_drop:\n      - ALL',
      'no-new-privileges:true',
      '- data:/data',
    ])
      assert.ok(service.includes(line), `${name}: ${line}`)
    const ports = [...read(name).matchAll(/^ {6}- (\S*\d+:\d+)$/gm)].map(([, port = '']) => port)
    assert.deepEqual(ports, ['127.0.0.1:8080:8080'])
  }
})

test('whoever waits for the server waits longer than it may take', () => {
  const graceSeconds = composes.map((name) => numberIn(read(name), /stop_grace_period: (\d+)s/))
  const longest = (http.requestTimeoutMs + 5000) / 1000
  for (const seconds of [...graceSeconds, numberIn(unit, /TimeoutStopSec=(\d+)s/)])
    assert.ok(seconds > longest)
  assert.ok(numberIn(read('Dockerfile'), /--timeout=(\d+)s/) * 1000 > control.healthAnswerMs)
  // Idle connections are closed by the proxy, so that it sends no request into one that the server closes.
  for (const name of ['deploy/nginx.conf', 'deploy/Caddyfile'])
    assert.ok(numberIn(read(name), /keepalive(?:_timeout)? (\d+)s/) * 1000 < http.keepAliveTimeoutMs, name)
})

test('the service runs what there is, and does not start again what cannot start', () => {
  const [, script = ''] = /^ExecStart=\/usr\/bin\/node \/opt\/user-management\/(\S+) serve$/m.exec(unit) ?? []
  assert.ok(existsSync(join(ROOT, script)), script)
  assert.equal(numberIn(unit, /RestartPreventExitStatus=(\d+)/), exitCodes.configuration.code)
  assert.equal(/^EnvironmentFile=(\S+)$/m.exec(unit)?.[1], '/etc/user-management/settings.env')
  // Node compiles as it runs: with this the process would be killed.
  assert.doesNotMatch(unit, /^MemoryDenyWriteExecute/m)
})

test('passwords are hashed where a thread may not change its priority, and the service lets it', async (t) => {
  assert.match(unit, /^SystemCallFilter=~.*@resources\n(?:#.*\n)?SystemCallFilter=setpriority$/m)
  const forbid = `
    import os from 'node:os'
    import { syncBuiltinESMExports } from 'node:module'
    os.setPriority = () => { throw new Error('uv_os_setpriority returned EPERM') }
    syncBuiltinESMExports()`
  const preload = `--import=data:text/javascript,${encodeURIComponent(forbid)}`
  const dataDir = join(temporaryFolder(), 'data')
  const server = await startServer({ dataDir, how: 'directly', settings: { NODE_OPTIONS: preload } })
  t.after(() => server.end('SIGKILL'))
  const person = { username: 'ada', email: 'ada@example.com', password: 'four plain words together' }
  const headers = { 'content-type': 'application/json' }
  const sent = { method: 'POST', headers, body: JSON.stringify(person) }
  assert.equal((await fetch(`${server.url}/users/register`, sent)).status, 201)
})

test('proxies pass paths on as they came, and log no link', () => {
  const nginx = read('deploy/nginx.conf')
  assert.match(nginx, /proxy_pass http:\/\/user_management;/)
  assert.match(nginx, /merge_slashes off;/)
  assert.equal(nginx.match(/access_log off;/g)?.length, nginx.match(/^server \{/gm)?.length)
  assert.match(nginx, /X-Forwarded-For \$remote_addr;/)
  const caddy = read('deploy/Caddyfile')
  const [options = '', site = ''] = caddy.split(/^accounts\.example\.com /m)
  assert.match(options, /request>uri delete\n\s+request>headers delete/)
  assert.doesNotMatch(site, /^\s*(?:log|handle_path|uri)\b/m)
})
