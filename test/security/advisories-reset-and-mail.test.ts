/** What broke elsewhere around links, mail and identifiers (security: section 2.1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mailKinds } from '../../src/domain/ports/mailer.ts'
import { identifierKey, readEmail, usernameKey } from '../../src/domain/keys.ts'
import type { Answer, Sent } from '../support/client.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { startVariant } from '../support/server-variant.ts'
import { PASSWORD } from '../support/server-users.ts'

const ATTACKER = 'attacker.example'
const NEW_PASSWORD = 'a heron beside the canal'

/** Everything from which some program somewhere has built the address of a link. */
const hostLike: Readonly<Record<string, string>> = {
  host: ATTACKER,
  forwarded: `for=192.0.2.1;host=${ATTACKER};proto=https`,
  'x-forwarded-host': ATTACKER,
  'x-forwarded-server': ATTACKER,
  'x-forwarded-proto': 'gopher',
  // No port that a test is given begins like it.
  'x-forwarded-port': '9443',
  'x-forwarded-prefix': `/${ATTACKER}`,
  'x-host': ATTACKER,
  'x-original-host': ATTACKER,
  'x-original-url': `https://${ATTACKER}/`,
  'x-rewrite-url': `https://${ATTACKER}/`,
  origin: `https://${ATTACKER}`,
}

type Send = (method: string, path: string, sent: Sent) => Promise<Answer>

/** Requests a mail of every kind, each request with these headers. */
async function requestEveryMail(server: TestServer, headers: Readonly<Record<string, string>>) {
  const { client, deps, mailbox, newUser, signIn } = server
  const send: Send = async (method, path, sent) => {
    const answer = await client.send(method, path, { ...sent, headers })
    assert.ok(answer.status < 300, `${method} ${path} ${JSON.stringify(headers)}: ${answer.text}`)
    return answer
  }
  const serial = deps.ids.next().slice(-12)
  const user = await newUser({ emailVerified: false })
  const admin = await newUser({ roles: ['admin'] })
  const { access_token: adminToken } = await signIn(admin)
  const [newcomer, made] = [`new-${serial}`, `made-${serial}`]
  await send('POST', '/users/register', {
    json: { username: newcomer, email: `${newcomer}@example.com`, password: NEW_PASSWORD },
  })
  const creation = { username: made, email: `${made}@example.com`, roles: ['user'] }
  await send('POST', '/users', { json: creation, token: adminToken })
  await send('POST', '/users/verify-email', { json: { email: user.email } })
  await send('POST', '/users/reset-password', { json: { email: user.email } })
  const reset = await mailbox.token({ to: user.email, kind: 'reset_password' })
  await send('POST', `/users/reset-password/${reset}`, { json: { password: NEW_PASSWORD } })
  const signInAgain = { json: { username: user.username, password: NEW_PASSWORD } }
  await send('POST', '/users/login', signInAgain)
  const { access_token: token } = (await send('POST', '/users/login', signInAgain)).json<{
    access_token: string
  }>()
  const change = { current_password: NEW_PASSWORD, new_password: PASSWORD }
  await send('PUT', '/users/password', { json: change, token })
  const moved = `moved-${serial}@example.com`
  await send('PUT', '/users/profile', { json: { email: moved }, token })
  const link = await mailbox.token({ to: moved, kind: 'change_email' })
  await send('POST', `/users/verify-email/${link}`, { json: { password: PASSWORD } })
  if (deps.rules.disclosure === 'strict') {
    const again = { username: `other-${serial}`, email: admin.email, password: NEW_PASSWORD }
    await send('POST', '/users/register', { json: again })
  }
  await stealSession(server, headers)
}

/** A refresh token that is used two generations late. */
async function stealSession(server: TestServer, headers: Readonly<Record<string, string>>): Promise<void> {
  const { refresh_token: first } = await server.signIn(await server.newUser())
  const refresh = async (token: string) =>
    server.client.send('POST', '/users/token/refresh', { json: { refresh_token: token }, headers })
  const second = (await refresh(first)).json<{ refresh_token: string }>().refresh_token
  await refresh(second)
  assert.equal((await refresh(first)).problem.code, 'refresh_token_reused')
}

async function assertOnlyOurLinks({ deps, mailbox }: TestServer, kinds: readonly string[]): Promise<void> {
  for (const kind of kinds) await mailbox.wait({ kind })
  const mails = await mailbox.list()
  const { publicUrl } = deps.rules
  for (const mail of mails) {
    assert.doesNotMatch(JSON.stringify(mail), /attacker|gopher|:9443/, mail.kind)
    const foreign = mail.links.filter((link) => !link.startsWith(`${publicUrl}/`))
    assert.deepEqual(foreign, [], mail.kind)
  }
}

const server = await startTestServer()
const { client, deps, mailbox, newUser } = server

test('no header moves the link of any mail away from the public URL (rows 1, 2)', async () => {
  assert.equal(Object.keys(hostLike).length, 12)
  await Promise.all(
    Object.entries(hostLike).map(([name, value]) => requestEveryMail(server, { [name]: value })),
  )
  await assertOnlyOurLinks(
    server,
    mailKinds.filter((kind) => kind !== 'address_taken'),
  )
})

test('forwarded headers of a peer that is no trusted proxy are not believed, in mails of every kind (row 3)', async () => {
  const behind = await startTestServer({
    UM_TRUSTED_PROXIES: '203.0.113.7',
    UM_REGISTRATION_DISCLOSURE: 'strict',
  })
  await requestEveryMail(behind, hostLike)
  await assertOnlyOurLinks(behind, mailKinds)
})

/** Every code point, but for lone surrogates. */
function* codePoints(): Generator<string> {
  for (let point = 0; point <= 0x10ffff; point += 1) {
    if (point < 0xd800 || point > 0xdfff) yield String.fromCodePoint(point)
  }
}

/** What the case and compatibility rules of Unicode make of a text, marks left out. */
function folds(text: string): readonly string[] {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '')
  return [text.toLowerCase(), text.toUpperCase().toLowerCase(), plain, plain.toLowerCase()]
}

test('no character that folds to an ASCII one leads to the account of somebody else (row 5)', async () => {
  const lookAlikes = [...codePoints()].filter(
    (character) => character > '\u007f' && folds(character).some((text) => /^[a-z0-9.@_-]$/.test(text)),
  )
  assert.ok(lookAlikes.length > 1400, `${lookAlikes.length}`)
  for (const character of [...lookAlikes, '\u0131']) {
    for (const address of [`m${character}ke@example.com`, `mike${character}example.com`])
      assert.equal(readEmail(address), null, address)
    assert.equal(usernameKey(`m${character}ke`), null)
    const key = identifierKey(`mike@ex${character}mple.com`)
    assert.ok(key === null || /^e:mike@xn--|^e:mike@ex--/.test(key), `${character} ${key}`)
  }
  const victim = await newUser()
  const odd = victim.email.replace('mail', 'ma\u0131l')
  assert.deepEqual(
    (await client.send('POST', '/users/reset-password', { json: { email: odd } })).fieldErrors,
    ['/email email_format'],
  )
  const typed = victim.email.toUpperCase()
  await client.send('POST', '/users/reset-password', { json: { email: typed } })
  assert.equal((await mailbox.wait({ kind: 'reset_password', to: victim.email })).to, victim.email)
  assert.deepEqual(await mailbox.list({ to: odd }), [])
})

test('the key of a name or an address has itself as its key, whatever is typed, in this version of Unicode (row 6)', () => {
  // Another version may map characters anew: then look at the keys that are stored before this number moves.
  assert.match(process.versions.unicode ?? '', /^17\./)
  let keys = 0
  const hold = (text: string): void => {
    const key = identifierKey(text)
    if (key === null) return
    keys += 1
    assert.equal(identifierKey(key.slice(2)), key, JSON.stringify(text))
  }
  for (const character of codePoints()) {
    hold(`ab${character}`)
    // A host is read by the URL parser, which has tables of its own.
    if (/[\p{L}\p{N}]/u.test(character) && (character.codePointAt(0) ?? 0) < 0x3000)
      hold(`a@${character}b.example`)
  }
  assert.ok(keys > 2000, `${keys}`)
  const alphabet = [
    'a',
    'Z',
    '0',
    '.',
    '_',
    '-',
    '+',
    '@',
    'é',
    'ß',
    'ſ',
    'İ',
    '\u212a',
    'Σ',
    '\u200d',
    '𝒂',
    '\u00a0',
  ]
  let state = 1
  const next = (): number => (state = (state * 48_271) % 2_147_483_647)
  for (let round = 0; round < 100_000; round += 1) {
    const text = Array.from({ length: 1 + (next() % 12) }, () => alphabet[next() % alphabet.length]).join('')
    hold(text)
    hold(`${text}@${text}.example`)
  }
})

test('a request for a link with anything wrong is refused before anybody is looked up, known or not (row 10)', async () => {
  const variant = await startVariant(server)
  const { email } = await newUser()
  for (const path of ['/users/reset-password', '/users/verify-email']) {
    for (const extra of [
      { reset_url: 'https://attacker.example' },
      { redirect_to: 'javascript:x' },
      { x: 1 },
    ]) {
      const answers = []
      for (const json of [
        { email, ...extra },
        { email: `nobody.${email}`, ...extra },
      ]) {
        variant.calls.length = 0
        const { status, fieldErrors } = await variant.client.send('POST', path, { json })
        assert.deepEqual(variant.calls, [], 'no port has been called')
        answers.push(JSON.stringify({ status, fieldErrors }))
      }
      assert.equal(new Set(answers).size, 1)
      assert.match(answers[0] ?? '', /^\{"status":422,.*unknown_field/)
    }
  }
})

test('links are asked for and redeemed without the id of a user, and what is no live token is one answer (row 12)', async () => {
  const paths = [
    '/users/reset-password',
    '/users/verify-email',
    '/account/reset-password',
    '/account/verify-email',
  ]
  const operations = client.operations.filter(({ path }) => paths.some((start) => path.startsWith(start)))
  assert.ok(operations.length >= 8)
  for (const { path, operationId, requestBody } of operations) {
    assert.deepEqual(path.match(/\{\w+\}/g) ?? ['{token}'], ['{token}'], operationId)
    assert.doesNotMatch(JSON.stringify(requestBody ?? {}), /"(?:user_)?id"/, operationId)
  }
  const { id, username } = await newUser()
  const unknown = deps.secrets.newOneTimeToken().token
  const texts = [unknown, `${unknown}x`, unknown.slice(1), id, username, 'x', '0'.repeat(1024)]
  for (const [path, code] of [
    ['/users/reset-password', 'reset_token_invalid'],
    ['/users/verify-email', 'verify_token_invalid'],
  ] as const) {
    for (const text of texts) {
      const answer = await client.send('POST', `${path}/${text}`, { json: { password: NEW_PASSWORD } })
      assert.deepEqual([answer.status, answer.problem.code], [400, code], text)
      assert.doesNotMatch(answer.text, new RegExp(`${id}|"errors"`))
    }
  }
})
