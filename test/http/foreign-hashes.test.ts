/** Users who have moved in sign in with their old passwords, and are then like any other. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { newUser } from '../../src/domain/new-user.ts'
import type { Answer, SignedInBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'

interface Made {
  readonly library: string
  readonly password: string
  readonly stored: string
}

const fixture = new URL('../vectors/foreign-hashes.json', import.meta.url)
const all: readonly Made[] = JSON.parse(readFileSync(fixture, 'utf8'))
const kindOf = ({ stored }: Made): string => /^\$[^$]+\$/.exec(stored)?.[0] ?? assert.fail(stored)
/** The first of each kind; our own kind of hash is upgraded elsewhere. */
const made = [...Map.groupBy(all, kindOf)].flatMap(([kind, [first]]) =>
  first && kind !== '$argon2id$' ? [{ kind, ...first }] : [],
)

const server = await startTestServer()

async function movedIn(name: string, passwordHash: string) {
  const names = { username: name, email: `${name}@example.com` }
  const user = newUser({ ...names, emailVerified: true, passwordHash }, server.deps)
  const { ids, clock, store } = server.deps
  const nobody = { actorId: null, userId: null, requestId: ids.next(), detail: null }
  const audit = { id: ids.next(), at: clock.now(), action: 'import', ...nobody }
  assert.deepEqual(
    (await store.addUsers([user], { audit })).map(({ kind }) => kind),
    ['added'],
  )
  return { ...names, id: user.id }
}

async function hashOf(id: string): Promise<string | null | undefined> {
  return (await server.deps.store.findUser({ id }))?.passwordHash
}

function login(username: string, password: string): Promise<Answer> {
  return server.client.send('POST', '/users/login', { json: { username, password } })
}

/** An answer without what is different in every one. */
function visible({ status, headers, text }: Answer): string {
  assert.equal(status, 401)
  const { 'x-request-id': id = '', date: _, ...rest } = headers
  const ratelimit = rest['ratelimit']?.replace(/r=\d+;t=\d+/, 'r=R;t=T')
  return JSON.stringify({ rest: { ...rest, ratelimit }, text: text.replaceAll(id, 'ID') })
}

const CURRENT = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/

test('every kind of foreign hash is among those that are tried', () => {
  assert.equal(made.length, 10)
})

for (const [index, { kind, password, stored }] of made.entries()) {
  test(`a user with ${kind} signs in with the old password, once with the old hash and then with ours`, async () => {
    const user = await movedIn(`moved-${index}`, stored)
    const signIn = (text: string) => login(user.username, text)
    assert.equal(visible(await signIn(`${password}x`)), visible(await login('nobody-here', password)))
    assert.equal(await hashOf(user.id), stored, 'a wrong password changes nothing')
    assert.equal((await signIn(password)).status, 200)
    const now = await hashOf(user.id)
    assert.match(now ?? '', CURRENT)
    assert.equal((await signIn(password)).status, 200)
    assert.equal(await hashOf(user.id), now, 'a current hash stays')
    assert.equal((await signIn(`x${password}`)).status, 401)
  })
}

const [{ password, stored } = assert.fail('nothing was made')] = made

test('proving the password inside a session replaces an old hash, too', async () => {
  const user = await movedIn('moved-session', stored)
  const { access_token: token } = (await login(user.username, password)).json<SignedInBody>()
  const from = (await hashOf(user.id)) ?? assert.fail('there is no hash')
  // As if another node had been in the way of the first replacement.
  const back = { userId: user.id, from, to: stored }
  assert.equal((await server.deps.store.upgradePasswordHash(back)).kind, 'upgraded')
  const prove = (text: string) =>
    server.client.send('POST', '/users/reauthenticate', { token, json: { password: text } })
  assert.equal((await prove(`x${password}`)).problem.code, 'password_incorrect')
  assert.equal(await hashOf(user.id), stored, 'a wrong password changes nothing')
  assert.equal((await prove(password)).status, 200)
  assert.match((await hashOf(user.id)) ?? '', CURRENT)
})

test('what counts once a long password of bcrypt has been replaced is all of it', async () => {
  const long = all.find((each) => each.password.length === 100) ?? assert.fail('none is long')
  const user = await movedIn('moved-long', long.stored)
  const behind72 = `${long.password.slice(0, 72)} and then something else`
  assert.equal((await login(user.username, behind72)).status, 200, 'bcrypt has never read more')
  assert.equal((await login(user.username, behind72)).status, 200)
  assert.equal((await login(user.username, long.password)).status, 401)
  assert.equal((await login(user.username, long.password.slice(0, 72))).status, 401)
})

test('a hash that cannot be read is no way in, and stays as it is', async () => {
  for (const [index, text] of ['$6$salt$hash', '', password, stored.replace('i=', 'i=9999')].entries()) {
    const user = await movedIn(`moved-unread-${index}`, text)
    for (const tried of [password, text, '']) {
      if (tried !== '') visible(await login(user.username, tried))
    }
    assert.equal(await hashOf(user.id), text)
  }
})
