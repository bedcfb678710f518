import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startDatabase } from '../support/mongodb-database.ts'
import { administration } from './administration.ts'

const starting = startDatabase('administration')
administration(async () => ({ UM_DATABASE_URL: (await starting).url }))
after(async () => (await starting).stop())

test('whoever was not deleted lies in MongoDB', async () => {
  const { db } = await starting
  assert.equal(await db.collection('users').countDocuments(), 6)
})
