/** The exports of Supabase Auth: how they were made stands beside them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createPasswords } from '../../src/crypto/passwords.ts'
import { supabase } from '../../src/import/supabase.ts'
import { listeningLog } from '../crypto/issuer.ts'
import { assertFit, fixture, NOW, rowsOf, sorted } from '../support/imports.ts'

const passwords = createPasswords({ log: listeningLog() })
after(() => passwords.close())

const FILES = ['users.csv', 'users.ndjson', 'users.json'].map((file) => fixture(`supabase/${file}`))

test('auth.users comes over with passwords, whatever it was exported as', async () => {
  const [csv, ndjson, json] = await Promise.all(
    FILES.map(async (file) => sorted(await rowsOf(supabase, [file]))),
  )
  const inLines = (users = {}) => Object.values(users).map((user) => ({ ...Object(user), line: 0 }))
  assert.deepEqual(inLines(ndjson?.users), inLines(csv?.users))
  assert.deepEqual(inLines(json?.users), inLines(csv?.users))
  const users = csv?.users ?? {}
  assert.deepEqual(users.anna?.record, {
    id: '6f0c1f6e-3b0d-4b5e-9a55-1f1a5a0b6c01',
    email: 'anna@example.com',
    email_verified: true,
    profile: { display_name: 'Anna de la Cruz, "AC"', picture: 'https://example.com/anna.png' },
    created_at: '2024-03-01T10:10:00.000Z',
    updated_at: '2024-06-01T08:00:00.000Z',
    last_sign_in_at: '2024-06-01T08:00:00.000Z',
  })
  assert.equal(users.bruno?.record.locale, 'pt-BR')
  assert.equal(users.chloe?.record.email_verified, false)
  await assertFit(passwords, users, {
    anna: 'blue bicycle 1984',
    bruno: 'Grüße aus Köln 7',
    chloe: 'chloe keeps 9 goats',
    dmitri: 'dmitri was here 99',
  })
})

test('what has no place here is named: metadata, phones, other providers, pending changes', async () => {
  const { users } = sorted(await rowsOf(supabase, FILES.slice(0, 1)))
  assert.deepEqual(users.anna?.leftBehind, ['raw_user_meta_data.shoe'])
  assert.deepEqual(users.bruno?.leftBehind, ['role support', 'sign-in by google', 'phone'])
  assert.deepEqual(users.chloe?.leftBehind, [])
  assert.deepEqual(users.dmitri?.leftBehind, ['email_change'])
})

test('who has only a phone, is anonymous or was deleted is told with the reason', async () => {
  const { reasons } = sorted(await rowsOf(supabase, FILES.slice(0, 1)))
  assert.deepEqual(reasons, [
    '6: The user has no e-mail address.',
    '7: The user is anonymous.',
    '8: The user was deleted, and only its row has been kept.',
  ])
})

test('a ban holds for as long as it was to last', async () => {
  const at = async (now: number) => {
    const { users } = sorted(await rowsOf(supabase, FILES.slice(0, 1), { now }))
    return [users.anna, users.chloe, users.dmitri].map((user) => user?.record.status)
  }
  assert.deepEqual(await at(NOW), [undefined, 'disabled', undefined])
  assert.deepEqual(await at(Date.parse('2024-03-04T12:00:00Z')), [undefined, 'disabled', 'disabled'])
  assert.deepEqual(await at(Date.parse('2125-01-01T00:00:00Z')), [undefined, undefined, undefined])
})

test('a role comes from what users cannot write themselves, and only where the operator says what it is', async () => {
  const options = { roles: { support: 'helpdesk' }, profileFields: { 'raw_user_meta_data.shoe': 'shoe' } }
  const { users } = sorted(await rowsOf(supabase, FILES.slice(0, 1), options))
  assert.deepEqual(users.bruno?.record.roles, ['helpdesk'])
  assert.deepEqual(users.anna?.record.roles, undefined)
  assert.deepEqual(Object(users.anna?.record.profile).shoe, { size: 41 })
  assert.deepEqual(users.anna?.leftBehind, [])
})
