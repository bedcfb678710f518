/** P1 to P5 and P7 at the wire: which passwords may be chosen, and how their hashes get better. */
import assert from 'node:assert/strict'
import { argon2Sync, hash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createPasswordListBuilder } from '../../src/crypto/password-list-builder.ts'
import { writePhc } from '../../src/crypto/phc.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { PASSWORD, type TestUser } from '../support/server-users.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-policy-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

const LISTED = 'seven otters in a lift'
const builder = createPasswordListBuilder()
builder.addDigest(hash('sha1', LISTED, 'buffer'))
const list = file('list', Buffer.concat([...builder.file()]))

const standard = await startTestServer({ UM_PASSWORD_LIST_FILE: list })
const nist = await startTestServer({ UM_PASSWORD_POLICY: 'nist' })

let names = 0

/** The codes of a registration with this password; none where it is taken. */
async function codes({ client }: TestServer, password: string): Promise<readonly string[]> {
  names += 1
  const json = { username: `person-n${names}`, email: `m${names}@example.com`, password }
  const answer = await client.send('POST', '/users/register', { json })
  if (answer.status === 201) return []
  assert.equal(answer.problem.code, 'validation_failed')
  assert.ok(!answer.text.includes(password), 'the password is sent back')
  return answer.fieldErrors.map((each) => each.replace('/password ', ''))
}

/** So many code points that no list has. */
const ways: Readonly<Record<string, (length: number) => string>> = {
  letters: (length) => 'mjrxqzkvwtpldfhg'.slice(0, length),
  emoji: (length) => Array.from({ length }, (_, index) => String.fromCodePoint(0x1f600 + 3 * index)).join(''),
  // Each pair has no composed form: two code points before and after NFC.
  marks: (length) => 'x\u0302q\u0308p\u0308k\u0303f\u0303j\u0308m\u0308b\u0308'.slice(0, length),
}

test('P1: the shortest password has 8 characters, or 15 under nist, counted in code points', async () => {
  for (const [name, make] of Object.entries(ways)) {
    const table = [7, 8, 14, 15].map((length) => make(length))
    assert.deepEqual(
      table.map((each) => [...each.normalize('NFC')].length),
      [7, 8, 14, 15],
      name,
    )
    const short = ['password_too_short']
    for (const [server, expected] of [
      [standard, [short, [], [], []]],
      [nist, [short, short, short, []]],
    ] as const) {
      const found = []
      for (const each of table) found.push(await codes(server, each))
      assert.deepEqual(found, expected, name)
    }
  }
})

test('P1: characters that are composed count once, so that 15 code points that become 14 are too short', async () => {
  const decomposed = `${'mjrxqzkvwtpld'}e\u0301`
  assert.equal(Array.from(decomposed).length, 15)
  assert.deepEqual(await codes(nist, decomposed), ['password_too_short'])
})

test('every door says the minimum of the policy', async () => {
  const short = 'mjrxqzkvwtpldf'
  const user = await nist.newUser()
  const { access_token: token } = await nist.signIn(user)
  const change = { current_password: PASSWORD, new_password: short }
  const changed = await nist.client.send('PUT', '/users/password', { json: change, token })
  assert.match(changed.text, /fewer than 15 characters/)
  await nist.client.send('POST', '/users/reset-password', { json: { email: user.email } })
  const [link = ''] = (await nist.mailbox.wait({ to: user.email, kind: 'reset_password' })).tokens
  const reset = await nist.client.send('POST', `/users/reset-password/${link}`, { json: { password: short } })
  assert.match(reset.text, /fewer than 15 characters/)
  const page = await nist.client.send('GET', `/users/reset-password/${link}`)
  assert.match(page.text, /At least 15 characters/)
  assert.match(page.text, /minlength="15"/)
  assert.doesNotMatch(page.text, /At least 8 /)
  const setUp = nist.app.setupLink ?? assert.fail('there is an administrator')
  const { pathname, search } = new URL(setUp)
  assert.match((await nist.client.send('GET', pathname + search)).text, /minlength="15"/)
})

test('under nist a short or common password that is made longer is refused as too common', async () => {
  for (const padded of ['passwordpassword', 'qwertyuiopasdfgh', 'sunshine1234567', 'abcabcabcabcabc']) {
    assert.deepEqual(await codes(nist, padded), ['password_too_common'], padded)
  }
  assert.deepEqual(await codes(nist, 'four plain words together'), [])
  assert.deepEqual(await codes(standard, 'abcabcabcabcabc'), [], 'standard does not ask for so much')
})

test('P3: no kind of character is asked for, and spaces are characters', async () => {
  for (const password of [
    'onlylowercaseletters',
    'w o r d s a p a r t',
    '8273649182938475610',
    'ONLYUPPERCASE',
  ]) {
    assert.deepEqual(await codes(standard, password), [], password)
  }
})

test('P4: what is on the list of the operator is refused in any case, and nothing like it is', async () => {
  for (const listed of [LISTED, LISTED.toUpperCase()]) {
    assert.deepEqual(await codes(standard, listed), ['password_too_common'])
  }
  assert.deepEqual(await codes(standard, `${LISTED} `), [])
  assert.deepEqual(await codes(nist, LISTED), [], 'another server has no such list')
})

test('a service of breached passwords is asked last, for new passwords only, and may be away', async (t) => {
  const breached = 'nine herons on a pier'
  const digest = hash('sha1', breached).toUpperCase()
  let asked = 0
  const service = createServer((_request, response) => {
    asked += 1
    response.end(`${digest.slice(5)}:42`)
  })
  await new Promise<void>((done) => void service.listen(0, '127.0.0.1', done))
  const end = () => {
    service.closeAllConnections()
    service.close()
  }
  t.after(end)
  const at = service.address()
  const port = typeof at === 'object' && at ? at.port : assert.fail()
  const server = await startTestServer({ UM_PASSWORD_RANGE_URL: `http://127.0.0.1:${port}/` })
  assert.deepEqual(await codes(server, breached), ['password_too_common'])
  assert.equal(asked, 1)
  assert.deepEqual(await codes(server, 'mjrxq'), ['password_too_short'])
  const user = await server.newUser()
  const { access_token: token } = await server.signIn(user)
  assert.equal(asked, 1)
  const json = { current_password: PASSWORD, new_password: breached }
  const changed = await server.client.send('PUT', '/users/password', { json, token })
  assert.deepEqual(changed.fieldErrors, ['/new_password password_too_common'])
  assert.equal(asked, 2)
  end()
  assert.deepEqual(await codes(server, breached), [])
  const warnings = server.log.filter(({ level }) => level === 'warn').map((line) => JSON.stringify(line))
  const told = warnings.filter((line) => line.includes('not looked up'))
  assert.equal(told.length, 1)
  assert.ok(!told.join().includes(digest.slice(0, 5)))
})

/** A hash of another row of ASVS appendix C, as an import might have left it. */
function weakHash(password: string): string {
  const salt = randomBytes(16)
  const cost = { memory: 12_288, passes: 3, parallelism: 1, tagLength: 32 }
  const tag = argon2Sync('argon2id', { message: password, nonce: salt, ...cost })
  return writePhc({
    method: { kind: 'argon2id', memoryKib: 12_288, passes: 3, lanes: 1, salt, tagBytes: 32 },
    tag,
    keyId: null,
  })
}

async function hashOf({ deps }: TestServer, { id }: TestUser): Promise<string> {
  return (await deps.store.findUser({ id }))?.passwordHash ?? assert.fail('there is no hash')
}

async function withHash(server: TestServer, to: string): Promise<TestUser> {
  const user = await server.newUser()
  const from = await hashOf(server, user)
  const upgrade = { userId: user.id, from, to }
  assert.equal((await server.deps.store.upgradePasswordHash(upgrade)).kind, 'upgraded')
  return user
}

test('P7: a hash of another cost is replaced once, by sign-ins at the same time that all succeed', async () => {
  const weak = weakHash(PASSWORD)
  const user = await withHash(standard, weak)
  const before = await standard.deps.store.findUser({ id: user.id })
  const wrong = { username: user.username, password: 'a wrong password' }
  assert.equal((await standard.client.send('POST', '/users/login', { json: wrong })).status, 401)
  assert.equal(await hashOf(standard, user), weak, 'a wrong password upgrades nothing')
  const answers = await Promise.all([standard.signIn(user), standard.signIn(user)])
  for (const { access_token: token } of answers) assert.equal((await standard.profile(token)).status, 200)
  const now = await standard.deps.store.findUser({ id: user.id })
  assert.match(now?.passwordHash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.deepEqual(
    [now?.version, now?.epoch, now?.updatedAt],
    [before?.version, before?.epoch, before?.updatedAt],
  )
  const upgrades = standard.log.filter(({ fields }) => fields['event'] === 'password_hash_upgraded')
  assert.equal(upgrades.length, 1)
  await standard.signIn(user)
  assert.equal(await hashOf(standard, user), now?.passwordHash, 'a current hash stays')
})

test('a pepper goes into old hashes at the next sign-in, is recorded in them, and can be followed by another', async () => {
  const [first, second] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')]
  const dataDir = join(folder, 'peppered')
  const hashes: string[] = []
  let user: TestUser | null = null
  for (const pepper of [null, `${first}\n`, `${second}\n${first}\n`]) {
    const setting: Record<string, string> = {}
    if (pepper !== null) setting['UM_PASSWORD_PEPPER_FILE'] = file('pepper', pepper)
    const server = await startTestServer({ UM_DATA_DIR: dataDir, ...setting })
    user ??= await server.newUser()
    await server.signIn(user)
    hashes.push(await hashOf(server, user))
    await server.app.stop()
  }
  const keyIds = hashes.map((each) => /,keyid=([A-Za-z0-9+/]{11})\$/.exec(each)?.[1])
  assert.equal(keyIds[0], undefined)
  assert.equal(new Set(keyIds).size, 3)
  const without = await startTestServer({ UM_DATA_DIR: dataDir })
  const json = { username: user?.username, password: PASSWORD }
  const refused = await without.client.send('POST', '/users/login', { json })
  assert.equal(refused.problem.code, 'invalid_credentials')
  const errors = without.log.filter(({ level }) => level === 'error').map(({ message }) => message)
  assert.match(errors.join(), /its pepper is missing: UM_PASSWORD_PEPPER_FILE has to hold it/)
  assert.equal(errors.length, 1)
})
