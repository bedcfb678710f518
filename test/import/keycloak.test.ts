/** The exports of Keycloak: how they were made stands beside them. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createPasswords } from '../../src/crypto/passwords.ts'
import { keycloakHash } from '../../src/import/keycloak-password.ts'
import { keycloak } from '../../src/import/keycloak.ts'
import { listeningLog } from '../crypto/issuer.ts'
import { assertFit, fixture, rowsOf, sorted } from '../support/imports.ts'

const passwords = createPasswords({ log: listeningLog() })
after(() => passwords.close())

const REALM = [fixture('keycloak/shop-realm.json')]
const PARTS = ['shop-users-0.json', 'shop-users-1.json'].map((file) => fixture(`keycloak/${file}`))

test('the users of a realm come over with passwords of every algorithm that it has', async () => {
  const { users } = sorted(await rowsOf(keycloak, REALM))
  assert.deepEqual(users.anna?.record, {
    id: '0b1f3f0e-7c55-4d3a-8f0e-000000000001',
    username: 'anna',
    email: 'anna@example.com',
    email_verified: true,
    locale: 'es',
    profile: { given_name: 'Anna', family_name: 'de la Cruz' },
    created_at: '2024-03-01T10:10:00.001Z',
  })
  assert.match(users.anna?.hash ?? '', /^\$argon2id\$v=19\$m=7168,t=5,p=1\$/)
  assert.match(users.bruno?.hash ?? '', /^\$pbkdf2-sha512\$i=210000,l=64\$/)
  assert.match(users.chloe?.hash ?? '', /^\$pbkdf2-sha256\$i=27500,l=64\$/)
  assert.match(users.dmitri?.hash ?? '', /^\$pbkdf2-sha1\$i=20000,l=64\$/)
  assert.equal(users.chloe?.record.status, 'disabled')
  await assertFit(passwords, users, {
    anna: 'blue bicycle 1984',
    bruno: 'Grüße aus Köln 7',
    chloe: 'chloe keeps 9 goats',
    dmitri: 'dmitri was here 99',
  })
})

test('the users of several files are those of one, and each is told with its file', async () => {
  const [whole, parts] = [sorted(await rowsOf(keycloak, REALM)), await rowsOf(keycloak, PARTS)]
  const inLines = (users: object) => Object.values(users).map((user) => ({ ...user, line: 0 }))
  assert.deepEqual(inLines(sorted(parts).users), inLines(whole.users))
  assert.deepEqual([...new Set(parts.map(({ file }) => file))], PARTS)
  assert.deepEqual(sorted(parts).reasons, [
    '3: This is the service account of a client.',
    '4: The user has no e-mail address.',
  ])
})

test('what has no place here is named: roles, groups, second factors, other providers, required actions', async () => {
  const { users } = sorted(await rowsOf(keycloak, REALM))
  const named = Object.entries(users).map(([name, { leftBehind }]) => [name, ...leftBehind])
  assert.deepEqual(named, [
    ['anna', 'role /staff', 'credential otp', 'attributes.department', 'attributes.phones'],
    ['bruno', 'role manager', 'role account/view-profile'],
    ['chloe', 'username', 'requiredActions'],
    ['dmitri', 'federatedIdentities'],
    ['eva', 'federationLink'],
    ['fred'],
  ])
})

test('a role or a group becomes a role here where the operator says which', async () => {
  const options = {
    roles: { manager: 'admin', '/staff': 'support', constructor: 'admin' },
    profileFields: { 'attributes.department': 'department' },
  }
  const { users } = sorted(await rowsOf(keycloak, REALM, options))
  assert.deepEqual([users.anna?.record.roles, users.bruno?.record.roles], [['support'], ['admin']])
  assert.equal(users.chloe?.record.roles, undefined)
  assert.equal(Object(users.anna?.record.profile).department, 'Sales')
})

test('a hash of an algorithm that is not known is told as such, and never taken for another', async () => {
  const { users } = sorted(await rowsOf(keycloak, REALM))
  assert.equal(users.fred?.hash, 'unknown:bcrypt-custom')
  assert.equal(passwords.importable('unknown:bcrypt-custom'), null)
  const without = { type: 'password', secretData: '{', credentialData: '[]' }
  for (const credential of [{}, without, { ...without, credentialData: '{"algorithm":"argon2"}' }]) {
    assert.equal(passwords.importable(keycloakHash(credential)), null)
  }
})

test('a credential from before version 8, with everything as fields of its own, is read too', async () => {
  const { users } = sorted(await rowsOf(keycloak, REALM))
  const [, , setting = '', salt = '', tag = ''] = (users.chloe?.hash ?? '').split('$')
  assert.equal(setting, 'i=27500,l=64')
  const old = { type: 'password', hashedSaltedValue: `${tag}==`, salt: `${salt}==`, hashIterations: 27_500 }
  assert.equal(keycloakHash({ ...old, algorithm: 'pbkdf2-sha256' }), users.chloe?.hash)
})
