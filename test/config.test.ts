import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentExample, loadConfig, settings } from '../src/config.ts'
import { DomainError } from '../src/domain/errors.ts'

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
  assert.deepEqual(config.withoutEffect, [])
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

test('a setting whose feature does not exist yet is taken, and named as without effect', () => {
  const config = loadConfig({ UM_PASSWORD_POLICY: 'nist', UM_LOG_LEVEL: 'warn' })
  assert.deepEqual(config.withoutEffect, ['UM_PASSWORD_POLICY'])
  assert.equal(config.logLevel, 'warn')
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
