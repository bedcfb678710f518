import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProgress } from '../../src/cli/progress.ts'

function run({ isTTY, total }: { readonly isTTY: boolean; readonly total: number | null }) {
  const written: string[] = []
  let now = 1000
  const stream = { isTTY, write: (text: unknown) => written.push(String(text)) > 0 }
  const progress = createProgress({ of: 'users', total, stream, stopwatch: () => now })
  return { written, progress, pass: (ms: number) => void (now += ms) }
}

test('where there is no terminal a line comes every five seconds, with rate and time left', () => {
  const { written, progress, pass } = run({ isTTY: false, total: 10_000 })
  for (let done = 500; done <= 5000; done += 500) {
    pass(1000)
    progress.reached(done)
  }
  progress.end()
  assert.deepEqual(written, [
    '2500 of 10000 users (25 %), 500 users/s, 15 s left\n',
    '5000 of 10000 users (50 %), 500 users/s, 10 s left\n',
  ])
})

test('on a terminal one line is rewritten, and gone at the end', () => {
  const { written, progress, pass } = run({ isTTY: true, total: 200_000 })
  pass(1000)
  progress.reached(1000)
  progress.reached(1001)
  progress.end()
  assert.deepEqual(written, [
    '\r\u001b[K1000 of 200000 users (0 %), 1000 users/s, 3 min 19 s left',
    '\r\u001b[K',
  ])
})

test('without a known end the time left is not guessed, and what is over at once says nothing', () => {
  const { written, progress, pass } = run({ isTTY: false, total: null })
  progress.reached(100)
  progress.end()
  assert.deepEqual(written, [])
  pass(6000)
  progress.reached(12_000)
  assert.deepEqual(written, ['12000 users, 2000 users/s\n'])
})
