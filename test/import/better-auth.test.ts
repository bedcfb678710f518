/** The exports of Better Auth: how they were made stands beside them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createPasswords } from '../../src/crypto/passwords.ts'
import { betterAuth } from '../../src/import/better-auth.ts'
import { listeningLog } from '../crypto/issuer.ts'
import { assertFit, fixture, NOW, rowsOf, sorted } from '../support/imports.ts'

const passwords = createPasswords({ log: listeningLog() })
after(() => passwords.close())

const SQLITE = [fixture('better-auth/auth.sqlite')]
const OTHERS = [['auth.json'], ['user.csv', 'account.csv'], ['account.ndjson', 'user.ndjson']].map((files) =>
  files.map((file) => fixture(`better-auth/${file}`)),
)

test('users come over with the passwords of their accounts, compatibility characters included', async () => {
  const { users, reasons } = sorted(await rowsOf(betterAuth, SQLITE))
  assert.deepEqual(reasons, ['6: The user is anonymous.'])
  assert.deepEqual(users.anna?.record, {
    id: '4eev7gjvmhnvUZD0ItO5pFGqIQSRjhRK',
    username: 'Anna_C',
    email: 'anna@example.com',
    email_verified: true,
    profile: { display_name: 'Anna de la Cruz', picture: 'https://example.com/anna.png' },
    created_at: '2024-11-24T20:27:30.707Z',
    updated_at: '2024-11-24T20:27:32.132Z',
  })
  await assertFit(passwords, users, {
    anna: 'blue bicycle 1984',
    bruno: 'Grüße aus Köln 7',
    chloe: 'ﬁve goats and ½ a cow',
    dmitri: 'dmitri was here 99',
  })
  assert.equal(users.eva?.hash, null)
})

test('a document, two CSV files and two NDJSON files in any order say the same', async () => {
  const inLines = (users: object) => Object.values(users).map((user) => ({ ...user, line: 0 }))
  const { users } = sorted(await rowsOf(betterAuth, SQLITE))
  for (const files of OTHERS) {
    assert.deepEqual(inLines(sorted(await rowsOf(betterAuth, files)).users), inLines(users), files.join())
  }
})

test('what has no place here is named, and an admin is made only where the operator says so', async () => {
  const { users } = sorted(await rowsOf(betterAuth, SQLITE))
  const named = Object.entries(users).map(([name, { leftBehind }]) => [name, ...leftBehind])
  assert.deepEqual(named, [
    ['anna'],
    ['bruno', 'role admin', 'sign-in by google'],
    ['chloe', 'banReason'],
    ['dmitri', 'banReason'],
    ['eva', 'sign-in by google'],
  ])
  assert.equal(users.bruno?.record.roles, undefined)
  const told = sorted(await rowsOf(betterAuth, SQLITE, { roles: { admin: 'admin' } })).users
  assert.deepEqual(told.bruno?.record.roles, ['admin'])
})

test('a ban holds for as long as it was to last', async () => {
  const at = async (now: number) => {
    const { users } = sorted(await rowsOf(betterAuth, SQLITE, { now }))
    return [users.anna, users.chloe, users.dmitri].map((user) => user?.record.status)
  }
  assert.deepEqual(await at(NOW), [undefined, 'disabled', undefined])
  assert.deepEqual(await at(Date.parse('2024-11-24T21:00:00Z')), [undefined, 'disabled', 'disabled'])
})

test('users without the table of accounts are refused: all of them would lose their passwords', async () => {
  const files = [fixture('better-auth/user.csv')]
  await assert.rejects(rowsOf(betterAuth, files), /There is no account in .*user\.csv/)
})
