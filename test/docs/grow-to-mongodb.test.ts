/** The guide to MongoDB names only what there is. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { settings } from '../../src/config.ts'
import { catalogue } from '../../src/domain/errors.ts'
import { http, mail, mongodb } from '../../src/domain/limits.ts'
import { read, ROOT } from '../rules/source.ts'

const guide = read('docs/guide/grow-to-mongodb.md')

test('every setting and every error code that the guide names exists', () => {
  const known = new Set<string>(settings.map(({ name }) => name))
  const named = [...new Set(guide.match(/\bUM_[A-Z_]+/g))]
  assert.ok(named.includes('UM_DATABASE_URL') && named.includes('UM_MASTER_KEY_FILE'))
  assert.deepEqual(
    named.filter((name) => !known.has(name)),
    [],
  )
  const codes = [...guide.matchAll(/`(overloaded|[a-z]+_[a-z_]*able)`/g)].map(([, code = '']) => code)
  assert.ok(codes.length >= 2)
  assert.deepEqual(
    codes.filter((code) => !(code in catalogue)),
    [],
  )
})

test('the times that the guide promises are those of the limits', () => {
  assert.match(guide, new RegExp(`more than ${mongodb.clockDifferenceMs / 1000} s away`))
  assert.equal(mongodb.contactMs, 1000)
  assert.match(guide, /tries again every second/)
  assert.equal(mail.leaseMs, 120_000)
  assert.match(guide, /has it for two minutes/)
  assert.ok(mongodb.serverSelectionTimeoutMs < 10_000 && mongodb.verbMs < 10_000)
  assert.ok(http.retryAfterSeconds > 0)
})

test('the command that moves users has the options that the guide gives it', () => {
  const flags = commands
    .find(({ name }) => name === 'copy-store')
    ?.options?.map(({ flag }) => flag.split(' ')[0])
  const given = [...guide.matchAll(/(?<=copy-store |it is `)(--[^`\n]+)/g)].flatMap(
    ([words]) => words.match(/--[\w-]+/g) ?? [],
  )
  assert.ok(given.length >= 4)
  assert.deepEqual(
    given.filter((flag) => !flags?.includes(flag)),
    [],
  )
})

test('what the guide links to is there', () => {
  const links = [...guide.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target)
  assert.ok(links.length > 0)
  for (const target of links) assert.ok(existsSync(join(ROOT, 'docs/guide', target)), target)
})
