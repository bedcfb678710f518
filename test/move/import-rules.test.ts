/** What an import takes and what it refuses, row by row: the rules of a registration, and those of moving in. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { openControl, type Control } from '../../src/control.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'um-import-'))
let control: Control
before(async () => {
  control = await openControl(loadConfig({ UM_DATA_DIR: dataDir }))
})
after(async () => {
  await control.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const argon =
  '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hhc2hoYXNoYXNoaGFzaGFzaGhhc2hhc2g'
const createdAt = Date.UTC(2020, 0, 1)

interface Verdict {
  readonly kind: string
  readonly id?: string
  readonly hash_left_out?: boolean
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly message: string }[]
}

async function imported(records: readonly unknown[], how: object = {}): Promise<readonly Verdict[]> {
  const options = { created_at: createdAt, without_unknown_hashes: false, dry_run: false, ...how }
  const { status, json } = await control.request('POST', '/control/users/import', { records, ...options })
  assert.equal(status, 200, JSON.stringify(json))
  return (json as { verdicts: readonly Verdict[] }).verdicts
}

async function exported(): Promise<readonly Record<string, unknown>[]> {
  const { json } = await control.request('POST', '/control/users/export', { cursor: null })
  return (json as { records: readonly Record<string, unknown>[] }).records
}

let number = 0
const good = (more: object = {}): Record<string, unknown> => {
  number += 1
  return { email: `good-${number}@example.com`, ...more }
}

/** Each rule in a row that breaks it and nothing else: what is wrong, and where. */
const hostile: readonly (readonly [record: unknown, code: string, pointer: string])[] = [
  [{}, 'field_required', '/email'],
  [{ email: null }, 'field_required', '/email'],
  [{ email: 7 }, 'field_type', '/email'],
  [{ email: 'nobody' }, 'email_format', '/email'],
  [{ email: 'a@b@example.com' }, 'email_format', '/email'],
  [{ email: 'nul\0@example.com' }, 'email_format', '/email'],
  [{ email: `${'a'.repeat(65)}@example.com` }, 'email_format', '/email'],
  [good({ username: 'a b' }), 'username_format', '/username'],
  [good({ username: 'ab' }), 'username_format', '/username'],
  [good({ username: 'x'.repeat(33) }), 'username_format', '/username'],
  [good({ username: ['ann'] }), 'field_type', '/username'],
  [good({ email_verified: 'yes' }), 'field_type', '/email_verified'],
  [good({ email_verified: 1 }), 'field_type', '/email_verified'],
  [good({ password_hash: 'correct horse battery staple' }), 'field_format', '/password_hash'],
  [good({ password_hash: '' }), 'field_format', '/password_hash'],
  [good({ password_hash: argon.replace('m=19456', 'm=4194304') }), 'field_format', '/password_hash'],
  [good({ password_hash: '5f4dcc3b5aa765d61d8327deb882cf99' }), 'field_format', '/password_hash'],
  [good({ password: 'secret' }), 'unknown_field', '/password'],
  [good({ pending_email: 'other@example.com' }), 'unknown_field', '/pending_email'],
  [good({ roles: 'admin' }), 'field_type', '/roles'],
  [good({ roles: [7] }), 'field_type', '/roles'],
  [good({ roles: ['superuser'] }), 'field_format', '/roles/0'],
  [good({ roles: ['user', '__proto__'] }), 'field_format', '/roles/1'],
  [good({ roles: Array.from({ length: 65 }, () => 'user') }), 'field_too_long', '/roles'],
  [good({ status: 'pending' }), 'field_format', '/status'],
  [good({ locale: 'not a tag' }), 'field_format', '/locale'],
  [good({ profile: [] }), 'field_type', '/profile'],
  [good({ profile: '{}' }), 'field_type', '/profile'],
  [good({ profile: { shoe_size: 43 } }), 'unknown_field', '/profile/shoe_size'],
  [good({ profile: { website: 'javascript:alert(1)' } }), 'field_format', '/profile/website'],
  [good({ profile: { display_name: 'x'.repeat(101) } }), 'field_too_long', '/profile/display_name'],
  [good({ profile: { display_name: 'a\0b' } }), 'field_format', '/profile'],
  [good({ profile: { display_name: '\ud800' } }), 'field_format', '/profile'],
  [good({ profile: JSON.parse('{"__proto__": {"admin": true}}') }), 'field_format', '/profile'],
  [good({ profile: { bio: 1e300 } }), 'field_format', '/profile'],
  [good({ created_at: 'yesterday' }), 'field_format', '/created_at'],
  [good({ created_at: 1_600_000_000 }), 'field_format', '/created_at'],
  [good({ created_at: '1969-12-31T23:59:59Z' }), 'field_format', '/created_at'],
  [good({ created_at: '2999-01-01T00:00:00Z' }), 'field_format', '/created_at'],
  [good({ updated_at: '2020-13-01T00:00:00Z' }), 'field_format', '/updated_at'],
  [good({ last_sign_in_at: '2020-01-01' }), 'field_format', '/last_sign_in_at'],
  [good({ id: '' }), 'field_too_long', '/id'],
  [good({ id: 'x'.repeat(256) }), 'field_too_long', '/id'],
  [good({ id: {} }), 'field_type', '/id'],
  [good({ email_verified: true, version: 7 }), 'unknown_field', '/version'],
  [JSON.parse('{"email": "proto@example.com", "__proto__": {}}'), 'unknown_field', '/__proto__'],
]

test('each row that breaks one rule is refused with its code and its field, and the rows around it are taken', async () => {
  const before = (await exported()).length
  const rows = hostile.flatMap(([record]) => [record, good()])
  const verdicts = await imported(rows)
  assert.equal(verdicts.length, rows.length)
  const found = hostile.map((_, place) =>
    verdicts[place * 2]?.errors?.map(({ pointer, code }) => [code, pointer]),
  )
  assert.deepEqual(
    found,
    hostile.map(([, code, pointer]) => [[code, pointer]]),
  )
  assert.ok(hostile.every((_, place) => verdicts[place * 2 + 1]?.kind === 'imported'))
  assert.equal((await exported()).length, before + hostile.length)
})

test('a row that breaks several rules is told all of them', async () => {
  const [verdict] = await imported([{ email: 'none', username: '!', roles: ['none'], colour: 'red' }])
  assert.deepEqual(verdict?.errors?.map(({ code }) => code).toSorted(), [
    'email_format',
    'field_format',
    'unknown_field',
    'username_format',
  ])
})

test('everything that a record says is kept, and what it leaves open is as for a new user', async () => {
  const whole = {
    id: '8c9f0f4e-1111-4222-8333-444455556666',
    username: 'Ada.L',
    email: 'Ada@example.com',
    email_verified: true,
    password_hash: argon,
    roles: ['admin', 'user'],
    status: 'disabled',
    locale: 'pt-BR',
    profile: { display_name: 'Ada, "the" Countess', bio: '=1+1\r\n\ufffd' },
    created_at: '2019-05-06T07:08:09.123Z',
    updated_at: '2020-05-06T07:08:09.123Z',
    last_sign_in_at: '2021-05-06T07:08:09.123Z',
  }
  const bare = { email: 'Bare.Minimum+tag@EXAMPLE.com' }
  const [first, second] = await imported([whole, bare])
  assert.deepEqual([first?.kind, first?.id, second?.kind], ['imported', whole.id, 'imported'])
  const users = await exported()
  assert.deepEqual(
    users.find(({ id }) => id === whole.id),
    whole,
  )
  assert.deepEqual(
    users.find(({ id }) => id === second?.id),
    {
      id: second?.id,
      username: 'Bare.Minimum-tag',
      email: 'Bare.Minimum+tag@example.com',
      email_verified: false,
      password_hash: null,
      roles: ['user'],
      status: 'active',
      locale: 'en',
      profile: {},
      created_at: new Date(createdAt).toISOString(),
      updated_at: new Date(createdAt).toISOString(),
      last_sign_in_at: null,
    },
  )
})

test('addresses and names that differ in case only are one, in the file and with those who are there', async () => {
  const verdicts = await imported([
    { id: 1, email: 'Case@example.com', username: 'casey' },
    { id: 2, email: 'case@EXAMPLE.com', username: 'other-1' },
    { id: 3, email: 'other-2@example.com', username: 'CASEY' },
    { id: 4, email: 'cASE@example.com', username: 'caseY' },
  ])
  assert.deepEqual(
    verdicts.map(({ kind, errors }) => [kind, ...(errors ?? []).map(({ code }) => code)]),
    [
      ['imported'],
      ['rejected', 'email_taken'],
      ['rejected', 'username_taken'],
      ['rejected', 'email_taken', 'username_taken'],
    ],
  )
})

test("an id of the source that is no UUID becomes the same UUIDv7 in every run, of the user's time", async () => {
  const record = {
    id: '507f1f77bcf86cd799439011',
    email: 'object-id@example.com',
    created_at: '2021-01-01T00:00:00Z',
  }
  const [first] = await imported([record])
  const [second] = await imported([record])
  assert.deepEqual([first?.kind, second?.kind], ['imported', 'repeated'])
  assert.equal(first?.id, second?.id)
  const time = Date.UTC(2021, 0, 1).toString(16).padStart(12, '0')
  assert.match(first?.id ?? '', new RegExp(`^${time.slice(0, 8)}-${time.slice(8)}-7[0-9a-f]{3}-[89ab]`))
  const [number] = await imported([{ ...record, id: 17, email: 'number@example.com' }])
  const [text] = await imported([{ ...record, id: '17', email: 'number@example.com' }])
  assert.deepEqual([number?.kind, text?.kind, text?.id], ['imported', 'repeated', number?.id])
})

test('a name made of the address gives way to others; a name that is the address is none', async () => {
  const verdicts = await imported([
    { email: 'sam@one.example.com' },
    { email: 'sam@two.example.com' },
    { email: 'j@example.com' },
    { email: 'long@example.com', username: 'Long@example.com' },
    { email: `${'y'.repeat(60)}@example.com` },
    { email: `${'y'.repeat(60)}@example.org` },
  ])
  assert.ok(verdicts.every(({ kind }) => kind === 'imported'))
  const users = await exported()
  const names = verdicts.map(({ id }) => users.find((user) => user['id'] === id)?.['username'])
  assert.deepEqual([names[0], names[2], names[3]], ['sam', 'user-j', 'long'])
  assert.match(String(names[1]), /^sam-[0-9a-f]{8}$/)
  assert.equal(names[4], 'y'.repeat(32))
  assert.match(String(names[5]), /^y{23}-[0-9a-f]{8}$/)
})

test('a hash that nobody can verify here is left out only where that is asked for, and a password never taken', async () => {
  const record = { email: 'md5@example.com', password_hash: '5f4dcc3b5aa765d61d8327deb882cf99' }
  assert.equal((await imported([record]))[0]?.kind, 'rejected')
  const [verdict] = await imported([record], { without_unknown_hashes: true })
  assert.deepEqual([verdict?.kind, verdict?.hash_left_out], ['imported', true])
  const user = (await exported()).find(({ id }) => id === verdict?.id)
  assert.equal(user?.['password_hash'], null)
})

test('a trial gives the verdicts of the real import and writes nothing, no event either', async () => {
  const rows = [good(), { email: 'case@example.com' }, { email: 'none' }, good({ username: 'casey' })]
  const before = await exported()
  const events = await control.request('GET', '/audit?limit=100')
  const trial = await imported(rows, { dry_run: true })
  assert.deepEqual(await exported(), before)
  assert.deepEqual((await control.request('GET', '/audit?limit=100')).json, events.json)
  assert.deepEqual(trial, await imported(rows))
  assert.notDeepEqual((await control.request('GET', '/audit?limit=100')).json, events.json)
})

test('only the operator may: neither route is served to anybody else', async () => {
  const { routes } = await import('../../src/http/routes.ts')
  assert.deepEqual(
    routes.filter(({ path }) => path.startsWith('/control/')),
    [],
  )
})

test('an empty profile comes in though a field is required, one without that field does not', async () => {
  const schema = join(dataDir, 'profile.schema.json')
  const properties = { department: { type: 'string' }, office: { type: 'string' } }
  writeFileSync(schema, JSON.stringify({ type: 'object', required: ['department'], properties }))
  mkdirSync(join(dataDir, 'strict'))
  const before = control
  control = await openControl(
    loadConfig({ UM_DATA_DIR: join(dataDir, 'strict'), UM_PROFILE_SCHEMA_FILE: schema }),
  )
  try {
    const [without, empty, other, whole] = await imported([
      good(),
      good({ profile: {} }),
      good({ profile: { office: 'north' } }),
      good({ profile: { department: 'works' } }),
    ])
    assert.deepEqual([without?.kind, empty?.kind, whole?.kind], ['imported', 'imported', 'imported'])
    assert.deepEqual(
      other?.errors?.map(({ pointer, code }) => [code, pointer]),
      [['field_required', '/profile/department']],
    )
    assert.equal((await exported()).length, 3)
  } finally {
    await control.close()
    control = before
  }
})
