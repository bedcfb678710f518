import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { guessing, lifetimes } from '../../src/domain/limits.ts'
import type { SignedInBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'
import { PASSWORD, type TestUser } from '../support/server-users.ts'
import { failUntilThrottled } from '../support/throttled.ts'

const server = await startTestServer({ UM_TRUSTED_PROXIES: '127.0.0.1,::1' })
const { client, clock, mailbox, newUser } = server
const WRONG = 'wrong password here'

interface Attempt {
  readonly password?: string
  readonly device?: string
  readonly userAgent?: string
  readonly from?: string
}

function attempt({ email }: TestUser, { password = PASSWORD, device, userAgent, from }: Attempt = {}) {
  return client.send('POST', '/users/login', {
    json: { email, password, ...(device !== undefined && { device_token: device }) },
    headers: {
      ...(userAgent !== undefined && { 'user-agent': userAgent }),
      'x-forwarded-for': from ?? '192.0.2.1',
    },
  })
}

type LoggedIn = SignedInBody & { readonly device_token: string }

async function signedIn(user: TestUser, how?: Attempt): Promise<LoggedIn> {
  const answer = await attempt(user, how)
  assert.equal(answer.status, 200, answer.text)
  return answer.json<LoggedIn>()
}

/** Strangers fail until whoever bears no token has to wait; then the owner tries with the right password. */
async function isKnown(user: TestUser, device: string, password = PASSWORD): Promise<boolean> {
  await failUntilThrottled(clock, () => attempt(user, { password: WRONG, from: '203.0.113.9' }))
  assert.equal((await attempt(user, { password })).status, 401, 'the account is throttled')
  return (await attempt(user, { password, device })).status === 200
}

/** A mail that comes after all that were caused before it. */
async function kindsTo(user: TestUser): Promise<readonly string[]> {
  const witness = await newUser()
  await client.send('POST', '/users/reset-password', { json: { email: witness.email } })
  await mailbox.wait({ to: witness.email })
  return (await mailbox.list({ to: user.email })).map(({ kind }) => kind)
}

test('a sign-in from an unknown device is told to the owner, in words that nobody chose', async () => {
  const user = await newUser()
  await signedIn(user, { userAgent: 'First/1.0' })
  assert.deepEqual(await kindsTo(user), [], 'the first sign-in ever is none of a new device')
  await signedIn(user, { userAgent: 'Buy cheap https://evil.example' })
  const { subject, text, html, links } = await mailbox.wait({ to: user.email, kind: 'new_device' })
  assert.match(subject, /^New sign-in/)
  assert.match(text, /If it was not you/)
  assert.doesNotMatch(subject + text + html, /evil|cheap/)
  assert.deepEqual(links, [])
})

test('a device is known by its token, or by a live session with the same user agent', async () => {
  const user = await newUser()
  const first = await signedIn(user, { userAgent: 'First/1.0' })
  await signedIn(user, { userAgent: 'First/1.0' })
  await signedIn(user, { userAgent: 'Other/1.0', device: first.device_token })
  await signedIn(user, { device: first.device_token })
  assert.deepEqual(await kindsTo(user), [])
  const { access_token: token } = await signedIn(user, { device: first.device_token })
  assert.equal((await client.send('DELETE', '/users/sessions', { token })).status, 204)
  await signedIn(user, { userAgent: 'First/1.0' })
  await mailbox.wait({ to: user.email, kind: 'new_device' })
})

test('a device without a user agent is never known by the lack of it', async () => {
  const user = await newUser()
  await signedIn(user)
  await signedIn(user)
  await mailbox.wait({ to: user.email, kind: 'new_device' })
})

test('whoever signs in again and again from new devices causes one notice an hour', async () => {
  const user = await newUser()
  for (let count = 0; count < 5; count += 1) await signedIn(user, { userAgent: `Device/${count}` })
  assert.deepEqual(await kindsTo(user), ['new_device'])
  clock.advance(guessing.newDeviceNoticeMs + 1000)
  for (let count = 5; count < 8; count += 1) await signedIn(user, { userAgent: `Device/${count}` })
  assert.deepEqual(await kindsTo(user), ['new_device', 'new_device'])
})

test('a refused sign-in tells the owner nothing', async () => {
  const user = await newUser()
  await signedIn(user)
  assert.equal((await attempt(user, { password: WRONG, userAgent: 'Thief/1.0' })).status, 401)
  assert.deepEqual(await kindsTo(user), [])
})

test('a device token survives a change of password and the end of all other sessions, but no reset', async () => {
  const user = await newUser()
  const { access_token: token, device_token: device } = await signedIn(user)
  const password = 'another four words there'
  const json = { current_password: PASSWORD, new_password: password }
  assert.equal((await client.send('PUT', '/users/password', { json, token })).status, 204)
  assert.equal((await client.send('DELETE', '/users/sessions', { token })).status, 204)
  assert.equal(await isKnown(user, device, password), true)
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  const link = await mailbox.token({ to: user.email, kind: 'reset_password' })
  const reset = await client.send('POST', `/users/reset-password/${link}`, { json: { password: PASSWORD } })
  assert.equal(reset.status, 200, reset.text)
  assert.equal(await isKnown(user, device), false, 'whoever held the address before may have had it')
})

test('the device that has reset the password is known, too', async () => {
  const user = await newUser()
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  const link = await mailbox.token({ to: user.email, kind: 'reset_password' })
  const reset = await client.send('POST', `/users/reset-password/${link}`, { json: { password: PASSWORD } })
  assert.equal(await isKnown(user, reset.json<LoggedIn>().device_token), true)
})

test('a device token ends when an administrator signs the user out everywhere', async () => {
  const user = await newUser()
  const { device_token: device } = await signedIn(user)
  const { access_token: token } = await signedIn(await newUser({ roles: ['admin'] }))
  assert.equal((await client.send('POST', `/users/${user.id}/sign-out`, { token })).status, 200)
  assert.equal(await isKnown(user, device), false)
})

test('a device token of another user makes no device known', async () => {
  const [user, other] = [await newUser(), await newUser()]
  const { device_token: device } = await signedIn(other)
  assert.equal(await isKnown(user, device), false)
})

test('a device token lives for 180 days from the last sign-in with it', async () => {
  const [user, idle] = [await newUser(), await newUser()]
  const first = await signedIn(user)
  const unused = await signedIn(idle)
  clock.advance(guessing.deviceTokenMs - 60_000)
  const second = await signedIn(user, { device: first.device_token })
  clock.advance(60_001)
  assert.equal(await isKnown(user, second.device_token), true)
  assert.equal(await isKnown(idle, unused.device_token), false)
})

test('a shortened or altered device token is none, and refuses nobody', async () => {
  const user = await newUser()
  const { device_token: device } = await signedIn(user)
  for (const other of [device.slice(0, 80), device.slice(0, -1), `${device}A`, device.toUpperCase(), 'x']) {
    assert.equal((await attempt(user, { device: other })).status, 200)
  }
  assert.equal(await isKnown(user, device.slice(0, 80)), false)
})

test('strangers who fail never lock out a known device, which is a stranger after ten failures of its own', async () => {
  const user = await newUser()
  const { device_token: device } = await signedIn(user)
  assert.equal(await isKnown(user, device), true)
  for (let failures = 1; failures < guessing.failuresPerDevice; failures += 1) {
    await attempt(user, { password: WRONG, device, from: '192.0.2.77' })
  }
  assert.equal((await attempt(user, { device })).status, 200, 'nine failures, and a success forgets them')
  for (let failures = 0; failures < guessing.failuresPerDevice; failures += 1) {
    await attempt(user, { password: WRONG, device, from: '192.0.2.77' })
  }
  assert.equal((await attempt(user, { device })).status, 401)
  clock.advance(guessing.longestWaitMs)
  assert.equal((await attempt(user, { device })).status, 200, 'after the wait of a stranger')
})

test('nothing of a device token is stored, and an export knows no devices', async () => {
  const user = await newUser()
  const { access_token: token, device_token: device } = await signedIn(user)
  await attempt(user, { password: WRONG, device })
  const exported = await client.send('GET', '/users/export', { token })
  assert.equal(exported.status, 200, exported.text)
  const bytes = Buffer.from(device.slice('umd_'.length), 'base64url')
  const secret = [device, bytes.subarray(16, 32), bytes.subarray(42, 74)]
  const files = readdirSync(server.app.dataDir).filter((name) => name.startsWith('users.db'))
  assert.ok(files.length > 0)
  for (const stored of files.map((name) => readFileSync(join(server.app.dataDir, name)))) {
    for (const part of secret) assert.equal(stored.includes(part), false)
  }
  assert.doesNotMatch(exported.text, /umd_|device_token|device_id/)
  assert.doesNotMatch(JSON.stringify(server.log), /umd_/)
})

test('a replay of a refresh token leaves an event that names no token', async () => {
  const user = await newUser()
  const first = await signedIn(user)
  let newest = first.refresh_token
  for (let rotations = 0; rotations < 3; rotations += 1) {
    const json = { refresh_token: newest }
    newest = (await client.send('POST', '/users/token/refresh', { json })).json<SignedInBody>().refresh_token
  }
  clock.advance(lifetimes.refreshRepeatMs * 60)
  const json = { refresh_token: first.refresh_token }
  const replay = await client.send('POST', '/users/token/refresh', { json })
  assert.equal(replay.problem.code, 'refresh_token_reused')
  await mailbox.wait({ to: user.email, kind: 'session_theft' })
  const { access_token: token } = await signedIn(await newUser({ roles: ['admin'] }))
  const audit = await client.send('GET', `/audit?user_id=${user.id}`, { token })
  assert.equal(audit.status, 200, audit.text)
  const { items } = audit.json<{ items: { action: string; detail: string | null }[] }>()
  assert.ok(items.some(({ action, detail }) => action === 'refresh' && detail === 'session_ended'))
  assert.doesNotMatch(audit.text, /umr_/)
})
