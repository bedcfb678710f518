import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../src/observe/log.ts'
import { readableLine } from '../../src/observe/readable-line.ts'

/** Standard error of a program: a terminal, or a pipe. */
function target(isTTY: boolean) {
  const written: string[] = []
  return { isTTY, write: (text: unknown) => written.push(String(text)) > 0, written }
}

test('a pipe gets one line of JSON each, with the time and the fields', () => {
  const pipe = target(false)
  const log = createLog('info', pipe)
  log.info({ userId: 'u1', attempts: 2 }, 'something happened')
  log.error({}, 'something broke', new TypeError('a defect\nin two lines'))
  const [first = '', second = ''] = pipe.written
  const { time, ...rest } = JSON.parse(first)
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.deepEqual(rest, { level: 30, userId: 'u1', attempts: 2, msg: 'something happened' })
  assert.match(JSON.parse(second).err.stack, /^TypeError: a defect\nin two lines\n/)
  for (const line of pipe.written) assert.match(line, /^\{[^\n]*\}\n$/)
})

test('a terminal gets lines for people, in colours unless NO_COLOR is set', () => {
  const { NO_COLOR: before } = process.env
  try {
    delete process.env['NO_COLOR']
    const coloured = target(true)
    createLog('info', coloured).warn({ kind: 'new_device', retryMs: 5000 }, 'a mail was not taken')
    assert.match(
      coloured.written.join(''),
      // oxlint-disable-next-line no-control-regex -- the colours of a terminal are control characters
      /^\d\d:\d\d:\d\d\.\d{3} \u001b\[33mWARN \u001b\[0m a mail was not taken {2}kind=new_device {2}retryMs=5000\n$/,
    )
    process.env['NO_COLOR'] = '1'
    const plain = target(true)
    createLog('info', plain).info({}, 'ready')
    assert.match(plain.written.join(''), /^\d\d:\d\d:\d\d\.\d{3} INFO  ready\n$/)
  } finally {
    delete process.env['NO_COLOR']
    if (before !== undefined) process.env['NO_COLOR'] = before
  }
})

test('the stack of an error stands below its line', () => {
  const terminal = target(true)
  createLog('info', terminal).error({ code: 'internal_error' }, 'request failed', new TypeError('a defect'))
  const [head = '', first = '', second = ''] = terminal.written.join('').split('\n')
  assert.match(head, /request failed {2}code=internal_error$/)
  assert.equal(first, '    TypeError: a defect')
  assert.match(second, /^ {4}at .*log\.test\.ts/)
})

test('no control character of a field reaches the terminal, and no field can look like two', () => {
  const hostile = '\u001b[2J\u0007\r\n\u009b1m\u202e\u2028 forged=1 "quoted"'
  const json = JSON.stringify({
    level: 30,
    time: '2026-01-02T03:04:05.678Z',
    msg: hostile,
    [hostile]: hostile,
  })
  const line = readableLine(`${json}\n`, { colours: false })
  assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  assert.match(line, /^03:04:05\.678 INFO /)
  assert.match(line, /="\\u001b\[2J\\u0007.* forged=1 \\"quoted\\""\n$/)
  assert.equal(readableLine('no JSON \u001b[2J\n', { colours: false }), 'no JSON \\u001b[2J\n')
})

test('lines below the level are not written; only at debug is there anything to be called for a request', () => {
  const pipe = target(false)
  const quiet = createLog('warn', pipe)
  quiet.info({}, 'nobody asked for this')
  assert.deepEqual(pipe.written, [])
  for (const level of ['info', 'warn', 'error']) assert.equal(createLog(level, pipe).debug, undefined)
  createLog('debug', pipe).debug?.({ route: '/users/{id}' }, 'request answered')
  assert.equal(JSON.parse(pipe.written.join('')).route, '/users/{id}')
})
