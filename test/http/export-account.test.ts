import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UserBody } from '../support/client.ts'
import { startTestServer } from '../support/server.ts'

const server = await startTestServer()
const { client, deps, mailbox, newUser, signIn } = server

test('an export has the keys of the deletion receipt and holds no secret', async () => {
  const user = await newUser()
  const { access_token: token, session_id: sessionId } = await signIn(user, { device_name: 'Laptop' })
  await client.send('POST', '/users/reset-password', { json: { email: user.email } })
  const link = await mailbox.token({ to: user.email })
  const answer = await client.send('GET', '/users/export', { token })
  assert.equal(answer.status, 200)
  const { exported_at: at, user: body, ...entries } = answer.json<Record<string, unknown[]>>()
  assert.ok(at)
  assert.equal((body as unknown as UserBody).id, user.id)
  assert.ok(JSON.stringify(entries['sessions']).includes(sessionId))
  assert.ok(JSON.stringify(entries['inbox_messages']).includes('reset_password'))
  const stored = await deps.store.findUser({ id: user.id })
  for (const secret of [link, stored?.passwordHash ?? '', 'argon2', 'sealed', token])
    assert.ok(!answer.text.includes(secret), secret)

  const deleted = await client.send('DELETE', '/users/delete', { token })
  const { erased, retained } = deleted.json<{
    erased: Record<string, number>
    retained: { what: string }[]
  }>()
  assert.deepEqual(Object.keys(entries), Object.keys(erased))
  const kept = retained.map(({ what }) => what)
  for (const [name, count] of Object.entries(erased))
    assert.equal(kept.includes(name) ? 0 : entries[name]?.length, count, name)
})

test('an export holds nothing of anybody else', async () => {
  const [user, other] = [await newUser(), await newUser()]
  await signIn(other)
  await client.send('POST', '/users/reset-password', { json: { email: other.email } })
  await mailbox.wait({ to: other.email })
  const { access_token: token } = await signIn(user)
  const answer = await client.send('GET', '/users/export', { token })
  for (const foreign of [other.id, other.email, `"${other.username}"`])
    assert.ok(!answer.text.includes(foreign))
})
