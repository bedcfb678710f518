/** A whole installation on its way from one store to the other and back, by the command that operators use. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Binary, MongoClient } from 'mongodb'
import { startDatabase } from '../support/mongodb-database.ts'
import {
  assertMoved,
  good,
  newInstallation,
  populate,
  sha256Of,
  tokenTo,
  type Installation,
} from '../support/moved-installation.ts'
import { newFile, rowsIn } from '../support/stores-by-url.ts'

const starting = startDatabase('moved')
after(async () => (await starting).stop())

test('an installation goes from SQLite to MongoDB and back, every row of it, and works in each place', async () => {
  const database = await starting
  const installation = await newInstallation()
  const [origin, mongodb, back] = ['sqlite:users.db', database.another('moved'), newFile()]
  const handed = await populate(installation, origin)

  const there = await installation.copy(origin, mongodb)
  assert.equal(sha256Of(await installation.copy(mongodb, back)), sha256Of(there))
  const before = rowsIn(`sqlite:${join(installation.dataDir, 'users.db')}`)
  assert.deepEqual(rowsIn(back), before)
  // What is empty would be equal without having been copied.
  const empty = Object.keys(before).filter((table) => before[table]?.length === 0)
  assert.deepEqual(empty, ['unfinished_copy'])

  await installation.serve(back, async (call) => void (await assertMoved(call, handed)))
  let { ada } = handed
  await installation.serve(mongodb, async (call) => {
    ;({ ada } = await assertMoved(call, handed))
  })
  await onward(installation, { from: mongodb, refreshToken: ada.refresh_token })
})

/** A server has worked on MongoDB and has crashed: tokens carry their mails there, and one is nobody's. */
async function onward(
  installation: Installation,
  { from, refreshToken }: { readonly from: string; readonly refreshToken: string },
): Promise<void> {
  const ask = { body: { email: 'ada@moved.example' } }
  await installation.serve(from, async (call) => void good(await call('POST /users/reset-password', ask)), {
    crashes: true,
  })
  const client = await new MongoClient(from).connect()
  const tokens = client.db().collection<{ _id: Binary }>('tokens')
  const [carrier] = await tokens.find({ mail: { $exists: true } }).toArray()
  assert.ok(carrier)
  const nobody = {
    _id: new Binary(randomBytes(32)),
    userId: new Binary(new Uint8Array(16), Binary.SUBTYPE_UUID),
  }
  await tokens.insertOne({ ...carrier, ...nobody })
  await client.close()
  const to = newFile()
  sha256Of(await installation.copy(from, to))
  assert.equal(rowsIn(to)['outgoing_mails']?.length, 1)
  await installation.serve(to, async (call) => {
    good(await call('POST /users/token/refresh', { body: { refresh_token: refreshToken } }))
    const token = await tokenTo(call, 'ada')
    good(await call(`POST /users/reset-password/${token}`, { body: { password: 'four tall ladders lean' } }))
  })
}
