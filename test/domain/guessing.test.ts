/** The bounds that `npm run simulate` prints, held on the real rules. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attackOneAccount, spray } from '../../scripts/simulate-guessing.ts'
import { guessing, rates } from '../../src/domain/limits.ts'

test('from however many addresses, an account is guessed at 100 times in 30 days (T1)', async () => {
  for (const addresses of [1, 100, 10_000]) {
    const { guessesByDay } = await attackOneAccount(addresses, 30)
    const total = guessesByDay.reduce((sum, each) => sum + each, 0)
    assert.equal(total, guessing.failuresMax, `${addresses} addresses`)
  }
})

test('the owner signs in with a known device at every moment of an attack; with a new one the attack is in the way (T2)', async () => {
  const { knownDevice, newDevice } = await attackOneAccount(500, 10)
  assert.equal(knownDevice, 1)
  assert.ok(newDevice < 0.5, `a new device: ${newDevice}`)
})

test('an address reaches 20 new accounts an hour, and one more address as many again', async () => {
  const [one, two] = [await spray(1), await spray(2)]
  assert.ok(one.accounts <= 24 * rates.spray.limit, `${one.accounts} accounts`)
  assert.ok(one.accounts > 0 && one.guesses <= 24 * 60 * rates.login.limit, `${one.guesses} guesses`)
  assert.deepEqual(two, { guesses: 2 * one.guesses, accounts: 2 * one.accounts })
})
