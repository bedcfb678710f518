/** The exports of PocketBase: how they were made stands beside them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createPasswords } from '../../src/crypto/passwords.ts'
import { pocketbase } from '../../src/import/pocketbase.ts'
import { listeningLog } from '../crypto/issuer.ts'
import { assertFit, fixture, rowsOf, sorted } from '../support/imports.ts'

const passwords = createPasswords({ log: listeningLog() })
after(() => passwords.close())

const NEW = [fixture('pocketbase/data-0.36.db')]
const OLD = [fixture('pocketbase/data-0.22.db')]
const PASSWORDS = { anna: 'blue bicycle 1984', bruno: 'Grüße aus Köln 7', chloe: 'chloe keeps 9 goats' }

test('a data.db of version 0.22 comes over with passwords', async () => {
  const { users, reasons } = sorted(await rowsOf(pocketbase, OLD))
  assert.deepEqual(reasons, ['4: The user has no e-mail address.'])
  assert.deepEqual(users.anna, {
    line: 1,
    record: {
      id: 'ai16y6uqr7vjjft',
      username: 'anna',
      email: 'anna@example.com',
      email_verified: true,
      profile: { display_name: 'Anna de la Cruz' },
      created_at: '2024-11-24T20:26:57.444Z',
      updated_at: '2024-11-24T20:26:57.444Z',
    },
    hash: users.anna?.hash,
    leftBehind: [],
  })
  assert.equal(users.bruno?.record.email_verified, false)
  const { anna } = PASSWORDS
  await assertFit(passwords, users, { anna })
})

test('a data.db of a newer version, and its records as JSON, come over with passwords', async () => {
  const { users, reasons } = sorted(await rowsOf(pocketbase, NEW, { table: 'users' }))
  assert.deepEqual(reasons, [])
  assert.deepEqual(Object.keys(users), Object.keys(PASSWORDS))
  assert.equal(Object(users.chloe?.record.profile).display_name, 'Chloé 木村')
  await assertFit(passwords, users, PASSWORDS)
  assert.deepEqual(sorted(await rowsOf(pocketbase, [fixture('pocketbase/users.json')])).users, users)
})

test('of several auth collections the operator has to name one, and gets only that one', async () => {
  await assert.rejects(
    rowsOf(pocketbase, NEW),
    /auth collections clients, users; name one of them with --table/,
  )
  assert.deepEqual(Object.keys(sorted(await rowsOf(pocketbase, NEW, { table: 'clients' })).users), ['client'])
  await assert.rejects(rowsOf(pocketbase, NEW, { table: 'customers' }), /has no table customers/)
})
