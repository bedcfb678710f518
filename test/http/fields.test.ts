/** Every field of every body with every kind of wrong value: named by its pointer, and nothing is changed or lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../support/client.ts'
import { isAdministrative, validRequests } from '../support/client-requests.ts'
import { dereferenced, type Operation } from '../support/openapi-check.ts'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer()
const { client, deps, newUser, signIn } = server
const requests = await validRequests(server)
const user = await newUser()
const { access_token: token } = await signIn(user)
const before = JSON.stringify(await deps.store.findUser({ id: user.id }))

interface ObjectSchema {
  readonly properties: Readonly<Record<string, object>>
  readonly required?: readonly string[]
}

const operations = client.operations.filter(({ requestBody }) => requestBody?.content['application/json'])

function schemaOf(operation: Operation): ObjectSchema {
  const schema = operation.requestBody?.content['application/json']?.schema ?? {}
  const { allOf } = dereferenced(schema, client.document) as { allOf: readonly ObjectSchema[] }
  return allOf[0] ?? { properties: {} }
}

/** The fields of a body, those of `profile` included, as paths. */
function fieldsOf(operation: Operation): readonly (readonly string[])[] {
  return Object.entries(schemaOf(operation).properties).flatMap(([name, schema]) => {
    const inner = 'properties' in schema ? Object.keys(schema.properties as object) : []
    return [[name], ...inner.map((each) => [name, each])]
  })
}

/** What is wrong for any text; the last two only for most. */
const wrongValues: Readonly<Record<string, unknown>> = {
  number: 7,
  true: true,
  false: false,
  null: null,
  array: ['x'],
  emptyArray: [],
  object: { a: 1 },
  notEqual: { $ne: '' },
  regex: { $regex: '.' },
  nul: 'a\u0000b',
  surrogate: 'a\ud800b',
  huge: 'x'.repeat(9000),
}

/** Values that such a field takes, since it is compared and never stored, or since they mean something. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  password: ['nul', 'surrogate'],
  current_password: ['nul', 'surrogate'],
  refresh_token: ['nul', 'surrogate'],
  username: ['nul', 'surrogate'],
  email: ['nul', 'surrogate'],
}

function isAllowed({ operationId }: Operation, path: readonly string[], kind: string): boolean {
  if (operationId === 'profileUpdate' && path.length === 2 && kind === 'null') return true
  if (path.join() === 'profile' && kind === 'object') return false
  if (path.join() === 'roles' && kind === 'emptyArray') return true
  const comparing = [
    'login',
    'deleteAccount',
    'reauthenticate',
    'refresh',
    'verifyEmailConfirm',
    'passwordChange',
  ]
  return comparing.includes(operationId) && (allowed[path.join()] ?? []).includes(kind)
}

function withValue(operation: Operation, path: readonly string[], value: unknown): object {
  const [name = '', inner] = path
  const valid = { ...(requests(operation).sent.json as Record<string, unknown>) }
  return { ...valid, [name]: inner === undefined ? value : { [inner]: value } }
}

function send(operation: Operation, json: unknown): Promise<Answer> {
  const { method, path, sent } = requests(operation)
  const bearer = isAdministrative(operation) ? sent.token : token
  const own = operation.operationId !== 'verifyEmailConfirm' && { token: bearer }
  return client.send(method, path, { json, ...own })
}

test('a wrong value of any field of any body is named by its pointer', async () => {
  let count = 0
  for (const operation of operations) {
    for (const path of fieldsOf(operation)) {
      for (const [kind, value] of Object.entries(wrongValues)) {
        if (isAllowed(operation, path, kind)) continue
        const answer = await send(operation, withValue(operation, path, value))
        const where = `${operation.operationId} ${path.join('.')} ${kind}: ${answer.text}`
        assert.equal(answer.status, 422, where)
        const pointer = `/${path.join('/')}`
        assert.ok(
          answer.problem.errors?.some((error) => `${error.pointer}/`.startsWith(`${pointer}/`)),
          where,
        )
        assert.doesNotMatch(answer.text, /xxxx/, 'a value is never echoed')
        count += 1
      }
    }
  }
  assert.ok(count > 250, `${count}`)
})

test('odd texts where a secret is only compared are wrong secrets and nothing more', async () => {
  for (const operation of operations) {
    for (const path of fieldsOf(operation)) {
      for (const kind of ['nul', 'surrogate']) {
        if (!isAllowed(operation, path, kind)) continue
        const answer = await send(operation, withValue(operation, path, wrongValues[kind]))
        const where = `${operation.operationId} ${path.join('.')} ${kind}: ${answer.text}`
        assert.ok([401, 403, 422].includes(answer.status), where)
      }
    }
  }
})

test('each required field that is missing is named, all at once', async () => {
  for (const operation of operations) {
    const required = schemaOf(operation).required ?? []
    const answer = await send(operation, { surprise: true })
    for (const name of required)
      assert.ok(
        answer.fieldErrors.includes(`/${name} field_required`),
        `${operation.operationId} ${answer.text}`,
      )
    assert.ok(answer.fieldErrors.includes('/surprise unknown_field'))
  }
})

test('unknown and stored names are refused in every body and in the profile', async () => {
  const names = [
    '_id',
    'userId',
    'user_id',
    'password_hash',
    'epoch',
    'is_admin',
    'role',
    '$where',
    'a.b',
    'x/y',
    'x~y',
  ]
  for (const operation of operations) {
    const valid = requests(operation).sent.json as Record<string, unknown>
    const extra = Object.fromEntries(names.map((name) => [name, 'x']))
    const answer = await send(operation, { ...valid, ...extra })
    const pointers = names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')} unknown_field`)
    assert.deepEqual(answer.fieldErrors, pointers.toSorted(), operation.operationId)
  }
  const nested = await client.send('PUT', '/users/profile', {
    token,
    json: { profile: { 'a.b': 1, $set: {} } },
  })
  assert.deepEqual(nested.fieldErrors, ['/profile/$set unknown_field', '/profile/a.b unknown_field'])
})

test('nothing of all this has changed the user, made another or ended the session', async () => {
  assert.equal(JSON.stringify(await deps.store.findUser({ id: user.id })), before)
  assert.equal(await deps.store.findUserByIdentifier({ key: 'u:ada' }), null)
  assert.equal((await server.profile(token)).status, 200)
  const levels = server.log.filter(({ level }) => level === 'error')
  assert.deepEqual(levels, [])
})
