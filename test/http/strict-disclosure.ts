/** Strict disclosure (ASVS 6.3.8), the same on every engine: what is asked of it, and what may not be told. */
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { lifetimes } from '../../src/domain/limits.ts'
import type { Answer, UserBody } from '../support/client.ts'
import type { Mail } from '../support/mailbox.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { PASSWORD } from '../support/server-users.ts'

/** What the deliverer, the inbox and the health check call at any time. */
const BACKGROUND = new Set([
  'claimMail',
  'finishMail',
  'retryMail',
  'findUser',
  'putInboxMessage',
  'listInboxMessages',
  'health',
  'sweep',
  'mailBacklog',
])

export interface Work {
  readonly answer: Answer
  /** `store.createUser` and the like, in their order, hashes among them. */
  readonly calls: readonly string[]
  /** What was written, by its keys: the shape of the arguments of every call. */
  readonly shapes: readonly string[]
}

/** A request, and everything that it made the store and the hash threads do. */
export async function workOf(server: TestServer, request: () => Promise<Answer>): Promise<Work> {
  const calls: string[] = []
  const shapes: string[] = []
  const spies = Object.entries({ store: server.deps.store, passwords: server.deps.passwords }).flatMap(
    ([owner, methods]: [string, object]) =>
      Object.entries(methods)
        .filter(([name, method]) => typeof method === 'function' && !BACKGROUND.has(name))
        .map(([name, method]: [string, (...given: unknown[]) => unknown]) =>
          mock.method(methods as Record<string, typeof method>, name, (...given: unknown[]) => {
            calls.push(`${owner}.${name}`)
            if (owner === 'store') shapes.push(`${name} ${shapeOf(given)}`)
            return method.apply(methods, given)
          }),
        ),
  )
  try {
    return { answer: await request(), calls, shapes }
  } finally {
    for (const spy of spies) spy.mock.restore()
  }
}

/** Names and kinds of everything in a value, and none of its contents. */
function shapeOf(value: unknown): string {
  if (value instanceof Uint8Array) return 'bytes'
  if (Array.isArray(value)) return `[${value.map(shapeOf).join()}]`
  if (typeof value !== 'object' || value === null) return typeof value
  return `{${Object.entries(value)
    .map(([name, each]) => `${name}:${shapeOf(each)}`)
    .join()}}`
}

/** Everything that an asker can see, but the id and the time of the request itself. */
export function seen(answer: Answer): unknown {
  const { 'x-request-id': requestId, date, ...headers } = answer.headers
  assert.ok(requestId && date)
  return { status: answer.status, headers, text: answer.text }
}

/** What one mailbox has got, as kinds, the newest first. */
export async function kindsFor({ mailbox }: TestServer, to: string): Promise<readonly string[]> {
  return (await mailbox.list({ to })).map(({ kind }) => kind)
}

function register({ client }: TestServer, username: string, email: string) {
  return client.send('POST', '/users/register', { json: { username, email, password: PASSWORD } })
}

function login({ client }: TestServer, identifier: object) {
  return client.send('POST', '/users/login', { json: { ...identifier, password: PASSWORD } })
}

function confirm({ client }: TestServer, mail: Mail, password = PASSWORD) {
  return client.send('POST', `/users/verify-email/${mail.tokens[0] ?? 'none'}`, { json: { password } })
}

/** Registers the tests that every engine must pass. */
export async function strictDisclosure(settings: Readonly<Record<string, string>>): Promise<TestServer> {
  const server = await startTestServer({
    UM_REGISTRATION_DISCLOSURE: 'strict',
    UM_RATE_LIMITS: 'off',
    ...settings,
  })
  const { clock, deps, mailbox, newUser } = server

  test('a free, a taken and a claimed address get the same answer for the same work', async () => {
    const taken = await newUser()
    const claimed = await newUser({ emailVerified: false })
    const disabled = await newUser({ status: 'disabled' })
    const addresses = ['free@example.com', taken.email, claimed.email, disabled.email]
    const works: Work[] = []
    for (const [index, email] of addresses.entries()) {
      works.push(await workOf(server, () => register(server, `reader-${index}`, email)))
    }
    const [first] = works
    assert.ok(first)
    assert.deepEqual([first.answer.status, first.answer.text], [202, '{"status":"accepted"}'])
    assert.equal(first.answer.headers['location'], undefined)
    assert.deepEqual(first.calls.toSorted(), [
      'passwords.hash',
      'passwords.isCommon',
      'passwords.requireRoom',
      'store.createUser',
      'store.findUserByIdentifier',
    ])
    for (const work of works.slice(1)) {
      assert.deepEqual(seen(work.answer), seen(first.answer))
      assert.deepEqual(work.calls, first.calls)
      assert.deepEqual(work.shapes, first.shapes)
    }
  })

  test('the link goes to a free or claimed address, a notice without a link to the holder of a taken one', async () => {
    const taken = await newUser()
    const claimed = await newUser({ emailVerified: false })
    await register(server, 'mail-free', 'mail-free@example.com')
    await register(server, 'mail-claimed', claimed.email.toUpperCase())
    await register(server, 'mail-taken', taken.email)
    const notice = await mailbox.wait({ to: taken.email })
    await mailbox.wait({ to: claimed.email })
    await mailbox.wait({ to: 'mail-free@example.com' })
    assert.deepEqual([notice.kind, notice.links, notice.tokens], ['address_taken', [], []])
    assert.doesNotMatch(notice.text, /mail-taken/)
    for (const [to, kind] of [
      [taken.email, 'address_taken'],
      [claimed.email, 'verify_email'],
      ['mail-free@example.com', 'verify_email'],
    ] as const) {
      assert.deepEqual(await kindsFor(server, to), [kind])
    }
  })

  test('nobody can sign in before the link is confirmed, and then the account is there', async () => {
    const address = { email: 'soon@example.com' }
    await register(server, 'soon', address.email)
    const mail = await mailbox.wait({ to: address.email })
    for (const identifier of [address, { username: 'soon' }, { username: address.email }]) {
      const { answer, calls } = await workOf(server, () => login(server, identifier))
      const stranger = await workOf(server, () => login(server, { username: 'never-heard-of' }))
      assert.equal(answer.problem.code, 'invalid_credentials')
      assert.deepEqual(calls, stranger.calls)
      assert.deepEqual(calls, ['passwords.requireRoom', 'store.findUserByIdentifier', 'passwords.verify'])
    }
    assert.equal((await confirm(server, mail, 'another password')).problem.code, 'password_incorrect')
    assert.equal((await login(server, address)).problem.code, 'invalid_credentials')
    const confirmed = (await confirm(server, mail)).json<UserBody>()
    assert.deepEqual([confirmed.status, confirmed.email_verified], ['active', true])
    for (const identifier of [address, { username: 'soon' }]) {
      assert.equal((await login(server, identifier)).status, 200)
    }
    assert.equal((await confirm(server, mail)).problem.code, 'verify_token_used')
  })

  test('the username is taken at once, whoever holds the address, and free again after 24 hours', async () => {
    const holder = await newUser()
    for (const [username, email] of [
      ['kept-free', 'kept@example.com'],
      ['kept-taken', holder.email],
    ] as const) {
      await register(server, username, email)
      const again = await register(server, username.toUpperCase(), 'other@example.com')
      assert.equal(again.problem.code, 'username_taken')
      assert.deepEqual(again.fieldErrors, ['/username username_taken'])
      const both = await register(server, username, holder.email)
      assert.deepEqual(both.fieldErrors, ['/username username_taken'], 'of the address nothing is said')
    }
    const { tokens } = await mailbox.wait({ to: 'kept@example.com' })
    clock.advance(lifetimes.verifyTokenMs + 1000)
    await deps.store.sweep({ now: clock.now() })
    for (const username of ['kept-free', 'kept-taken']) {
      assert.equal((await register(server, username, 'next@example.com')).status, 202)
    }
    const late = await confirm(server, { tokens } as Mail)
    assert.ok(['verify_token_invalid', 'verify_token_expired'].includes(late.problem.code))
  })

  test('of two registrations of one address the first to confirm gets it, and the other is refused', async () => {
    const address = 'contested@example.com'
    const mails: Mail[] = []
    for (const username of ['rival-0', 'rival-1']) {
      const before = await mailbox.list({ to: address })
      await register(server, username, address)
      mails.push(await mailbox.wait({ to: address, ...(before[0] && { after: before[0].id }) }))
    }
    const answers = await Promise.all(mails.map((mail) => confirm(server, mail)))
    const winner = answers.findIndex(({ status }) => status === 200)
    const loser = 1 - winner
    assert.deepEqual([answers[winner]?.status, answers[loser]?.status], [200, 409])
    assert.equal(answers[loser]?.problem.code, 'email_taken')
    assert.equal((await login(server, { username: `rival-${winner}` })).status, 200)
    assert.equal((await login(server, { username: `rival-${loser}` })).problem.code, 'invalid_credentials')
    const owner = (await login(server, { email: address })).json<{ user: UserBody }>()
    assert.equal(owner.user.username, `rival-${winner}`)
  })

  test('who confirms takes the address from an account that never did, which is gone with its sessions', async () => {
    const squatter = await newUser({ emailVerified: false })
    const { access_token: token } = await server.signIn(squatter)
    await register(server, 'the-owner', squatter.email)
    const mail = await mailbox.wait({ to: squatter.email })
    assert.equal((await server.profile(token)).status, 200, 'asking alone changes nothing')
    assert.equal((await confirm(server, mail)).status, 200)
    assert.equal((await server.profile(token)).problem.code, 'session_revoked')
    assert.equal((await login(server, { username: squatter.username })).problem.code, 'invalid_credentials')
    assert.equal(
      (await login(server, { email: squatter.email })).json<{ user: UserBody }>().user.username,
      'the-owner',
    )
  })

  return server
}
