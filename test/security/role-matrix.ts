/**
 * Who may do what to whom: every operation of the served document, by every kind of caller, on every kind of user. The
 * expectations are written by hand and reviewed by people; the operations come from the server.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { permissions, permissionsOf, type Permission } from '../../src/domain/policy.ts'
import type { Answer, Sent } from '../support/client.ts'
import { validRequests, type PreparedRequest } from '../support/client-requests.ts'
import type { Operation } from '../support/openapi-check.ts'
import { settingsWithRoles } from '../support/roles-file.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { tokenOf } from '../support/server-sessions.ts'
import type { TestUser } from '../support/server-users.ts'
import { rounds } from '../support/store-fixtures.ts'
import { addSummary } from '../support/summary.ts'

const roles: Readonly<Record<string, readonly Permission[]>> = {
  support: ['users:read'],
  granter: ['users:read', 'roles:write'],
  deputy: permissions.filter((each) => each !== 'roles:write'),
  clerk: ['users:write', 'roles:write'],
  remover: ['users:delete', 'sessions:write'],
  auditor: ['audit:read'],
}

const actors = ['anonymous', 'user', 'support', 'granter', 'deputy', 'admin'] as const
type ActorName = (typeof actors)[number]
/** Whom it is done to; `superior` is an administrator. */
const objects = ['self', 'plain', 'superior'] as const
type ObjectName = (typeof objects)[number]

/**
 * `+` let through, `0` a token is asked for, `P` permission_denied, `I` insufficient_privilege, `.` there is no such
 * cell. One group an actor; in a group of three a character an object.
 */
const everybody = '+   +   +   +   +   +'
const signedIn = '0   +   +   +   +   +'
const matrix: Readonly<Record<string, string>> = {
  //                                    anon user supp gran depu admin: self, plain, superior
  'GET /users': '                       0   P   +   +   +   +  ',
  'POST /users': '                      .00 PPP PPP PPP P+P +++',
  'GET /users/{id}': '                  .00 +PP +++ +++ +++ +++',
  'PATCH /users/{id} status': '         .00 PPP PPP PPP ++I +++',
  'PATCH /users/{id} roles': '          .00 PPP PPP ++I PPP +++',
  'PATCH /users/{id} both': '           .00 PPP PPP PPP PPP +++',
  'DELETE /users/{id}': '               .00 PPP PPP PPP ++I +++',
  'POST /users/{id}/sign-out': '        .00 PPP PPP PPP ++I +++',
  'GET /users/{id}/sessions': '         .00 PPP +++ +++ +++ +++',
  'GET /audit': '                       0   P   P   P   +   +  ',

  'GET /users/profile': signedIn,
  'PUT /users/profile': signedIn,
  'PUT /users/password': signedIn,
  'DELETE /users/delete': signedIn,
  'GET /users/export': signedIn,
  'POST /users/logout': signedIn,
  'POST /users/reauthenticate': signedIn,
  'GET /users/sessions': signedIn,
  'DELETE /users/sessions': signedIn,
  'DELETE /users/sessions/{id}': signedIn,

  'POST /users/register': everybody,
  'POST /users/login': everybody,
  'POST /users/token/refresh': everybody,
  'POST /users/reset-password': everybody,
  'POST /users/reset-password/{token}': everybody,
  'GET /users/reset-password/{token}': everybody,
  'POST /account/reset-password': everybody,
  'POST /users/verify-email': everybody,
  // Asks for the password or a token only once the link is looked at.
  'POST /users/verify-email/{token}': everybody,
  'GET /users/verify-email/{token}': everybody,
  'POST /account/verify-email': everybody,
  // The link itself is what lets somebody in, while there is no administrator.
  'GET /setup/{token}': everybody,
  'POST /account/setup': everybody,
  'GET /.well-known/jwks.json': everybody,
  'GET /.well-known/openid-configuration': everybody,
  'GET /livez': everybody,
  'GET /readyz': everybody,
  'GET /openapi.json': everybody,
  'GET /docs': everybody,
  'GET /docs/errors': everybody,
  'GET /docs/errors/{code}': everybody,
  'GET /dev/mail': everybody,
  'GET /dev/mail/messages': everybody,
}

interface Cell {
  readonly row: string
  readonly actor: ActorName
  /** Null where an operation is on no user. */
  readonly object: ObjectName | null
  readonly expected: string
}

const cells: readonly Cell[] = Object.entries(matrix).flatMap(([row, groups]) =>
  groups
    .trim()
    .split(/ +/)
    .flatMap((group, at) =>
      [...group].map((expected, place) => {
        const actor = actors[at] ?? assert.fail(`${row} has too many groups`)
        const object = group.length === 1 ? null : (objects[place] ?? assert.fail(`${row}: ${group}`))
        return { row, actor, object, expected }
      }),
    ),
)

let server: TestServer
let requests: (operation: Operation) => PreparedRequest
let refused = 0

/** Starts a server with these settings and registers the tests. */
export async function roleMatrix(engine: string, settings: Readonly<Record<string, string>>): Promise<void> {
  server = await startTestServer({ ...settingsWithRoles(roles), ...settings })
  requests = await validRequests(server)
  await server.newUser({ roles: ['admin'] })

  test('every documented operation has a row, and every row is a documented operation', () => {
    const documented = server.client.operations.map(({ method, path }) => `${method} ${path}`)
    const rows = Object.keys(matrix).map(operationOf)
    assert.deepEqual([...new Set(rows)].toSorted(), documented.toSorted())
    for (const row of Object.keys(matrix)) {
      const named = cells.filter((cell) => cell.row === row).map(({ actor }) => actor)
      assert.deepEqual([...new Set(named)], actors, row)
    }
  })

  test('every caller is let through and refused as the matrix says, and a refusal changes nobody', async () => {
    for (const cell of cells.filter(({ expected }) => expected !== '.')) await requireCell(cell)
    addSummary(`role matrix on ${engine}: ${cells.length} cells, ${refused} of them refused`)
    assert.ok(refused > 60, `${refused}`)
  })

  test('no sequence of calls ends with anybody holding a permission that the one who began it lacks', async () => {
    const beginners = [...Object.keys(roles), 'user']
    const run = fc.record({ role: fc.constantFrom(...beginners), steps: fc.array(step, { maxLength: 10 }) })
    const property = fc.asyncProperty(run, ({ role, steps }) => requireNoClimb(role, steps))
    await fc.assert(property, { numRuns: rounds(300) })
  })
}

function operationOf(row: string): string {
  return row.split(' ').slice(0, 2).join(' ')
}

async function requireCell({ row, actor, object, expected }: Cell): Promise<void> {
  const where = `${row}: ${actor} on ${object}`
  const self = actor === 'anonymous' ? null : await server.newUser({ roles: [actor] })
  const token = (self && (await tokenOf(self, server.deps))) ?? undefined
  const target =
    object === 'self' ? self : await server.newUser({ roles: [object === 'superior' ? 'admin' : 'user'] })
  const { method, path, sent } = requestOf({ row, actor, object }, target)
  const before = await stored([self, target])
  const answer = await server.client.send(method, path, { ...sent, token })
  assert.equal(outcomeOf(answer), expected, `${where} ${answer.status} ${answer.text.slice(0, 300)}`)
  // Where it is another user's business, "let through" is "done"; elsewhere a dead link or a wrong password may follow.
  if (object && expected === '+') assert.ok(answer.status < 300, `${where} ${answer.text}`)
  if (expected === '+') return
  refused += 1
  assert.deepEqual(await stored([self, target]), before, where)
  assert.doesNotMatch(answer.text, /example\.com/, where)
}

/** The operation with what it takes, on this user. */
function requestOf(
  { row, actor, object }: Pick<Cell, 'row' | 'actor' | 'object'>,
  target: TestUser | null,
): { readonly method: string; readonly path: string; readonly sent: Sent } {
  const operation = server.client.operations.find((one) => `${one.method} ${one.path}` === operationOf(row))
  assert.ok(operation, row)
  const { method, path, sent } = requests(operation)
  const id = target?.id ?? server.deps.ids.next()
  return { method, path: object ? operation.path.replace('{id}', id) : path, sent: bodyOf() ?? sent }

  /** A creation gives the roles of the object; the variants of a change are each what its permission is for. */
  function bodyOf(): Sent | null {
    if (row === 'POST /users') {
      const name = server.deps.ids.next().replaceAll('-', '')
      const given = object === 'self' ? actor : object === 'superior' ? 'admin' : 'user'
      return { json: { username: name, email: `${name}@example.com`, roles: [given] } }
    }
    const variants: Readonly<Record<string, object>> = {
      status: { status: 'disabled' },
      roles: { roles: ['user'] },
      both: { status: 'disabled', roles: ['user'] },
    }
    const json = variants[row.split(' ')[2] ?? '']
    return json ? { json } : null
  }
}

function outcomeOf({ status, text, headers }: Answer): string {
  assert.ok(status < 500, text)
  const isProblem = headers['content-type']?.startsWith('application/problem+json')
  const { code }: { code?: string } = isProblem ? JSON.parse(text) : {}
  const refusals: Readonly<Record<string, string>> = {
    token_missing: '0',
    token_invalid: '0',
    permission_denied: 'P',
    insufficient_privilege: 'I',
  }
  return refusals[code ?? ''] ?? '+'
}

/** The users as they lie in the store, and how many there are. */
async function stored(users: readonly (TestUser | null)[]): Promise<readonly unknown[]> {
  const there = users.filter((user) => user !== null)
  const rows = there.map(({ id }) => server.deps.store.findUser({ id }))
  const newest = await server.deps.store.listUsers({ ...everyUser, limit: 1, descending: true })
  return [...(await Promise.all(rows)), newest.items[0]?.id]
}

const everyUser = {
  search: null,
  role: null,
  status: null,
  verified: null,
  sort: 'created_at',
  from: null,
} as const

const roleNames = [...Object.keys(roles), 'user', 'admin']
const someRoles = fc.subarray(roleNames, { maxLength: 3 })
/** Who acts, on whom (both counted round), and what is done. */
const step = fc.record({
  actor: fc.nat({ max: 5 }),
  target: fc.nat({ max: 20 }),
  action: fc.oneof(
    fc.record({ kind: fc.constant('create' as const), roles: someRoles }),
    fc.record({ kind: fc.constant('roles' as const), roles: someRoles }),
    fc.record({
      kind: fc.constantFrom('enable' as const, 'disable' as const, 'delete' as const, 'sign-out' as const),
    }),
  ),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** One user with the role acts, and so does everybody that it has created, as if it had their links. */
async function requireNoClimb(role: string, steps: readonly Step[]): Promise<void> {
  const { deps, newUser } = server
  const held = new Set(permissionsOf([role], deps.rules.roles))
  const ours: { readonly id: string }[] = [await newUser({ roles: [role] })]
  const others = await Promise.all(roleNames.map((each) => newUser({ roles: [each] })))
  const atFirst = new Map(
    others.map(({ id }, at) => [id, new Set(permissionsOf([roleNames[at] ?? ''], deps.rules.roles))]),
  )
  for (const { actor, target, action } of steps) {
    const everybodyNow = [...ours, ...others]
    const self = ours[actor % ours.length]
    const other = everybodyNow[target % everybodyNow.length]
    const token = self && (await tokenOf(self, deps))
    if (!token || !other) continue
    const created = await act(token, other.id, action)
    if (created) ours.push(created)
  }
  for (const { id } of [...ours, ...others]) {
    const user = await deps.store.findUser({ id })
    const now = permissionsOf(user?.roles ?? [], deps.rules.roles)
    const climbed = now.filter((each) => !held.has(each) && !atFirst.get(id)?.has(each))
    assert.deepEqual(climbed, [], `${role} gave ${user?.roles.join()}`)
  }
}

async function act(
  token: string,
  id: string,
  action: Step['action'],
): Promise<{ readonly id: string } | null> {
  const { client, deps } = server
  const path = `/users/${id}`
  switch (action.kind) {
    case 'create': {
      const name = deps.ids.next().replaceAll('-', '')
      const json = {
        username: name,
        email: `${name}@example.com`,
        roles: 'roles' in action ? action.roles : [],
      }
      const answer = await client.send('POST', '/users', { token, json })
      return answer.status === 201 ? answer.json<{ id: string }>() : null
    }
    case 'roles':
      await client.send('PATCH', path, { token, json: { roles: 'roles' in action ? action.roles : [] } })
      return null
    case 'enable':
    case 'disable': {
      const status = action.kind === 'enable' ? 'active' : 'disabled'
      await client.send('PATCH', path, { token, json: { status } })
      return null
    }
    case 'delete':
      await client.send('DELETE', path, { token })
      return null
    case 'sign-out':
      await client.send('POST', `${path}/sign-out`, { token })
      return null
  }
}
