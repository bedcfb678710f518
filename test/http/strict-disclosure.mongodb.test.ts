import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startDatabase } from '../support/mongodb-database.ts'
import { strictDisclosure } from './strict-disclosure.ts'

const database = await startDatabase('strict')
after(() => database.stop())
const { deps } = await strictDisclosure({ UM_DATABASE_URL: database.url })

test('strict disclosure is kept by the MongoDB store, and by no file', async () => {
  assert.equal(deps.rules.disclosure, 'strict')
  assert.ok((await database.db.collection('users').countDocuments()) > 0)
})
