import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createSecrets } from '../../src/crypto/secrets.ts'
import { signingAlgorithms } from '../../src/crypto/signing-key.ts'
import { createSigningKeys } from '../../src/crypto/signing-keys.ts'
import { DomainError } from '../../src/domain/errors.ts'
import type { SigningKeys } from '../../src/domain/ports/crypto.ts'
import type { Trail } from '../../src/domain/ports/records.ts'
import { type Issuer, newIssuer, newToken, parts, decoded, refusal, ringOptions, START_MS } from './issuer.ts'

const PUBLISHED_MS = 660_000
const DAYS_90_MS = 90 * 86_400_000
const byForce = { force: true }
const inTime = { force: false }

interface Node extends Issuer {
  readonly keys: SigningKeys
}

/** A node on the store of another one, or on a store of its own. */
async function node(other?: Issuer, algorithm?: (typeof signingAlgorithms)[number]): Promise<Node> {
  const issuer = await newIssuer(algorithm, other?.shelf, other?.clock)
  const options = ringOptions('ES256', issuer.shelf, issuer.clock)
  return { ...issuer, keys: createSigningKeys({ ...options, log: issuer.log }, issuer.keyring) }
}

let serial = 0
function trail(detail = 'rotated'): Trail {
  const id = `019a0b0c-0000-7000-8000-${String(serial++).padStart(12, '0')}`
  const nobody = { actorId: null, userId: null }
  return { audit: { id, at: START_MS, action: 'signing-keys', ...nobody, requestId: id, detail } }
}

async function kids({ keys }: Node): Promise<Record<string, string>> {
  return Object.fromEntries((await keys.list()).map(({ state, kid }) => [state, kid]))
}

const kidOf = (token: string): unknown => decoded(parts(token)[0])['kid']

/** One active key and one next, every id once, and everything that is published in the store. */
function assertWhole({ shelf, keyring }: Issuer): void {
  const states = shelf.keys().map(({ state }) => state)
  assert.equal(states.filter((state) => state === 'active').length, 1)
  assert.equal(states.filter((state) => state === 'next').length, 1)
  const stored = shelf.keys().map(({ kid }) => kid)
  assert.equal(new Set(stored).size, stored.length)
  const published = keyring.jwks().keys.map(({ kid }) => kid)
  assert.deepEqual(new Set<unknown>(published), new Set<unknown>(stored))
}

test('the list shows the active key first and nothing of any key but its public facts', async () => {
  const here = await node()
  here.clock.forward(PUBLISHED_MS)
  await here.keys.rotate(inTime, trail())
  here.clock.forward(PUBLISHED_MS)
  await here.keys.rotate(inTime, trail())
  const listed = await here.keys.list()
  assert.deepEqual(
    listed.map(({ state }) => state),
    ['active', 'next', 'retired', 'retired'],
  )
  const [, , last, first] = listed
  assert.ok(Number(last?.activatedAt) > Number(first?.activatedAt), 'the last one to sign first')
  for (const key of listed) {
    const members = ['activatedAt', 'algorithm', 'createdAt', 'kid', 'retiresAt', 'state']
    assert.deepEqual(Object.keys(key).toSorted(), members)
  }
})

for (const algorithm of signingAlgorithms) {
  test(`a rotation lets the next ${algorithm} key sign at once, and refuses no token of the old one`, async () => {
    const here = await node(undefined, algorithm)
    const { active, next } = await kids(here)
    here.clock.forward(PUBLISHED_MS)
    const old = await newToken(here)
    const outcome = await here.keys.rotate(inTime, trail())
    assert.equal(outcome.kind, 'rotated')
    const token = await newToken(here)
    assert.deepEqual([kidOf(old), kidOf(token)], [active, next])
    assert.deepEqual([await refusal(here, old), await refusal(here, token)], [null, null])
    assertWhole(here)
    assert.ok(here.shelf.keys().every((key) => key.algorithm === algorithm))
    assert.equal(here.shelf.events.at(-1)?.detail, 'rotated')
  })
}

test('a rotation is too early until the next key has been published for eleven minutes', async () => {
  const here = await node()
  const before = here.shelf.keys()
  here.clock.forward(PUBLISHED_MS - 1)
  const early = await here.keys.rotate(inTime, trail())
  assert.deepEqual(early, { kind: 'too_early', readyAt: START_MS + PUBLISHED_MS })
  assert.equal(here.shelf.keys(), before, 'nothing is written')
  here.clock.forward(1)
  assert.equal((await here.keys.rotate(inTime, trail())).kind, 'rotated')
  assert.equal((await here.keys.rotate(inTime, trail())).kind, 'too_early', 'the new next one is new')
})

test('a forced rotation waits for nothing, and still refuses no token', async () => {
  const here = await node()
  const tokens = [await newToken(here)]
  for (let round = 0; round < 5; round++) {
    assert.equal((await here.keys.rotate(byForce, trail())).kind, 'rotated')
    tokens.push(await newToken(here))
    assertWhole(here)
  }
  assert.equal(new Set(tokens.map(kidOf)).size, 6)
  for (const token of tokens) assert.equal(await refusal(here, token), null)
})

test('of twenty rotations at once on four nodes one is done, and all agree on the keys', async () => {
  const first = await node()
  const nodes = [first, await node(first), await node(first), await node(first)]
  first.clock.forward(PUBLISHED_MS)
  const events = first.shelf.events.length
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => nodes[index % 4]?.keys.rotate(inTime, trail())),
  )
  const kinds = outcomes.map((outcome) => String(outcome?.kind)).toSorted()
  assert.deepEqual(kinds, ['rotated', ...Array.from({ length: 19 }, () => 'too_early')])
  assert.equal(first.shelf.events.length, events + 1)
  first.clock.forward(60_000)
  await Promise.all(nodes.map(async (each) => each.keyring.refresh()))
  for (const each of nodes) assertWhole(each)
  assert.equal(new Set(nodes.map(({ keyring }) => keyring.signingKey().kid)).size, 1)
})

test('twenty forced rotations and drops at once leave whole keys, whoever wins', async () => {
  const first = await node()
  const nodes = [first, await node(first), await node(first), await node(first)]
  const { active = '' } = await kids(first)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, async (_, index) => {
      const keys = nodes[index % 4]?.keys
      return index % 5 === 0 ? keys?.drop({ kid: active }, trail()) : keys?.rotate(byForce, trail())
    }),
  )
  // Who loses ten races in a row gives up; the ring is whole all the same.
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue
    assert.ok(outcome.reason instanceof DomainError)
    assert.equal(outcome.reason.code, 'store_unavailable')
  }
  const done = outcomes.filter(({ status }) => status === 'fulfilled').length
  assert.ok(done >= 10, `${done} were done`)
  first.clock.forward(60_000)
  await Promise.all(nodes.map(async (each) => each.keyring.refresh()))
  for (const each of nodes) assertWhole(each)
  assert.ok(first.shelf.keys().every(({ kid }) => kid !== active))
})

test('what a dropped active key signed is refused at once, cached or not, and the next key signs', async () => {
  const here = await node()
  const { active = '', next } = await kids(here)
  const [cached, fresh] = [await newToken(here), await newToken(here)]
  assert.equal(await refusal(here, cached), null)
  const outcome = await here.keys.drop({ kid: active }, trail(`dropped ${active}`))
  assert.equal(outcome.kind, 'dropped')
  assert.deepEqual(
    [await refusal(here, cached), await refusal(here, fresh)],
    ['token_invalid', 'token_invalid'],
  )
  const token = await newToken(here)
  assert.equal(kidOf(token), next)
  assert.equal(await refusal(here, token), null)
  assert.ok(here.keyring.jwks().keys.every(({ kid }) => kid !== active))
  assertWhole(here)
  assert.equal(here.shelf.events.at(-1)?.detail, `dropped ${active}`)
})

test('a dropped next key never signs, and the active one goes on', async () => {
  const here = await node()
  const { active, next = '' } = await kids(here)
  const token = await newToken(here)
  await here.keys.drop({ kid: next }, trail())
  assert.equal(await refusal(here, token), null)
  assert.equal((await kids(here))['active'], active)
  assertWhole(here)
  here.clock.forward(PUBLISHED_MS)
  await here.keys.rotate(inTime, trail())
  assert.notEqual(kidOf(await newToken(here)), next)
})

test('a dropped retired key takes its tokens with it, and only those', async () => {
  const here = await node()
  const old = await newToken(here)
  here.clock.forward(PUBLISHED_MS)
  const late = await newToken(here)
  await here.keys.rotate(inTime, trail())
  const token = await newToken(here)
  const { retired = '' } = await kids(here)
  await here.keys.drop({ kid: retired }, trail())
  assert.deepEqual([kidOf(old), kidOf(late)], [retired, retired])
  assert.equal(await refusal(here, late), 'token_invalid')
  assert.equal(await refusal(here, token), null)
  assertWhole(here)
})

test('an unknown id drops nothing', async () => {
  const here = await node()
  const before = here.shelf.keys()
  for (const kid of ['', 'x', `${before[0]?.kid} `, 'A'.repeat(43)]) {
    assert.deepEqual(await here.keys.drop({ kid }, trail()), { kind: 'not_found' })
  }
  assert.equal(here.shelf.keys(), before)
})

test('another node follows a drop with the first token of the new key, and after a minute in any case', async () => {
  for (const seesToken of [true, false]) {
    const here = await node()
    const there = await node(here)
    const { active = '' } = await kids(here)
    const stolen = await newToken(here)
    assert.equal(await refusal(there, stolen), null)
    await here.keys.drop({ kid: active }, trail())
    if (seesToken) assert.equal(await refusal(there, await newToken(here)), null)
    else here.clock.forward(60_000)
    assert.equal(await refusal(there, stolen), 'token_invalid')
    assert.equal(await refusal(here, await newToken(there)), null, 'it signs with the key that is left')
  }
})

test('a node that had nothing to do for hours hands out no old key set, not even once', async () => {
  const here = await node()
  const idle = await node(here)
  here.clock.forward(PUBLISHED_MS)
  await here.keys.rotate(inTime, trail())
  here.clock.forward(60_000)
  const { next } = await kids(here)
  const published = (await idle.tokens.jwks()).keys.map(({ kid }) => kid)
  assert.ok(published.includes(next ?? 'none'), 'the first answer has the key that signs next')
})

test('while the active key is dropped under load no token of another key is refused', async () => {
  const here = await node()
  here.clock.forward(PUBLISHED_MS)
  await here.keys.rotate(inTime, trail())
  const { active = '' } = await kids(here)
  const refused = new Map<unknown, Set<string | null>>()
  let ended = false
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (!ended) {
        const token = await newToken(here)
        const code = await refusal(here, token)
        const kid = kidOf(token)
        refused.set(kid, (refused.get(kid) ?? new Set()).add(code))
        await new Promise(setImmediate)
      }
    }),
  )
  await new Promise(setImmediate)
  await here.keys.drop({ kid: active }, trail())
  const after = await Promise.all(Array.from({ length: 50 }, () => newToken(here)))
  for (const token of after) assert.equal(await refusal(here, token), null)
  ended = true
  await load
  assert.ok(after.every((token) => kidOf(token) !== active))
  for (const [kid, codes] of refused) if (kid !== active) assert.deepEqual([...codes], [null])
  assert.ok(refused.size >= 2, 'the load met both keys')
})

test('after ninety days whoever reads the keys first rotates them, once, and needs nobody for it', async () => {
  const first = await node()
  const nodes = [first, await node(first), await node(first)]
  const { active, next } = await kids(first)
  first.clock.forward(DAYS_90_MS - 1)
  await Promise.all(nodes.map((each) => newToken(each)))
  assert.equal((await kids(first))['active'], active)
  first.clock.forward(60_001)
  const events = first.shelf.events.length
  const tokens = await Promise.all(nodes.map((each) => newToken(each)))
  assert.deepEqual(tokens.map(kidOf), [next, next, next])
  assert.equal(first.shelf.events.length, events + 1)
  assert.equal(first.shelf.events.at(-1)?.detail, 'active 1, next 1, retired 1')
  for (const each of nodes) {
    assertWhole(each)
    for (const token of tokens) assert.equal(await refusal(each, token), null)
  }
})

test('who has another master key changes nothing', async () => {
  const here = await node()
  const before = here.shelf.keys()
  const options = {
    ...ringOptions('ES256', here.shelf, here.clock),
    secrets: createSecrets(Buffer.alloc(32, 9)),
  }
  const keys = createSigningKeys(options, here.keyring)
  const [active] = before
  await assert.rejects(keys.rotate(byForce, trail()), { code: 'store_incompatible' })
  await assert.rejects(keys.drop({ kid: active?.kid ?? '' }, trail()), { code: 'store_incompatible' })
  assert.equal(here.shelf.keys(), before)
})

test('a store that is away changes nothing and is said so', async () => {
  const here = await node()
  const token = await newToken(here)
  here.shelf.fail(true)
  await assert.rejects(here.keys.rotate(byForce, trail()), { code: 'store_unavailable' })
  await assert.rejects(here.keys.list(), { code: 'store_unavailable' })
  here.shelf.fail(false)
  assert.equal(await refusal(here, token), null)
  assertWhole(here)
})
