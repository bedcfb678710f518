/** The exports of Auth0: how they were made stands beside them. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createPasswords } from '../../src/crypto/passwords.ts'
import { auth0 } from '../../src/import/auth0.ts'
import { listeningLog } from '../crypto/issuer.ts'
import { assertFit, fixture, rowsOf, sorted } from '../support/imports.ts'

const passwords = createPasswords({ log: listeningLog() })
after(() => passwords.close())

const folder = mkdtempSync(join(tmpdir(), 'um-auth0-'))
const file = join(folder, 'users.ndjson')
after(() => rmSync(folder, { recursive: true }))

const USERS = fixture('auth0/users.ndjson')
const HASHES = fixture('auth0/passwords.ndjson')
const PASSWORDS = {
  anna: 'blue bicycle 1984',
  bruno: 'Grüße aus Köln 7',
  chloe: 'chloe keeps 9 goats',
  dmitri: 'dmitri was here 99',
}

test('an export comes over with the passwords of the other file, in whatever order they are given', async () => {
  const { users, reasons } = sorted(await rowsOf(auth0, [USERS, HASHES]))
  assert.deepEqual(reasons, ['5: The user has no e-mail address.'])
  assert.deepEqual(users.anna?.record, {
    id: 'auth0|65e1a0c882dd7c0e76e4ec01',
    email: 'anna@example.com',
    email_verified: true,
    locale: 'es',
    profile: {
      display_name: 'Anna de la Cruz',
      given_name: 'Anna',
      family_name: 'de la Cruz',
      picture: 'https://example.com/anna.png',
    },
    created_at: '2024-03-01T10:10:00.000Z',
    updated_at: '2024-06-01T08:00:00.000Z',
    last_sign_in_at: '2024-06-01T08:00:00.000Z',
  })
  assert.equal(users.bruno?.record.username, 'bruno_17')
  assert.equal(users.bruno?.record.profile, undefined)
  assert.equal(users.chloe?.record.status, 'disabled')
  await assertFit(passwords, users, PASSWORDS)
  assert.deepEqual(sorted(await rowsOf(auth0, [HASHES, USERS])), { users, reasons })
})

test('who is only in the file of passwords comes over too, and nobody gets the password of another', async () => {
  const { users } = sorted(await rowsOf(auth0, [USERS, HASHES]))
  assert.deepEqual(users.dmitri?.record, {
    id: 'auth0|65e1a0c882dd7c0e76e4ec04',
    email: 'dmitri@example.com',
    email_verified: true,
  })
  assert.equal(users.eva?.hash, null)
  const hashes = Object.values(users).flatMap(({ hash }) => hash ?? [])
  assert.equal(new Set(hashes).size, 4)
  assert.deepEqual(Object.keys(sorted(await rowsOf(auth0, [HASHES])).users), Object.keys(PASSWORDS))
})

test('the address joins only where the export has no ids, and one password alone has it', async () => {
  const hash = (letter: string) => `$2b$10$${letter.repeat(53)}`
  const password = (_id: string, email: string) => ({ _id, email, passwordHash: hash(_id) })
  const lines = [
    password('a', 'One@example.com'),
    password('b', 'two@example.com'),
    password('c', 'two@example.com'),
    password('d', 'three@example.com'),
    { name: 'One', email: 'one@example.com' },
    { name: 'Two', email: 'two@example.com' },
    { user_id: 'auth0|other', email: 'three@example.com' },
    { user_id: 'google-oauth2|1', email: 'three@example.com' },
  ]
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'))
  const rows = await rowsOf(auth0, [file])
  assert.deepEqual(
    rows.map((row) => ('record' in row ? [row.record.email, row.record.id, row.record.password_hash] : row)),
    [
      ['one@example.com', undefined, hash('a')],
      ['two@example.com', undefined, undefined],
      ['three@example.com', 'auth0|other', undefined],
      ['three@example.com', 'google-oauth2|1', undefined],
      ['two@example.com', 'auth0|b', hash('b')],
      ['two@example.com', 'auth0|c', hash('c')],
      ['three@example.com', 'auth0|d', hash('d')],
    ],
  )
})

test('what has no place here is named', async () => {
  const { users } = sorted(await rowsOf(auth0, [USERS, HASHES]))
  const few = ['nickname', 'identities']
  const named = ['role editor', 'nickname', 'last_ip', 'logins_count', 'identities', 'user_metadata.plan']
  assert.deepEqual(users.anna?.leftBehind, named)
  assert.deepEqual(users.bruno?.leftBehind, few)
  assert.deepEqual(users.chloe?.leftBehind, [...few, 'multifactor'])
})

test('the quotes that its CSV has before every text are taken away', async () => {
  const { users } = sorted(await rowsOf(auth0, [fixture('auth0/users.csv'), HASHES]))
  assert.equal(users.anna?.record.id, 'auth0|65e1a0c882dd7c0e76e4ec01')
  assert.equal(users.anna?.record.created_at, '2024-03-01T10:10:00.000Z')
  assert.deepEqual(users.anna?.leftBehind, ['user_metadata.plan'])
  assert.notEqual(users.anna?.hash, null)
  const options = { profileFields: { 'user_metadata.plan': 'plan' } }
  const told = sorted(await rowsOf(auth0, [fixture('auth0/users.csv')], options)).users
  assert.equal(Object(told.anna?.record.profile).plan, 'gold')
})

test('a bulk import file comes over, with hashes of the algorithms that can be kept', async () => {
  const { users } = sorted(await rowsOf(auth0, [fixture('auth0/bulk-import.json')]))
  const { dmitri, ...expected } = PASSWORDS
  await assertFit(passwords, users, expected)
  assert.equal(users.dmitri?.hash, 'unknown:md5', dmitri)
  assert.equal(passwords.importable('unknown:md5'), null)
})
