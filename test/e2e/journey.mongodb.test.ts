import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, test } from 'node:test'
import { startDatabase } from '../support/mongodb-database.ts'
import { dataDir, journey } from './journey.ts'

const starting = startDatabase('journey')
journey({
  engine: 'MongoDB',
  settings: async () => ({ UM_DATABASE_URL: (await starting).url }),
  data: /^ {2}Data {3}mongodb:\/\/\S+\/um_journey_\d+$/m,
})
after(async () => (await starting).stop())

test('everything that the journey has left lies in MongoDB, and in no database file of the data folder', async () => {
  const { db } = await starting
  const users = await db.collection('users').find().toArray()
  assert.deepEqual(
    users.map((user) => user['username']),
    ['Grace.Hopper'],
  )
  const files = readdirSync(dataDir).filter((name) => name.includes('.db'))
  assert.deepEqual(files, [])
})
