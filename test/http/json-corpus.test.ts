/** The reader of JSON against texts that the grammar of RFC 8259 gives, and texts that break it in one place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '../../src/domain/errors.ts'
import { http } from '../../src/domain/limits.ts'
import { readJson } from '../../src/http/body.ts'
import { jsonCorpus } from '../support/json-corpus.ts'
import { startTestServer } from '../support/server.ts'

const { taken, refused } = jsonCorpus()
const { client, newUser, signIn } = await startTestServer()
const { access_token: token } = await signIn(await newUser())
const headers = { 'content-type': 'application/json' }

/** One of each kind: open, with fields, with a bearer, with an optional body, without any. */
const operations = [
  'POST /users/login',
  'POST /users/register',
  'POST /users/reset-password',
  'PUT /users/profile',
  'DELETE /users/delete',
  'DELETE /users/sessions',
]

/** Every text of the list at every operation, a few at a time. */
async function sendAll(texts: readonly (string | Uint8Array)[], see: (code: string, text: string) => void) {
  for (const operation of operations) {
    const [method = '', path = ''] = operation.split(' ')
    for (let at = 0; at < texts.length; at += 32) {
      const some = texts.slice(at, at + 32)
      const answers = await Promise.all(
        some.map((body) => client.send(method, path, { token, body, headers })),
      )
      for (const [index, answer] of answers.entries())
        see(answer.problem.code, `${operation} ${shown(some[index] ?? '')}: ${answer.text}`)
    }
  }
}

function shown(text: string | Uint8Array): string {
  return JSON.stringify(Buffer.from(text).toString('latin1').slice(0, 60))
}

function read(text: string | Uint8Array): unknown {
  return readJson(Buffer.from(text))
}

test('the corpus has hundreds of texts of either kind, none of them in both', () => {
  assert.ok(taken.length >= 100, `${taken.length}`)
  assert.ok(refused.length >= 200, `${refused.length}`)
  const both = taken.filter((text) => refused.includes(text))
  assert.deepEqual(both, [])
})

test('every text of the grammar is read, and as what every other reader makes of it (I3)', () => {
  for (const text of taken) assert.deepEqual(read(text), JSON.parse(text), shown(text))
})

test('every text that breaks the grammar, or has two meanings, is refused and never read (I3)', () => {
  for (const text of refused) {
    assert.throws(
      () => read(text),
      (error) => error instanceof DomainError && error.code === 'json_invalid',
      shown(text),
    )
  }
})

test('six operations refuse each of them with a 400, before they look at fields (I3)', async () => {
  // Nothing at all is no body, which some operations take.
  const texts = refused.filter((text) => text.length > 0)
  await sendAll(texts, (code, where) => assert.equal(code, 'json_invalid', where))
})

test('six operations read each text of the grammar, and find fault with its fields only (I3)', async () => {
  // Taken as they stand by the operations that need no field.
  const texts = taken.filter((text) => !/^\s*\{\s*\}\s*$/.test(text))
  await sendAll(texts, (code, where) => assert.equal(code, 'validation_failed', where))
})

test('five million levels cost no more than a plain body of the same size (I3)', async () => {
  const bytes = 5_000_000
  const time = async (body: Buffer) => {
    const began = performance.now()
    const answer = await client.send('POST', '/users/login', { body, headers })
    assert.equal(answer.problem.code, 'body_too_large')
    return performance.now() - began
  }
  const plain = Buffer.from(`"${'x'.repeat(bytes)}"`)
  const deep = Buffer.alloc(bytes, '[')
  const times = { plain: Infinity, deep: Infinity }
  for (let round = 0; round < 5; round += 1) {
    times.plain = Math.min(times.plain, await time(plain))
    times.deep = Math.min(times.deep, await time(deep))
  }
  assert.ok(times.deep < times.plain * 3 + 20, JSON.stringify(times))
})

test('the deepest and the fullest texts within the size limit cost milliseconds (I3)', () => {
  const size = http.bodyMaxBytes
  const texts = {
    plain: `"${'x'.repeat(size - 2)}"`,
    open: '['.repeat(size),
    nested: '['.repeat(size / 2) + ']'.repeat(size / 2),
    objects: `${'{"":'.repeat(size / 5)}1${'}'.repeat(size / 5)}`,
    list: `[${'1,'.repeat(size / 2 - 2)}1]`,
    quotes: `"${'\\"'.repeat(size / 2 - 1)}"`,
    strings: `[${'"",'.repeat(size / 3 - 2)}""]`,
    keys: `{${'"":1,'.repeat(size / 5 - 2)}"":1}`,
    spaces: `{${' '.repeat(size - 2)}}`,
    colons: `{"a"${' '.repeat(size - 8)}:1}`,
    unclosed: `"${'\\\\'.repeat(size / 2 - 1)}`,
    digits: '9'.repeat(size),
  }
  for (const [name, text] of Object.entries(texts)) {
    assert.ok(text.length <= size, name)
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now()
      try {
        read(text)
      } catch (error) {
        assert.ok(error instanceof DomainError, name)
      }
      return performance.now() - began
    })
    assert.ok(Math.min(...times) < 20, `${name} ${Math.min(...times)} ms`)
  }
})
