import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { openKeyring } from '../../src/crypto/keyring.ts'
import { loadMasterKey, replaceMasterKey } from '../../src/crypto/master-key.ts'
import { createMasterKey } from '../../src/crypto/rotate-master-key.ts'
import { createSecrets, secretsOf } from '../../src/crypto/secrets.ts'
import { createSigningKeys } from '../../src/crypto/signing-keys.ts'
import { DomainError } from '../../src/domain/errors.ts'
import type { MasterKey, Secrets } from '../../src/domain/ports/crypto.ts'
import type { Trail } from '../../src/domain/ports/records.ts'
import { keyShelf, type KeyShelf, ringOptions, START_MS, testClock } from './issuer.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-rotate-master-key-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0

const id = '019a0b0c-0000-7000-8000-000000000000'
const nobody = { actorId: null, userId: null }
const trail: Trail = {
  audit: { id, at: START_MS, action: 'signing-keys', ...nobody, requestId: id, detail: 'x' },
}
const session = { userId: id, sessionId: id, generation: 1 }

interface Place {
  readonly file: string
  readonly shelf: KeyShelf
  readonly masterKey: MasterKey
  lines(): string[]
  /** What a process that starts now runs on; opens its keyring, or throws as the start would. */
  start(lines?: readonly string[]): Promise<Secrets>
}

/** A key file and a store whose keyring was made under it. */
async function place(
  how: { readonly alone?: boolean; readonly content?: string | Buffer } = {},
): Promise<Place> {
  const { alone = true, content = `${'ab'.repeat(32)}\n` } = how
  const file = join(folder, `key-${count++}`)
  writeFileSync(file, content, { mode: 0o600 })
  const [shelf, clock] = [keyShelf(), testClock()]
  const options = ringOptions('ES256', shelf, clock)
  const lines = (): string[] => readFileSync(file, 'utf8').trim().split('\n')
  const start = async (kept?: readonly string[]): Promise<Secrets> => {
    const used = kept ? `${file}-${count++}` : file
    if (kept) writeFileSync(used, `${kept.join('\n')}\n`, { mode: 0o600 })
    const secrets = secretsOf(loadMasterKey({ file: used, create: false }))
    await openKeyring({ ...options, secrets })
    return secrets
  }
  await start()
  return { file, shelf, lines, start, masterKey: createMasterKey({ ...options, file, alone }) }
}

const sealsWith = (line: string, shelf: KeyShelf): boolean => {
  const secrets = createSecrets(Buffer.from(line, 'hex'))
  return shelf.keys().every(({ kid, sealedPrivate }) => secrets.open('keys', kid, sealedPrivate) !== null)
}

test('one machine: the new key seals, the old one goes on opening, and can be taken out later', async () => {
  const { shelf, masterKey, lines, start } = await place()
  const before = await start()
  const kids = shelf.keys().map(({ kid }) => kid)
  const mail = before.seal('outbox', 'row', 'a live token')
  const token = before.refreshToken({ ...session, keyId: before.refreshKeyId })
  assert.deepEqual(await masterKey.rotate(trail), { kind: 'rotated' })
  const [first = '', second, ...rest] = lines()
  assert.match(first, /^[0-9a-f]{64}$/)
  assert.deepEqual([second, rest], ['ab'.repeat(32), []])
  assert.ok(sealsWith(first, shelf))
  assert.deepEqual(
    shelf.keys().map(({ kid }) => kid),
    kids,
    'the signing keys themselves stay',
  )
  const now = await start()
  assert.equal(now.open('outbox', 'row', mail), 'a live token')
  assert.notEqual(now.refreshKeyId, before.refreshKeyId)
  assert.equal(now.openRefreshToken(token)?.keyId, before.refreshKeyId)
  assert.equal(now.refreshToken({ ...session, keyId: before.refreshKeyId }), token)
  const later = await start([first])
  assert.equal(later.openRefreshToken(token), null)
  assert.equal(later.open('outbox', 'row', mail), null)
})

test('what is sealed after a rotation, the old key alone does not open', async () => {
  const { masterKey, start, lines } = await place()
  await masterKey.rotate(trail)
  const now = await start()
  const old = createSecrets(Buffer.from('ab'.repeat(32), 'hex'))
  assert.equal(old.open('outbox', 'row', now.seal('outbox', 'row', 'x')), null)
  assert.equal(old.openRefreshToken(now.refreshToken({ ...session, keyId: now.refreshKeyId })), null)
  await assert.rejects(start([lines()[1] ?? '']), { code: 'store_incompatible' })
})

test('a start with another key is refused with the same sentence before and after a rotation', async () => {
  const { masterKey, start, shelf } = await place()
  const strange = randomBytes(32).toString('hex')
  for (const rotate of [false, true]) {
    if (rotate) await masterKey.rotate(trail)
    const events = shelf.events.length
    await assert.rejects(start([strange]), (cause) => {
      assert.ok(cause instanceof DomainError)
      assert.equal(cause.code, 'store_incompatible')
      assert.match(cause.message, /master key file .* not the one .* put the right file back/)
      return true
    })
    assert.equal(shelf.events.length, events, 'and changes nothing')
  }
})

test('several nodes: the key is prepared, opens everywhere, and only then seals', async () => {
  const { masterKey, start, lines, shelf } = await place({ alone: false })
  assert.deepEqual(await masterKey.rotate(trail), { kind: 'unprepared' })
  assert.deepEqual(lines(), ['ab'.repeat(32)])
  assert.deepEqual(await masterKey.prepare(), { kind: 'prepared' })
  const prepared = lines()
  assert.equal(prepared[0], 'ab'.repeat(32))
  const [, fresh = ''] = /^next ([0-9a-f]{64})$/.exec(prepared[1] ?? '') ?? []
  assert.notEqual(fresh, '')
  assert.deepEqual(await masterKey.prepare(), { kind: 'pending' }, 'a second time changes nothing')
  assert.deepEqual(lines(), prepared)

  const node = await start()
  const old = await start([prepared[0] ?? ''])
  assert.equal(node.refreshKeyId, old.refreshKeyId, 'it does not seal yet')
  assert.equal(old.open('outbox', 'row', node.seal('outbox', 'row', 'x')), 'x')

  assert.deepEqual(await masterKey.rotate(trail), { kind: 'rotated' })
  assert.deepEqual(lines(), [fresh, 'ab'.repeat(32)])
  assert.ok(sealsWith(fresh, shelf))
  const rotated = await start()
  assert.equal(node.open('outbox', 'row', rotated.seal('outbox', 'row', 'x')), 'x', 'both ways')
  assert.equal(rotated.open('outbox', 'row', node.seal('outbox', 'row', 'x')), 'x')
  await start(prepared)
  assert.deepEqual(await masterKey.rotate(trail), { kind: 'unprepared' }, 'twice by mistake makes no key')
  assert.deepEqual(lines(), [fresh, 'ab'.repeat(32)])
})

test('cut off at any step, every process still starts, and the next call brings it to its end', async () => {
  const steps = ['the file is written', 'the store fails', 'another node comes between']
  for (const step of steps) {
    const { file, shelf, masterKey, start, lines } = await place()
    const before = await start()
    const mail = before.seal('outbox', 'row', 'x')
    if (step === 'the file is written') {
      const { keys } = loadMasterKey({ file, create: false })
      replaceMasterKey(file, { keys: [randomBytes(32), ...keys], prepared: null })
    } else {
      const options = ringOptions('ES256', shelf, testClock())
      let swaps = 0
      const swapKeys: typeof shelf.store.swapKeys = async (swap, cause) => {
        if (step === 'the store fails') throw new DomainError('store_unavailable')
        if (swaps++ === 0) shelf.replace(shelf.keys())
        return shelf.store.swapKeys(swap, cause)
      }
      const store = { ...shelf.store, swapKeys }
      const cut = createMasterKey({ ...options, store, file, alone: true }).rotate(trail)
      if (step === 'the store fails') await assert.rejects(cut, { code: 'store_unavailable' })
      else assert.deepEqual(await cut, { kind: 'rotated' })
    }
    assert.equal(lines().length, 2, step)
    assert.equal((await start()).open('outbox', 'row', mail), 'x', step)
    if (step === 'another node comes between') continue
    assert.deepEqual(await masterKey.rotate(trail), { kind: 'completed' }, step)
    const [first = ''] = lines()
    assert.equal(lines().length, 2, 'no third key')
    assert.ok(sealsWith(first, shelf))
    await start([first])
  }
})

test('a prepared key is taken in one call, also where an older key has sealed meanwhile', async () => {
  const { file, shelf, masterKey, lines, start } = await place({ alone: false })
  const { keys } = loadMasterKey({ file, create: false })
  replaceMasterKey(file, { keys: [randomBytes(32), ...keys], prepared: null })
  assert.deepEqual(await masterKey.prepare(), { kind: 'prepared' })
  const fresh = lines()[1]?.slice('next '.length) ?? ''
  assert.deepEqual(await masterKey.rotate(trail), { kind: 'rotated' })
  assert.equal(lines().length, 3)
  assert.equal(lines()[0], fresh)
  assert.ok(sealsWith(fresh, shelf))
  await start([fresh])
})

test('where the store is away nothing is written, neither here nor there', async () => {
  const { shelf, masterKey, lines } = await place()
  const before = shelf.keys()
  shelf.fail(true)
  await assert.rejects(masterKey.rotate(trail), { code: 'store_unavailable' })
  assert.deepEqual(lines(), ['ab'.repeat(32)])
  assert.equal(shelf.keys(), before)
})

test('a file that does not fit the store is left as it is', async () => {
  const { file, shelf, masterKey, lines } = await place()
  const before = shelf.keys()
  writeFileSync(file, 'cd'.repeat(32))
  await assert.rejects(masterKey.rotate(trail), { code: 'store_incompatible' })
  assert.deepEqual(lines(), ['cd'.repeat(32)])
  assert.equal(shelf.keys(), before)
})

test('a process that runs on with the old file keeps its keys, and goes on after a restart', async () => {
  const { shelf, masterKey, start } = await place()
  const secrets = await start()
  const clock = testClock()
  const options = { ...ringOptions('ES256', shelf, clock), secrets }
  const ring = await openKeyring(options)
  const kid = ring.signingKey().kid
  await masterKey.rotate(trail)
  clock.forward(60_000)
  await ring.refresh()
  assert.equal(ring.signingKey().kid, kid)
  const keys = createSigningKeys(options, ring)
  await assert.rejects(keys.rotate({ force: true }, trail), { code: 'store_incompatible' })
  await start()
})

test('keys of every form are kept as they are, the file stays private, and a link stays a link', async () => {
  const raw = Buffer.alloc(40, 200)
  const forms = [raw, raw.toString('base64'), `${raw.toString('hex').toUpperCase()}\r\n`]
  for (const content of forms) {
    const { file, masterKey, lines } = await place({ content })
    chmodSync(file, 0o400)
    await masterKey.rotate(trail)
    assert.equal(lines()[1], raw.toString('hex'))
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal(existsSync(`${file}.new`), false)
  }
  const { file, shelf } = await place()
  const link = `${file}-link`
  symlinkSync(file, link)
  await createMasterKey({ ...ringOptions('ES256', shelf, testClock()), file: link, alone: true }).rotate(
    trail,
  )
  assert.ok(lstatSync(link).isSymbolicLink())
  assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, 2)
})

test('what an attempt left behind that was cut off is no obstacle, and no content', async () => {
  const { file, masterKey, lines } = await place()
  writeFileSync(`${file}.new`, 'half a ke', { mode: 0o600 })
  await masterKey.rotate(trail)
  assert.equal(lines().length, 2)
  assert.equal(existsSync(`${file}.new`), false)
})

test('a ninth key is refused before it is written, and says which to take out', async () => {
  const { file, masterKey, lines, start } = await place()
  for (let round = 0; round < 7; round++) await masterKey.rotate(trail)
  assert.equal(lines().length, 8)
  await start()
  const before = readFileSync(file)
  await assert.rejects(masterKey.rotate(trail), (cause) => {
    assert.ok(cause instanceof DomainError)
    assert.equal(cause.code, 'start_refused')
    assert.match(cause.message, /8 keys.*last line/)
    return true
  })
  assert.deepEqual(readFileSync(file), before)
  await start()
})
