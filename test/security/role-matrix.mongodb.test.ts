import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startDatabase } from '../support/mongodb-database.ts'
import { roleMatrix } from './role-matrix.ts'

const database = await startDatabase('matrix')
await roleMatrix('MongoDB', { UM_DATABASE_URL: database.url })
after(() => database.stop())

test('everybody that the matrix has made lies in MongoDB', async () => {
  const { db } = database
  assert.ok((await db.collection('users').countDocuments()) > 200)
})
