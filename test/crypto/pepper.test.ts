import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createPasswords } from '../../src/crypto/passwords.ts'
import { loadPeppers, type Pepper } from '../../src/crypto/pepper.ts'
import { DomainError } from '../../src/domain/errors.ts'
import { listeningLog } from './issuer.ts'

const PASSWORD = 'correct horse battery'
const folder = mkdtempSync(join(tmpdir(), 'um-pepper-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const hexKey = (): string => randomBytes(32).toString('hex')

function peppersOf(content: string, mode = 0o600): readonly Pepper[] {
  const file = join(folder, randomBytes(6).toString('hex'))
  writeFileSync(file, content, { mode })
  return loadPeppers(file)
}

function service(...peppers: readonly Pepper[]) {
  const log = listeningLog()
  const passwords = createPasswords({ log, extras: { peppers } })
  after(() => passwords.close())
  return { passwords, log }
}

test('a hash with a pepper fits its password only with that pepper, which it names and does not hold', async () => {
  const [key, otherKey] = [hexKey(), hexKey()]
  const [[pepper = assert.fail()], [other = assert.fail()]] = [peppersOf(key), peppersOf(otherKey)]
  const phc = await service(pepper).passwords.hash(PASSWORD)
  assert.ok(phc.includes(`,keyid=${pepper.keyId}$`))
  assert.ok(!phc.includes(key) && !Buffer.from(key, 'hex').toString('base64').startsWith(pepper.keyId))
  const again = service(other, pepper).passwords
  assert.equal(await again.verify(PASSWORD, phc), true)
  assert.equal(await again.verify(`${PASSWORD} `, phc), false)
  const forged = phc.replace(pepper.keyId, other.keyId)
  assert.equal(await again.verify(PASSWORD, forged), false)
  assert.equal(await again.verify(PASSWORD, phc.replace(`,keyid=${pepper.keyId}`, '')), false)
})

test('a hash whose pepper is missing fits nothing, and the log names the setting', async () => {
  const [pepper = assert.fail()] = peppersOf(hexKey())
  const phc = await service(pepper).passwords.hash(PASSWORD)
  const { passwords, log } = service()
  assert.equal(await passwords.verify(PASSWORD, phc), false)
  assert.match(log.lines.join('\n'), /^error .*UM_PASSWORD_PEPPER_FILE/m)
})

test('a hash without a pepper still fits, and is outdated as soon as there is one, and so is an older pepper', async () => {
  const [first = assert.fail()] = peppersOf(hexKey())
  const [second = assert.fail()] = peppersOf(hexKey())
  const plain = service().passwords
  const one = service(first).passwords
  const two = service(second, first).passwords
  const unpeppered = await plain.hash(PASSWORD)
  const peppered = await one.hash(PASSWORD)
  assert.equal(await one.verify(PASSWORD, unpeppered), true)
  assert.deepEqual([plain.isOutdated(unpeppered), one.isOutdated(unpeppered)], [false, true])
  assert.deepEqual([one.isOutdated(peppered), two.isOutdated(peppered)], [false, true])
  assert.equal(one.isOutdated(peppered.replace('t=2', 't=3')), true)
  assert.equal(one.isOutdated('no hash at all'), false)
})

test('a pepper file has the form of a master key file, and what is wrong with it stops the start', () => {
  const [first, second] = [hexKey(), hexKey()]
  assert.deepEqual(
    peppersOf(`${first}\n${second}\n`).map(({ secret }) => Buffer.from(secret).toString('hex')),
    [first, second],
  )
  assert.equal(new Set(peppersOf(`${first}\n${second}\n`).map(({ keyId }) => keyId)).size, 2)
  const refusals = [
    [() => loadPeppers(join(folder, 'none')), /The pepper file .*none does not exist/],
    [() => peppersOf('too short'), /The pepper file .* holds no 32 bytes or more/],
    [() => peppersOf(first, 0o644), /The pepper file .* is open to other users/],
    [() => peppersOf('x'.repeat(5000)), /The pepper file .*: point UM_PASSWORD_PEPPER_FILE at the key/],
  ] as const
  for (const [load, sentence] of refusals) {
    assert.throws(load, (error) => error instanceof DomainError && sentence.test(error.message))
  }
})
