/** That nobody can find out who has an account (ASVS 6.3.8), the same on every engine. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../support/client.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { PASSWORD } from '../support/server-users.ts'
import { failUntilThrottled } from '../support/throttled.ts'
import { workOf, type Work } from './strict-disclosure.ts'

const WRONG = 'wrong password here'
const RECIPIENT_LIMIT = 2

type Sent = Readonly<Record<string, unknown>>

/** Everything that an asker can see, but the id and the time of the request itself. */
function visible({ status, headers, text }: Answer): unknown {
  const { 'x-request-id': id = '', date, ...rest } = headers
  assert.ok(id && date)
  return { status, headers: rest, text: text.replaceAll(id, 'ID') }
}

function assertAlike(works: Readonly<Record<string, Work>>): Work {
  const [first, ...others] = Object.entries(works)
  assert.ok(first && others.length > 0)
  for (const [who, work] of others) {
    assert.deepEqual(visible(work.answer), visible(first[1].answer), who)
    assert.deepEqual(work.calls, first[1].calls, who)
    assert.deepEqual(work.shapes, first[1].shapes, who)
  }
  return first[1]
}

/** Registers the tests that every engine must pass. */
export async function noEnumeration(settings: Readonly<Record<string, string>>): Promise<TestServer> {
  const server = await startTestServer({
    UM_REGISTRATION_DISCLOSURE: 'strict',
    UM_REQUIRE_VERIFIED_EMAIL: 'on',
    UM_TRUSTED_PROXIES: '127.0.0.1,::1',
    UM_RATE_LIMITS: `login=5/m,recipient=${RECIPIENT_LIMIT}/h,spray=4/h`,
    ...settings,
  })
  const { client, clock, newUser, mailbox } = server
  const networks = networkMaker()
  const post = (path: string, json: unknown, from = networks()) =>
    client.send('POST', path, { json, headers: { 'x-forwarded-for': from } })
  const workFor = (path: string, json: unknown) => workOf(server, () => post(path, json))
  const login = (json: Sent) => workFor('/users/login', json)
  const registerPending = async (name: string) => {
    const email = `${name}@example.com`
    await post('/users/register', { username: name, email, password: PASSWORD })
    return mailbox.wait({ to: email, kind: 'verify_email' }).then(() => email)
  }

  test('whoever is refused a sign-in, and why, cannot be told: not by body, fields or work', async () => {
    const user = await newUser()
    const bearer = await newUser()
    const { device_token: device } = (await post('/users/login', credentials(bearer))).json()
    const throttled = await newUser()
    await failUntilThrottled(clock, () => post('/users/login', { email: throttled.email, password: WRONG }))
    const disabled = await newUser({ status: 'disabled' })
    const unverified = await newUser({ emailVerified: false })
    const pending = await registerPending('pending-one')
    const works = {
      'nobody by address': await login({ email: 'nobody@example.com', password: PASSWORD }),
      'nobody by name': await login({ username: 'nobody-at-all', password: PASSWORD }),
      'a malformed address': await login({ email: 'this is no address', password: PASSWORD }),
      'a malformed name': await login({ username: 'no name at all ü', password: PASSWORD }),
      'a name in the field of addresses': await login({ email: user.username, password: PASSWORD }),
      'a wrong password': await login({ email: user.email, password: WRONG }),
      'a password too long to be one': await login({ email: user.email, password: 'x'.repeat(1024) }),
      'a throttled account with the right password': await login(credentials(throttled)),
      'a throttled account with a wrong password': await login({ email: throttled.email, password: WRONG }),
      'a disabled account': await login({ email: disabled.email, password: WRONG }),
      'an unconfirmed account': await login({ email: unverified.email, password: WRONG }),
      'a pending account with its password': await login({ email: pending, password: PASSWORD }),
      'the device token of another': await login({
        email: user.email,
        password: WRONG,
        device_token: device,
      }),
      'a device token of nobody': await login({
        email: 'nobody@example.com',
        password: WRONG,
        device_token: 'umd_x',
      }),
    }
    const { answer, calls, shapes } = assertAlike(works)
    assert.equal(answer.problem.code, 'invalid_credentials')
    const known = await login({ email: bearer.email, password: WRONG, device_token: device })
    // In a bucket of its own, which has no waits: its bearer knows that the account is there.
    assertAlike({ others: works['a wrong password'], known: { ...known, shapes } })
    assert.match(answer.headers['ratelimit'] ?? '', /^"login";r=4;t=60$/)
    assert.deepEqual(
      calls.filter((call) => call.startsWith('passwords.')),
      ['passwords.requireRoom', 'passwords.verify'],
    )
  })

  test('a sign-in costs one hash where the password is right, too', async () => {
    const user = await newUser()
    const first = (await login(credentials(user))).answer.json()
    const attempts = {
      200: { ...credentials(user), device_token: first['device_token'] },
      403: credentials(await newUser({ status: 'disabled' })),
    }
    const unverified = credentials(await newUser({ emailVerified: false }))
    for (const [status, json] of [...Object.entries(attempts), ['403', unverified] as const]) {
      const { answer, calls } = await login(json)
      assert.equal(answer.status, Number(status), answer.text)
      const hashes = calls.filter((call) => /^passwords\.(?:hash|verify)$/.test(call))
      assert.deepEqual(hashes, ['passwords.verify'])
    }
  })

  for (const path of ['/users/reset-password', '/users/verify-email']) {
    test(`POST ${path} answers the same for everybody, a recipient with too many mails included`, async () => {
      const name = path.includes('reset') ? 'reset' : 'verify'
      const full = await newUser({ emailVerified: false })
      for (let mails = 0; mails <= RECIPIENT_LIMIT; mails += 1) await post(path, { email: full.email })
      const pending = await registerPending(`pending-${name}`)
      const works = {
        nobody: await workFor(path, { email: `nobody-${name}@example.com` }),
        confirmed: await workFor(path, { email: (await newUser()).email }),
        unconfirmed: await workFor(path, { email: (await newUser({ emailVerified: false })).email }),
        disabled: await workFor(path, { email: (await newUser({ status: 'disabled' })).email }),
        'with too many mails': await workFor(path, { email: full.email }),
        pending: await workFor(path, { email: pending }),
      }
      const { answer, calls } = assertAlikeButOwner(works)
      assert.deepEqual([answer.status, answer.text], [202, '{"status":"accepted"}'])
      assert.match(answer.headers['ratelimit'] ?? '', /^"mail";r=\d+;t=3600$/)
      assert.deepEqual(calls, ['store.hit', 'store.findUserByIdentifier', 'store.hit', 'store.putToken'])
      assert.equal((await mailbox.list({ to: full.email })).length <= RECIPIENT_LIMIT, true)
    })
  }

  test('a registration answers the same for a free and a taken address', async () => {
    const taken = await newUser()
    const disabled = await newUser({ status: 'disabled' })
    const register = (username: string, email: string) =>
      workFor('/users/register', { username, email, password: PASSWORD })
    const works = {
      free: await register('reg-free', 'reg-free@example.com'),
      taken: await register('reg-taken', taken.email),
      disabled: await register('reg-disabled', disabled.email),
      pending: await register('reg-pending', await registerPending('reg-first')),
    }
    const { answer } = assertAlike(works)
    assert.equal(answer.status, 202)
    assert.match(answer.headers['ratelimit'] ?? '', /^"register";r=\d+;t=3600$/)
  })

  test('what is wrong with a request is said before anybody is looked up (Directus CVE-2026-26185)', async () => {
    const user = await newUser()
    const wrong = (email: string): readonly (readonly [string, Sent])[] => [
      ['/users/login', { email, password: PASSWORD, device_token: 7 }],
      ['/users/login', { email, password: PASSWORD, device_name: 'two\nlines' }],
      ['/users/login', { email, password: PASSWORD, redirect: 'https://evil.example' }],
      ['/users/reset-password', { email, reset_url: 'javascript:alert(1)' }],
      ['/users/verify-email', { email, locale: 7 }],
      ['/users/register', { username: 'x', email, password: PASSWORD }],
      ['/users/register', { username: 'fine-name', email, password: 'short' }],
    ]
    const known = wrong(user.email)
    for (const [index, [path, json]] of wrong('nobody@example.com').entries()) {
      const works = { unknown: await workFor(path, json), known: await workFor(path, known[index]?.[1]) }
      const { answer, calls } = assertAlike(works)
      assert.equal(answer.problem.code, 'validation_failed', JSON.stringify(json))
      assert.deepEqual(
        calls.filter((call) => !['passwords.isCommon', 'passwords.requireRoom', 'store.hit'].includes(call)),
        [],
      )
    }
  })

  test('that a name and an address are of one account is not told by the limits of the network', async () => {
    const pairs = [
      ['nobody-here', 'nobody-here@example.com'],
      ['nobody-there', 'nobody-there@example.com'],
    ] as const
    const users = [await newUser(), await newUser()]
    const attemptsOf = async (names: readonly (readonly [string, string])[]) => {
      const from = networks()
      const answers: unknown[] = []
      for (const identifier of names.flatMap(([username, email]) => [{ username }, { email }])) {
        answers.push(visible(await post('/users/login', { ...identifier, password: WRONG }, from)))
        clock.advance(60_000)
      }
      const last = await post('/users/login', { username: 'somebody-else', password: WRONG }, from)
      return { answers, last: last.status }
    }
    const strangers = await attemptsOf(pairs)
    assert.equal(strangers.last, 429, 'the limit of the network is reached')
    assert.deepEqual(await attemptsOf(users.map(({ username, email }) => [username, email])), strangers)
  })

  return server
}

/** A link has an owner or is a decoy: in shape these differ, in all else they don't. */
function assertAlikeButOwner(works: Readonly<Record<string, Work>>): Work {
  const unnamed = Object.entries(works).map(([who, work]) => {
    const shapes = work.shapes.map((shape) => shape.replaceAll(/userId:(?:string|object)/g, 'userId'))
    return [who, { ...work, shapes }] as const
  })
  return assertAlike(Object.fromEntries(unnamed))
}

function credentials({ email }: { readonly email: string }) {
  return { email, password: PASSWORD }
}

function networkMaker(): () => string {
  let count = 0
  return () => {
    count += 1
    return `198.51.${Math.floor(count / 250)}.${(count % 250) + 1}`
  }
}
