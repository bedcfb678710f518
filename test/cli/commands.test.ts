import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { compileCache } from '../support/process.ts'

const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'um-cli-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the command in a process of its own, with no other settings than these. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { NODE_COMPILE_CACHE: compileCache(), ...env },
  })
  return { status, stdout, stderr }
}

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

test('an error code is explained for people and for programs', () => {
  assert.match(run(['explain', 'email_taken']).stdout, /^action +Sign in with POST \/users\/login/m)
  const { status, stdout } = run(['explain', 'last_admin', '--output', 'json'])
  assert.equal(status, 0)
  assert.equal(JSON.parse(stdout).status, 409)
})

test('a code that there is not ends with 1, says which are like it and prints no data', () => {
  const { status, stdout, stderr } = run(['explain', 'email_tak'])
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(stderr, /email_taken/)
})

test('a wrong name, a wrong option and a missing argument end with 2', () => {
  for (const args of [['nope'], ['serve', '--nope'], ['explain'], ['config', 'nope']]) {
    const { status, stdout, stderr } = run(args)
    assert.deepEqual([status, stdout], [2, ''], args.join(' '))
    assert.match(stderr, /error: /)
  }
})

test('the help names every command, setting and exit code', () => {
  const { status, stdout } = run(['--help'])
  assert.equal(status, 0)
  for (const word of ['serve', 'users', 'config', 'explain', 'UM_PUBLIC_URL', '4    the settings']) {
    assert.ok(stdout.includes(word), word)
  }
})

test('settings are shown with their source, and secrets only as set', () => {
  const secret = 'smtps://user:hunter2@mail.example.com'
  const env = { UM_PORT: '9000', UM_SMTP_URL_FILE: file('smtp', `${secret}\n`) }
  const { status, stdout, stderr } = run(['config', 'print', '--output', 'ndjson'], env)
  assert.equal(status, 0)
  const rows = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => [JSON.parse(line).name, JSON.parse(line)]),
  )
  assert.deepEqual(rows.get('UM_PORT'), { name: 'UM_PORT', value: '9000', source: 'environment' })
  assert.deepEqual(rows.get('UM_SMTP_URL'), {
    name: 'UM_SMTP_URL',
    value: '(set)',
    source: 'UM_SMTP_URL_FILE',
  })
  assert.equal(rows.get('UM_MODE').source, 'default')
  assert.ok(!`${stdout}${stderr}`.includes('hunter2'))
})

test('a file of settings counts where the environment has none', () => {
  const envFile = file('settings.env', 'UM_PORT=9001\nUM_LOG_LEVEL="warn"\n')
  const { stdout } = run(['config', 'print', '--env-file', envFile], { UM_PORT: '9002' })
  assert.match(stdout, /^UM_PORT +9002 /m)
  assert.match(stdout, /^UM_LOG_LEVEL +warn /m)
})

test('a check says everything that is wrong and ends with 4, and with 0 where all is right', () => {
  const wrong = { UM_PORT: 'x', UM_MODUS: 'production', UM_SMTP_URL_FILE: join(folder, 'absent') }
  const { status, stderr } = run(['config', 'check'], wrong)
  assert.equal(status, 4)
  assert.deepEqual(stderr.trim().split('\n').length, 3)
  assert.match(stderr, /UM_MODUS is not known \(did you mean UM_MODE\?\)/)
  assert.equal(run(['config', 'check'], { UM_PORT: '9000' }).status, 0)
  const both = { UM_SMTP_URL: 'smtp://a.example', UM_SMTP_URL_FILE: file('other', 'smtp://b.example') }
  assert.match(run(['config', 'check'], both).stderr, /UM_SMTP_URL and UM_SMTP_URL_FILE are both set/)
  assert.notEqual(run(['config', 'check', '--env-file', join(folder, 'absent')]).status, 0)
})
