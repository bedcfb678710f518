/** Profile fields of the operator's own, from the file of `UM_PROFILE_SCHEMA_FILE`. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Compile } from 'typebox/schema'
import { loadConfig } from '../../src/config.ts'
import { createProfileRules } from '../../src/http/profile-rules.ts'
import type { UserBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'
import { PASSWORD } from '../support/server-users.ts'

const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['department', 'staff_number'],
  additionalProperties: false,
  properties: {
    department: { enum: ['sales', 'support', 'works'], examples: ['sales'] },
    staff_number: { type: 'integer', minimum: 1, maximum: 9999, examples: [17] },
    since: { type: 'string', format: 'date' },
    languages: {
      type: 'array',
      items: { type: 'string', pattern: '^[a-z]{2}$' },
      maxItems: 3,
      uniqueItems: true,
    },
    office: { $ref: '#/$defs/address' },
    note: { type: 'string' },
  },
  $defs: {
    address: {
      type: 'object',
      required: ['city'],
      additionalProperties: false,
      properties: { city: { type: 'string', minLength: 1 }, floor: { type: 'integer' } },
    },
  },
}

const folder = mkdtempSync(join(tmpdir(), 'um-profile-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'profile.json')
writeFileSync(file, JSON.stringify(schema))
const server = await startTestServer({ UM_PROFILE_SCHEMA_FILE: file })
const { client } = server
const fitting = { department: 'works', staff_number: 17 }

let count = 0
function register(profile?: unknown) {
  count += 1
  const names = { username: `staff-${count}`, email: `staff${count}@example.com` }
  return client.send('POST', '/users/register', { json: { ...names, password: PASSWORD, profile } })
}

/** A registered user who is signed in, and what it may send. */
async function member(profile: object) {
  const user = (await register(profile)).json<UserBody>()
  const { access_token: token } = await server.signIn(user)
  return {
    put: (json: unknown) => client.send('PUT', '/users/profile', { token, json }),
    stored: async () => (await server.profile(token)).json<UserBody>().profile,
  }
}

test('a profile that fits the schema of the operator is stored as it was sent', async () => {
  const whole = {
    ...fitting,
    since: '2024-02-29',
    languages: ['en', 'pt'],
    office: { city: 'Porto', floor: 3 },
  }
  const answer = await register(whole)
  assert.equal(answer.status, 201)
  assert.deepEqual(answer.json<UserBody>().profile, whole)
})

test('a registration names every field that does not fit, beside those of the account', async () => {
  const answer = await client.send('POST', '/users/register', {
    json: {
      username: 'x',
      email: 'nobody',
      password: PASSWORD,
      profile: {
        department: 'kitchen',
        staff_number: 1.5,
        since: '2024-02-30',
        languages: ['en', 'EN', 7],
        office: { floor: 'top', roof: true },
        display_name: 'Ada',
      },
    },
  })
  assert.equal(answer.status, 422)
  assert.deepEqual(answer.fieldErrors, [
    '/email email_format',
    '/profile/department field_format',
    '/profile/display_name unknown_field',
    '/profile/languages/1 field_format',
    '/profile/languages/2 field_type',
    '/profile/office/city field_required',
    '/profile/office/floor field_type',
    '/profile/office/roof unknown_field',
    '/profile/since field_format',
    '/profile/staff_number field_type',
    '/username username_format',
  ])
})

test('what the schema requires is required of a registration, without a profile too', async () => {
  const missing = ['/profile/department field_required', '/profile/staff_number field_required']
  assert.deepEqual((await register()).fieldErrors, missing)
  assert.deepEqual((await register({})).fieldErrors, missing)
  assert.deepEqual((await register({ ...fitting, department: undefined })).fieldErrors, missing.slice(0, 1))
  assert.deepEqual((await register({ ...fitting, department: null })).fieldErrors, [
    '/profile/department field_format',
  ])
  for (const none of [null, 'text', [fitting]]) {
    assert.deepEqual((await register(none)).fieldErrors, ['/profile field_type'])
  }
})

test('a list with the same entry twice, and one with too many, is named as a whole', async () => {
  const of = async (languages: unknown) => (await register({ ...fitting, languages })).fieldErrors
  assert.deepEqual(await of(['en', 'en']), ['/profile/languages field_format'])
  assert.deepEqual(await of(['en', 'de', 'fr', 'pt']), ['/profile/languages field_too_long'])
})

test('an update is held against the merged profile: null clears a field, and required ones stay', async () => {
  const { put, stored } = await member({ ...fitting, note: 'new' })
  assert.equal((await put({ profile: { staff_number: 18, note: null } })).status, 200)
  assert.deepEqual(await stored(), { department: 'works', staff_number: 18 })
  const refused = await put({ profile: { department: null, staff_number: 'x', office: {} } })
  assert.equal(refused.problem.code, 'validation_failed')
  assert.deepEqual(refused.fieldErrors, [
    '/profile/department field_required',
    '/profile/office/city field_required',
    '/profile/staff_number field_type',
  ])
  assert.deepEqual(await stored(), { department: 'works', staff_number: 18 })
})

test('the profile keeps its limit of 4 KiB, merged', async () => {
  const { put, stored } = await member({ ...fitting, note: 'x'.repeat(3000) })
  const refused = await put({ profile: { office: { city: 'y'.repeat(1100) } } })
  assert.deepEqual(refused.fieldErrors, ['/profile field_too_long'])
  assert.deepEqual(Object.keys(await stored()), ['department', 'staff_number', 'note'])
  assert.deepEqual((await register({ ...fitting, note: 'x'.repeat(4096) })).fieldErrors, [
    '/profile field_too_long',
  ])
})

test('what older rules left in a profile stops no update, can be cleared, and what is new is asked for', async () => {
  const { deps, newUser, signIn } = server
  const old = await newUser()
  const leave = { display_name: 'Ada', note: 'kept' }
  const change = { userId: old.id, expectVersion: 1, expectEpoch: 1, now: deps.clock.now(), profile: leave }
  assert.equal((await deps.store.updateProfile(change, null)).kind, 'updated')
  const { access_token: token } = await signIn(old)
  const put = (json: unknown) => client.send('PUT', '/users/profile', { token, json })
  assert.equal((await put({ locale: 'de' })).status, 200)
  assert.deepEqual((await put({ profile: { note: 'changed' } })).fieldErrors, [
    '/profile/department field_required',
    '/profile/staff_number field_required',
  ])
  const answer = await put({ profile: fitting })
  assert.deepEqual(answer.json<UserBody>().profile, { ...leave, ...fitting })
  assert.deepEqual((await put({ profile: { display_name: 'Bea' } })).fieldErrors, [
    '/profile/display_name unknown_field',
  ])
  const cleared = await put({ profile: { display_name: null } })
  assert.deepEqual(cleared.json<UserBody>().profile, { note: 'kept', ...fitting })
})

interface Body {
  readonly required?: readonly string[]
  readonly properties: { readonly profile: Record<string, unknown> }
}

function bodyOf(operationId: string) {
  const operation = client.operations.find((each) => each.operationId === operationId)
  const media = operation?.requestBody?.content['application/json'] ?? assert.fail(operationId)
  return { schema: media.schema as unknown as Body, example: media.example }
}

test('the contract shows the fields of the operator, and an example that fits them', async () => {
  const { schema: body, example } = bodyOf('register')
  assert.ok(body.required?.includes('profile'))
  const {
    $schema: _,
    $defs: { address },
    ...rest
  } = schema
  const expected = { ...rest, properties: { ...rest.properties, office: address } }
  assert.deepEqual(body.properties.profile, expected)
  const shown = (example as { profile: Record<string, unknown> }).profile
  assert.deepEqual([shown['department'], shown['staff_number']], ['sales', 17])
  assert.doesNotMatch(JSON.stringify(client.document), /\$defs|"display_name":\{/)
})

test('the contract shows an update without required fields, each of which may be null', async () => {
  const { schema: body } = bodyOf('profileUpdate')
  assert.ok(!body.required?.includes('profile'))
  const shown = Compile(body.properties.profile)
  assert.ok(shown.Check({ staff_number: 18, note: null, department: null, left_behind: null }))
  assert.ok(shown.Check({}))
  assert.ok(!shown.Check({ staff_number: '18' }))
  assert.ok(!shown.Check({ display_name: 'Ada' }))
})

test('a schema that is wrong stops the start, with everything that is wrong', () => {
  const wrong = join(folder, 'wrong.json')
  const { address } = schema.$defs
  const properties = {
    a: { type: 'strng' },
    b: { $ref: 'https://example.com/x' },
    c: { ...address, nullable: true },
  }
  writeFileSync(wrong, JSON.stringify({ type: 'object', properties }))
  assert.throws(
    () => loadConfig({ UM_PROFILE_SCHEMA_FILE: wrong }),
    (error: Error) => {
      const lines = error.message.split('\n')
      assert.equal(lines.length, 3, error.message)
      assert.match(lines[0] ?? '', /has "strng" at \/properties\/a\/type, but takes object/)
      assert.match(lines[1] ?? '', /refers to "https:\/\/example.com\/x" at \/properties\/b\/\$ref/)
      assert.match(lines[2] ?? '', /has the keyword nullable at \/properties\/c/)
      return true
    },
  )
})

test('the built-in rules take the built-in fields, and name all that is wrong with a whole profile', () => {
  const { errors } = createProfileRules(null)
  assert.deepEqual(errors({ display_name: 'Ada', website: 'https://example.com/' }), [])
  assert.deepEqual(
    errors({ shoe_size: 42, bio: 7, website: 'http://example.com', given_name: '' })
      .map(({ pointer, code }) => `${pointer} ${code}`)
      .toSorted(),
    [
      '/profile/bio field_type',
      '/profile/given_name field_too_short',
      '/profile/shoe_size unknown_field',
      '/profile/website field_format',
    ],
  )
})

test('a condition, a choice and a negation that fail are named where they stand', () => {
  const rules = createProfileRules(
    JSON.parse(`{
      "type": "object",
      "properties": {
        "one": { "oneOf": [{ "type": "string" }, { "maxLength": 3 }] },
        "none": { "not": { "const": "root" } },
        "list": { "type": "array", "contains": { "const": 1 } }
      },
      "if": { "required": ["one"] },
      "then": { "required": ["two"] }
    }`),
  )
  const found = (value: Parameters<typeof rules.errors>[0]) =>
    rules
      .errors(value)
      .map(({ pointer, code }) => `${pointer} ${code}`)
      .toSorted()
  assert.deepEqual(found({ two: 1, none: 'root', list: [2] }), [
    '/profile/list field_format',
    '/profile/none field_format',
  ])
  assert.deepEqual(found({ one: 'ab', two: 1 }), ['/profile/one field_format'])
  assert.deepEqual(found({ one: 7 }).length, 1)
  assert.deepEqual(found({ one: 'abcd', two: 1 }), [])
})
