import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startDatabase } from '../support/mongodb-database.ts'
import { noEnumeration } from './enumeration.ts'

const database = await startDatabase('enumeration')
after(() => database.stop())
await noEnumeration({ UM_DATABASE_URL: database.url })

test('no counter of attempts holds an address or a name', async () => {
  const counters = await database.db.collection('counters').find({}).toArray()
  assert.ok(counters.length > 0)
  assert.doesNotMatch(JSON.stringify(counters), /example\.com|nobody|person-|pending-/)
})
