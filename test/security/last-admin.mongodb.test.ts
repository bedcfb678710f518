import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startDatabase } from '../support/mongodb-database.ts'
import { lastAdmin } from './last-admin.ts'

const database = await startDatabase('last_admin')
await lastAdmin('MongoDB', { UM_DATABASE_URL: database.url })
after(() => database.stop())

test('an administrator lies in MongoDB when all is over', async () => {
  const { db } = database
  const left = await db.collection('users').countDocuments({ roles: 'admin', status: 'active' })
  assert.ok(left > 0)
})
