/** The exports of fastapi-users: how they were made stands beside them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createPasswords } from '../../src/crypto/passwords.ts'
import { fastapiUsers } from '../../src/import/fastapi-users.ts'
import { asText } from '../../src/import/read-values.ts'
import { listeningLog } from '../crypto/issuer.ts'
import { assertFit, fixture, rowsOf, sorted } from '../support/imports.ts'

const passwords = createPasswords({ log: listeningLog() })
after(() => passwords.close())

const PASSWORDS = {
  anna: 'blue bicycle 1984',
  bruno: 'Grüße aus Köln 7',
  chloe: 'chloe keeps 9 goats',
  'Dmitri.P': 'пароль с пробелами 5',
}

for (const file of ['users.csv', 'users.sqlite']) {
  test(`the table of the SQLAlchemy adapter comes over from ${file}`, async () => {
    const { users, reasons } = sorted(await rowsOf(fastapiUsers, [fixture(`fastapi-users/${file}`)]))
    assert.deepEqual(reasons, [])
    assert.deepEqual(Object.keys(users), Object.keys(PASSWORDS))
    const { anna, bruno, chloe } = users
    assert.match(asText(anna?.record.id), /^[0-9a-f-]{36}$/)
    assert.match(asText(anna?.record.created_at), /^2024-11-24T20:25:5\d\.\d{3}Z$/)
    assert.deepEqual(anna?.record, {
      id: anna?.record.id,
      created_at: anna?.record.created_at,
      email: 'anna@example.com',
      email_verified: true,
      profile: { given_name: 'Anna', family_name: 'de "la" Cruz, Jr.' },
    })
    assert.deepEqual(anna?.leftBehind, ['company'])
    assert.equal(chloe?.record.status, 'disabled')
    assert.equal(chloe?.record.email_verified, false)
    assert.equal(bruno?.record.status, undefined)
    await assertFit(passwords, users, PASSWORDS)
  })
}

test('the documents of the Beanie adapter come over, by mongoexport as lines or as a list', async () => {
  const [lines = [], list] = await Promise.all(
    ['users.ndjson', 'users.json'].map((file) => rowsOf(fastapiUsers, [fixture(`fastapi-users/${file}`)])),
  )
  const { users, reasons } = sorted(lines)
  assert.deepEqual([users, reasons], [sorted(list ?? []).users, []])
  assert.deepEqual(users.anna?.record, {
    id: '6705f2de71ce32c380e3ea1e',
    email: 'anna@example.com',
    email_verified: true,
    created_at: '2024-10-09T03:05:02.000Z',
  })
  assert.deepEqual(users.anna?.leftBehind, ['nickname'])
  assert.deepEqual(users.bruno?.leftBehind, ['role superuser', 'oauth_accounts'])
  const { anna, bruno } = PASSWORDS
  await assertFit(passwords, users, { anna, bruno })
})

test('a superuser becomes an admin only where the operator says so', async () => {
  const files = [fixture('fastapi-users/users.csv')]
  const silent = sorted(await rowsOf(fastapiUsers, files)).users
  assert.deepEqual([silent.bruno?.record.roles, silent.bruno?.leftBehind], [undefined, ['role superuser']])
  const told = sorted(await rowsOf(fastapiUsers, files, { roles: { superuser: 'admin' } })).users
  assert.deepEqual([told.bruno?.record.roles, told.bruno?.leftBehind], [['admin'], []])
  assert.equal(told.anna?.record.roles, undefined)
})

test('a field goes into the profile where the operator names it, and is then not left behind', async () => {
  const files = [fixture('fastapi-users/users.csv')]
  const { anna } = sorted(await rowsOf(fastapiUsers, files, { profileFields: { company: 'employer' } })).users
  assert.deepEqual(anna?.leftBehind, [])
  assert.deepEqual(anna?.record.profile, {
    given_name: 'Anna',
    family_name: 'de "la" Cruz, Jr.',
    employer: 'Example\nand Sons',
  })
})
