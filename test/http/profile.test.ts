import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { UserBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer()
const { client, clock, deps, mailbox, newUser, signIn } = server

/** A signed-in user and its two requests. */
async function someone() {
  const user = await newUser()
  const { access_token: token } = await signIn(user)
  const put = (json: unknown, headers: Readonly<Record<string, string>> = {}) =>
    client.send('PUT', '/users/profile', { json, token, headers })
  const get = async () => {
    const answer = await server.profile(token)
    return { tag: answer.headers['etag'] ?? '', user: answer.json<UserBody>() }
  }
  return { user, token, put, get }
}

test('the profile is the whole user with a strong ETag, and signing in changes neither', async () => {
  const { user, get } = await someone()
  const before = await get()
  assert.equal(before.tag, '"1"')
  assert.equal(before.user.email, user.email)
  await signIn(user)
  const after = await get()
  assert.equal(after.tag, before.tag)
  assert.equal(after.user.updated_at, before.user.updated_at)
  assert.ok(after.user.last_sign_in_at)
})

test('a subset is written and the rest stays', async () => {
  const { user, put, get } = await someone()
  const first = await put({ profile: { display_name: 'One', bio: 'Old' } })
  assert.equal(first.status, 200)
  assert.equal(first.headers['etag'], '"2"')
  const second = await put({ locale: 'pt-BR', profile: { bio: 'New', website: 'https://example.com/ü' } })
  const body = second.json<UserBody>()
  assert.deepEqual(body.profile, { display_name: 'One', bio: 'New', website: 'https://example.com/ü' })
  assert.equal(body.locale, 'pt-BR')
  assert.deepEqual([body.username, body.email], [user.username, user.email])
  const read = await get()
  assert.deepEqual(read.user, body)
  assert.equal(read.tag, second.headers['etag'])
})

test('null clears a key of the profile, and only there', async () => {
  const { put } = await someone()
  await put({ profile: { display_name: 'One', bio: 'Old' } })
  const cleared = await put({ profile: { bio: null, given_name: null } })
  assert.deepEqual(cleared.json<UserBody>().profile, { display_name: 'One' })
  const fields = ['username', 'email', 'locale', 'profile']
  const refused = await put(Object.fromEntries(fields.map((field) => [field, null])))
  assert.deepEqual(refused.fieldErrors, fields.map((field) => `/${field} field_type`).toSorted())
})

test('writing what is there already changes neither version nor time', async () => {
  const { user, put } = await someone()
  const first = await put({ profile: { bio: 'Same' } })
  for (const json of [
    {},
    { profile: {} },
    { profile: { bio: 'Same' } },
    { username: user.username, locale: 'en' },
  ]) {
    const again = await put(json)
    assert.equal(again.headers['etag'], first.headers['etag'], JSON.stringify(json))
    assert.equal(again.text, first.text)
  }
  const same = await put({ email: user.email.toUpperCase() })
  assert.equal(same.headers['etag'], first.headers['etag'])
})

test('a matching If-Match writes, in each of its forms', async () => {
  const { put, get } = await someone()
  const forms = [
    (tag: string) => tag,
    () => '*',
    (tag: string) => `"999", ${tag}`,
    (tag: string) => `${tag},"999"`,
    (tag: string) => ` ${tag} `,
  ]
  for (const [index, form] of forms.entries()) {
    const { tag } = await get()
    const answer = await put({ profile: { bio: `Text ${index}` } }, { 'if-match': form(tag) })
    assert.equal(answer.status, 200, form(tag))
  }
})

test('a stale or malformed If-Match writes nothing', async () => {
  const { put, get } = await someone()
  await put({ profile: { bio: 'Newest' } })
  const { tag } = await get()
  const wrong = [
    '"1"',
    `W/${tag}`,
    tag.replaceAll('"', ''),
    `${tag} "9"`,
    `${tag};`,
    'x',
    '"',
    '**',
    `*, ${tag}`,
    '',
  ]
  for (const ifMatch of wrong) {
    const answer = await put({ profile: { bio: 'Lost' } }, { 'if-match': ifMatch })
    assert.equal(answer.problem.code, 'profile_changed', ifMatch)
  }
  assert.deepEqual((await get()).user.profile, { bio: 'Newest' })
})

test('of many writers with one ETag one wins; without an ETag none is lost', async () => {
  const { put, get } = await someone()
  const { tag } = await get()
  const racers = Array.from({ length: 12 }, (_, index) =>
    put({ profile: { bio: `Racer ${index}` } }, { 'if-match': tag }),
  )
  const statuses = (await Promise.all(racers)).map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 200).length, 1)
  assert.equal(statuses.filter((status) => status === 412).length, 11)
  const keys = ['display_name', 'given_name', 'family_name', 'picture', 'website']
  await Promise.all(keys.map((key) => put({ profile: { [key]: `https://example.com/${key}` } })))
  assert.deepEqual(Object.keys((await get()).user.profile).toSorted(), [...keys, 'bio'].toSorted())
})

test('fields that are set elsewhere are refused as read-only, and nothing is written', async () => {
  const { put, get } = await someone()
  const before = await get()
  const readOnly = {
    id: before.user.id,
    roles: ['admin'],
    status: 'active',
    email_verified: true,
    pending_email: null,
    password: 'another password here',
    created_at: '2020-01-01T00:00:00.000Z',
    updated_at: '2020-01-01T00:00:00.000Z',
    last_sign_in_at: null,
  }
  const answer = await put({ ...readOnly, locale: 'de' })
  const names = Object.keys(readOnly).map((name) => `/${name} field_read_only`)
  assert.deepEqual(answer.fieldErrors, names.toSorted())
  const unknown = [
    'version',
    'epoch',
    'password_hash',
    'passwordHash',
    'emailVerified',
    '$set',
    'profile.bio',
    '_id',
  ]
  const other = await put(Object.fromEntries(unknown.map((name) => [name, 1])))
  assert.deepEqual(other.fieldErrors, unknown.map((name) => `/${name} unknown_field`).toSorted())
  assert.deepEqual((await get()).user, before.user)
})

test('a profile of more than 4 KiB is refused, also when it only grows beyond by merging', async () => {
  const { put, get } = await someone()
  const link = (length: number) => `https://example.com/${'x'.repeat(length - 20)}`
  const whole = await put({ profile: { website: link(2048), picture: link(2048) } })
  assert.deepEqual(whole.fieldErrors, ['/profile field_too_long'])
  assert.equal((await put({ profile: { website: link(2048) } })).status, 200)
  const merged = await put({ profile: { picture: link(2040) } })
  assert.deepEqual(merged.fieldErrors, ['/profile field_too_long'])
  assert.equal((await get()).user.profile['picture'], undefined)
  const tooLong = await put({
    profile: { website: link(2049), display_name: 'x'.repeat(101), bio: 'y'.repeat(501) },
  })
  assert.deepEqual(tooLong.fieldErrors, [
    '/profile/bio field_too_long',
    '/profile/display_name field_too_long',
    '/profile/website field_too_long',
  ])
})

test('links are https and nothing else', async () => {
  const { put } = await someone()
  const wrong = [
    'http://example.com',
    'javascript:alert(1)',
    'data:text/html,x',
    '//example.com',
    'https://',
    'https:///x',
    ' https://example.com',
    'https://a b.example',
    'https://example.com/\n',
    '',
  ]
  for (const website of wrong) {
    const answer = await put({ profile: { website } })
    assert.deepEqual(answer.fieldErrors, ['/profile/website field_format'], website)
  }
})

test('a username changes at once, the old one is free, and a taken one is refused', async () => {
  const [one, other] = [await someone(), await someone()]
  const upper = await one.put({ username: one.user.username.toUpperCase() })
  assert.equal(upper.json<UserBody>().username, one.user.username.toUpperCase())
  const taken = await one.put({ username: other.user.username.toUpperCase() })
  assert.equal(taken.problem.code, 'username_taken')
  assert.deepEqual(taken.fieldErrors, ['/username username_taken'])
  assert.equal((await one.put({ username: 'brand-new' })).status, 200)
  assert.equal((await other.put({ username: one.user.username })).status, 200)
})

test('a wrong field, a stale proof and a stale ETag are told in this order', async () => {
  const { put } = await someone()
  clock.advance(lifetimes.freshAuthenticationMs + 1000)
  const headers = { 'if-match': '"77"' }
  assert.equal((await put({ email: 'x', locale: '?' }, headers)).problem.code, 'validation_failed')
  const address = { email: 'new-address@example.com' }
  assert.equal((await put(address, headers)).problem.code, 'fresh_authentication_required')
  assert.equal((await put({ locale: 'de' }, headers)).problem.code, 'profile_changed')
  assert.equal((await put({ locale: 'de' })).status, 200)
})

test('a user that is gone cannot be written any more', async () => {
  const { token, put } = await someone()
  await client.send('DELETE', '/users/delete', { token })
  assert.equal((await put({ locale: 'de' })).problem.code, 'session_revoked')
})

test('a change of the profile alone mails nobody', async () => {
  const { user, put } = await someone()
  await put({ profile: { bio: 'Quiet' }, username: 'quiet-one' })
  const witness = await someone()
  await client.send('POST', '/users/reset-password', { json: { email: witness.user.email } })
  await mailbox.wait({ to: witness.user.email })
  assert.deepEqual(await mailbox.list({ to: user.email }), [])
  assert.equal((await deps.store.findUser({ id: user.id }))?.version, 2)
})
