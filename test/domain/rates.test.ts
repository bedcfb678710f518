import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { rates } from '../../src/domain/limits.ts'
import { readRates } from '../../src/domain/rates.ts'

const production = (text: string) => readRates(text, 'production')

test('the numbers in production are those of the table', () => {
  const { table, problems } = production('on')
  assert.deepEqual(problems, [])
  const numbers = Object.entries(table ?? {}).map(
    ([name, rate]) => `${name} ${rate.limit}/${rate.windowMs / 1000}`,
  )
  assert.deepEqual(numbers, [
    'login 30/60',
    'spray 20/3600',
    'register 60/3600',
    'mail 60/3600',
    'token 60/3600',
    'recipient 3/3600',
    'refresh 120/60',
    'send 10/1',
  ])
})

test('in development a network may do a hundred times as much, and an address gets ten times as many mails', () => {
  const table = readRates('on', 'development').table
  assert.deepEqual(
    [table?.login, table?.register, table?.recipient, table?.refresh].map((rate) => rate?.limit),
    [3000, 6000, 30, 120],
  )
  assert.equal(loadConfig({}).rates?.login.limit, 3000)
})

test('a rule replaces its row in every mode and leaves the others, the last one of a name wins', () => {
  for (const mode of ['production', 'development'] as const) {
    const { table, problems } = readRates('register=7/h, login=2/s ,register=600/m', mode)
    assert.deepEqual(problems, [])
    assert.deepEqual(table?.register, { limit: 600, windowMs: 60_000 })
    assert.deepEqual(table?.login, { limit: 2, windowMs: 1000 })
    assert.deepEqual(table?.mail.windowMs, rates.mail.windowMs)
  }
})

test('off is no limit at all, and only this word is', () => {
  assert.equal(production('off').table, null)
  assert.equal(loadConfig({ UM_RATE_LIMITS: 'off' }).rates, null)
})

test('what is no rule stops the start with what may be written instead', () => {
  const wrong = ['On', 'OFF', 'off,login=1/s', 'login', 'login=0/h', 'login=-1/h', 'login=1.5/h', 'login=1/d']
  const odder = [
    'login=1/h,',
    'account=1/h',
    'toString=1/h',
    'login=99999999/h',
    'login=1/hour',
    'login:1/h',
    ' ',
  ]
  for (const text of [...wrong, ...odder]) {
    assert.notDeepEqual(production(text).problems, [], text)
    assert.throws(() => loadConfig({ UM_RATE_LIMITS: text }), {
      code: 'start_refused',
      message: /UM_RATE_LIMITS.*register=600\/h of login, spray, register, mail/,
    })
  }
})
