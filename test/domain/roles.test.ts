import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '../../src/domain/errors.ts'
import { lists } from '../../src/domain/limits.ts'
import { operator, permissions, permissionsOf, requireNoMore } from '../../src/domain/policy.ts'
import { readRoles } from '../../src/domain/roles.ts'

function problemsOf(value: unknown): readonly string[] {
  return readRoles(value).problems
}

test('a file adds its roles to the built-in ones, with permissions in the order of the table', () => {
  const { table, problems } = readRoles({ support: ['sessions:write', 'users:read'], 'read-only_2': [] })
  assert.deepEqual(problems, [])
  assert.deepEqual(table, {
    admin: permissions,
    user: [],
    support: ['users:read', 'sessions:write'],
    'read-only_2': [],
  })
})

test('a role that the table does not have grants nothing, whatever it is called', () => {
  const { table } = readRoles({ support: ['users:read'] })
  assert.deepEqual(permissionsOf(['removed', 'constructor', '__proto__', 'user'], table), [])
  assert.deepEqual(permissionsOf(['removed', 'support'], table), ['users:read'])
})

test('the built-in roles cannot be redefined, not even by a file that is refused', () => {
  const { table, problems } = readRoles({ user: ['roles:write'], admin: [] })
  assert.deepEqual([table['user'], table['admin']], [[], permissions])
  assert.equal(problems.length, 2)
  assert.match(problems[0] ?? '', /^defines user, which is built in/)
})

test('everything that is wrong with a file of roles is said at once', () => {
  const problems = problemsOf({
    Support: [],
    'a b': [],
    desk: 'users:read',
    ops: ['users:raed', 7, 'users:read'],
  })
  assert.deepEqual(
    problems.map((each) => each.slice(0, 38)),
    [
      'has the role "Support"; a name is 1 to',
      'has the role "a b"; a name is 1 to 32 ',
      'gives desk no list of permissions; wri',
      'gives ops the permission "users:raed";',
      'gives ops the permission 7; there are ',
    ],
  )
})

test('what is no object of roles is refused, and grants no more than the built-in roles', () => {
  for (const value of [null, [], 'support', 7]) {
    const { table, problems } = readRoles(value)
    assert.deepEqual(Object.keys(table), ['admin', 'user'])
    assert.match(problems.join(), /is no JSON object/)
  }
})

test('names have their limits: 32 characters, and so many roles', () => {
  assert.deepEqual(problemsOf({ [`a${'b'.repeat(31)}`]: [] }), [])
  assert.equal(problemsOf({ [`a${'b'.repeat(32)}`]: [] }).length, 1)
  assert.equal(problemsOf({ '': [] }).length, 1)
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`r${n}`, []]))
  assert.deepEqual(problemsOf(many(lists.rolesMax)), [])
  assert.deepEqual(problemsOf(many(lists.rolesMax + 1)), [`has 65 roles, but ${lists.rolesMax} are the most`])
})

test('an actor may act on users with its own permissions or fewer, and on no others', () => {
  const { table } = readRoles({ support: ['users:read'], desk: ['users:read', 'users:write'] })
  const desk = { userId: null, permissions: permissionsOf(['desk'], table) }
  requireNoMore(desk, ['support', 'user', 'removed'], table)
  requireNoMore(desk, ['desk'], table)
  requireNoMore(operator, ['admin'], table)
  for (const roles of [['admin'], ['support', 'admin']]) {
    assert.throws(
      () => requireNoMore(desk, roles, table),
      (error) => error instanceof DomainError && error.code === 'insufficient_privilege',
    )
  }
})
