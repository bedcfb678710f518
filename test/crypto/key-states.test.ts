import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  dropped,
  type Keys,
  mayVerify,
  missing,
  readyAt,
  rotated,
  started,
  upheld,
} from '../../src/crypto/key-states.ts'
import type { StoredKey } from '../../src/domain/ports/records.ts'

const NOW = Date.UTC(2026, 10, 24, 12)
const DAY_MS = 86_400_000
/** A key set may be handed out for 60 s after a change, and be kept for 600 s then. */
const PUBLISHED_MS = 660_000
/** Another node may sign for 60 s; what it signed lives for 600 s, and 5 s more by another clock. */
const RETIRED_MS = 665_000

/** A ring, as `<state> <name>`; `+ms` in `retired` is its end, `-ms` in the others their beginning, from now. */
function ring(text: string): Keys {
  return text.split(', ').map((each): StoredKey => {
    const [state = '', kid = '', offset = '0', algorithm = 'ES256'] = each.split(' ')
    const at = NOW + Number(offset)
    const key = { kid, algorithm, publicJwk: {}, sealedPrivate: new Uint8Array(0), createdAt: at }
    if (state === 'active') return { ...key, state, activatedAt: at, retiresAt: null }
    if (state === 'next') return { ...key, state, activatedAt: null, retiresAt: null }
    return { ...key, state: 'retired', createdAt: NOW, activatedAt: NOW, retiresAt: at }
  })
}

const names = (keys: Keys | null): string =>
  keys ? keys.map(({ state, kid }) => `${state} ${kid}`).join(', ') || 'none' : 'unknown'

type Change = (keys: Keys) => Keys | null

function change(how: (keys: Keys, now: number) => Keys): Change {
  return (keys) => how(keys, NOW)
}

function drop(kid: string): Change {
  return (keys) => dropped(keys, kid, NOW)
}

function start(algorithm = 'ES256'): Change {
  return (keys) => started(keys, algorithm, NOW)
}

const rows: readonly (readonly [
  event: string,
  change: Change,
  before: string,
  after: string,
  made: string,
])[] = [
  ['a rotation', change(rotated), 'active a, next b', 'retired a, active b', 'next'],
  ['a rotation', change(rotated), 'next b, active a', 'active b, retired a', 'next'],
  ['a rotation', change(rotated), 'active a, next b, retired c 1', 'retired a, active b, retired c', 'next'],
  ['a rotation', change(rotated), 'active a, next b, retired c 0', 'retired a, active b', 'next'],
  ['a drop of the active key', drop('a'), 'active a, next b, retired c 1', 'active b, retired c', 'next'],
  ['a drop of the next key', drop('b'), 'active a, next b, retired c 1', 'active a, retired c', 'next'],
  ['a drop of a retired key', drop('c'), 'active a, next b, retired c 1', 'active a, next b', ''],
  ['a drop of the only key', drop('a'), 'active a', 'none', 'active next'],
  ['a drop of another key', drop('A'), 'active a, next b', 'unknown', ''],
  ['a drop of no key', drop(''), 'active a, next b', 'unknown', ''],
  ['a start', start(), 'active a, next b', 'active a, next b', ''],
  ['a start', start(), 'active a', 'active a', 'next'],
  ['a start', start(), 'active a, next b, retired c 0', 'active a, next b', ''],
  ['a start', start(), 'active a, next b, retired c 1', 'active a, next b, retired c', ''],
  ['a start with RS256', start('RS256'), 'active a, next b', 'retired a', 'active next'],
  ['a start with RS256', start('RS256'), 'active a, next b -9 RS256', 'retired a, next b', 'active'],
  ['a reading', change(upheld), 'active a -9, next b -9, retired c 0', 'active a, next b', ''],
  ['a reading', change(upheld), `active a ${1 - 90 * DAY_MS}, next b -${DAY_MS}`, 'active a, next b', ''],
  ['a reading', change(upheld), `active a -${90 * DAY_MS}, next b -${DAY_MS}`, 'retired a, active b', 'next'],
  [
    'a reading',
    change(upheld),
    `active a -${90 * DAY_MS}, next b -${PUBLISHED_MS - 1}`,
    'active a, next b',
    '',
  ],
  ['a reading', change(upheld), `active a -${90 * DAY_MS}`, 'active a', 'next'],
  ['a reading by a clock set back', change(upheld), 'active a 99, next b 99', 'active a, next b', ''],
]

for (const [event, change, before, after, made] of rows) {
  test(`${event} makes of "${before}": "${after}"${made && `, and a new ${made} key`}`, () => {
    const keys = change(ring(before))
    assert.equal(names(keys), after)
    if (keys) assert.equal(missing(keys).join(' '), made)
  })
}

test('a rotation writes down since when the one signs and until when the other verifies', () => {
  const [a, b] = rotated(ring('active a -9, next b -9'), NOW)
  assert.deepEqual([a?.activatedAt, a?.retiresAt], [NOW - 9, NOW + RETIRED_MS])
  assert.deepEqual([b?.activatedAt, b?.retiresAt, b?.createdAt], [NOW, null, NOW - 9])
})

test('a retired key keeps its end when others follow it', () => {
  const [, , c] = rotated(ring('active a, next b, retired c 7'), NOW)
  assert.equal(c?.retiresAt, NOW + 7)
})

test('a retired key verifies until the millisecond of its end, the others always', () => {
  assert.equal(mayVerify({ state: 'retired', retiresAt: NOW + 1 }, NOW), true)
  assert.equal(mayVerify({ state: 'retired', retiresAt: NOW }, NOW), false)
  assert.equal(mayVerify({ state: 'retired', retiresAt: null }, NOW), false)
  assert.equal(mayVerify({ state: 'active', retiresAt: null }, NOW), true)
  assert.equal(mayVerify({ state: 'next', retiresAt: null }, NOW), true)
})

test('the next key may sign once it was published for as long as any service may keep an older key set', () => {
  assert.equal(readyAt(ring('active a, next b -5'), NOW), NOW - 5 + PUBLISHED_MS)
  assert.equal(readyAt(ring('active a'), NOW), NOW + PUBLISHED_MS)
})

test('a key of a store that did not write down its activation counts from its creation', () => {
  const [a, b] = ring(`active a -${90 * DAY_MS}, next b -${DAY_MS}`)
  assert.ok(a && b)
  assert.equal(names(upheld([{ ...a, activatedAt: null }, b], NOW)), 'retired a, active b')
})
