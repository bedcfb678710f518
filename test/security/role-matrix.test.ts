import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Access } from '../../src/http/route.ts'
import { roleMatrix } from './role-matrix.ts'

await roleMatrix('SQLite', {})

test('a route can name no access but those that there are', () => {
  type Compiles<T> = T extends Access ? true : false
  const known: Compiles<'users:read'> = true
  const several: Compiles<readonly ['users:write', 'roles:write']> = true
  // Each of these lines is an error of the compiler where an unknown permission would be taken.
  const unknown: Compiles<'users:everything'> = false
  const unknownInList: Compiles<readonly ['users:read', 'users:everything']> = false
  const none: Compiles<undefined> = false
  assert.deepEqual([known, several, unknown, unknownInList, none], [true, true, false, false, false])
})
